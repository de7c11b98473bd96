"""A package that is widened keeps what it said, and sees besides what ImageNet taught."""

from typing import TYPE_CHECKING

import pytest

from tests.support import HAS_TENSORFLOW, loaded_when_used

if not HAS_TENSORFLOW:
    pytest.skip("TensorFlow is not installed: uv sync --group training", allow_module_level=True)

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.recogniser import NetworkRecogniser
from training.heads.labels import CONCEPTS

if TYPE_CHECKING:
    from training import graft
else:
    graft = loaded_when_used("training.graft")

pytestmark = pytest.mark.training


def test_what_ships_still_says_what_its_trained_networks_say() -> None:
    package = builtin_package()
    trained = package.source["trained"]
    model = graft.opened(package.model_path.read_bytes())
    graft.cut(model, trained)
    view = np.random.default_rng(3).uniform(-1, 1, (1, 256, 256, 3)).astype(np.float32)
    interpreter = Interpreter(model_content=graft.packed(model))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], view)
    interpreter.invoke()
    said = {
        tuple(one["shape"]): interpreter.get_tensor(one["index"])[0]
        for one in interpreter.get_output_details()
    }
    reading = NetworkRecogniser(package).read_prepared(view)
    assert reading.embedding is not None
    known, length = trained["labels"], trained["embedding"]
    # The last layer has weights of eight bits.
    np.testing.assert_allclose(reading.logits[:known], said[1, known], atol=0.1)
    own = reading.embedding[:length]
    alike = own @ said[1, length] / np.linalg.norm(own) / np.linalg.norm(said[1, length])
    assert alike == pytest.approx(1, abs=1e-4)
    concepts = reading.embedding[-len(CONCEPTS) - 1 :]
    assert (concepts >= 0).all()
