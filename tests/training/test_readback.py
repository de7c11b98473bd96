"""The networks of what ships, in floats again."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support import HAS_TENSORFLOW, loaded_when_used

if not HAS_TENSORFLOW:
    pytest.skip("TensorFlow is not installed: uv sync --group training", allow_module_level=True)

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from smartscale.recognition.builtin import builtin_package
from training.errors import TrainingError

if TYPE_CHECKING:
    from training import graft, pipeline, readback
else:
    graft, pipeline, readback = (
        loaded_when_used(f"training.{name}") for name in ("graft", "pipeline", "readback")
    )

pytestmark = pytest.mark.training

TARGETS = 83
"""50 kinds of produce, 31 of carton, what is no produce, and the empty plate."""


def test_a_network_that_is_read_back_says_what_it_said() -> None:
    package = builtin_package()
    model = graft.opened(package.model_path.read_bytes())
    graft.cut(model, package.source["trained"])
    graph = model.subgraphs[0]
    [answer] = [
        int(operator.outputs[0])
        for operator in graph.operators
        if len(operator.inputs) == 3
        and b"/member0_1/logits_1/" in graph.tensors[operator.inputs[1]].name
    ]
    graft.answer_with(model, [answer])
    view = np.random.default_rng(3).uniform(-1, 1, (1, 256, 256, 3)).astype(np.float32)
    interpreter = Interpreter(model_content=graft.packed(model))
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], view)
    interpreter.invoke()
    [given] = interpreter.get_output_details()
    step, zero = given["quantization"]
    said = step * (interpreter.get_tensor(given["index"])[0].astype(np.float32) - zero)

    network, _ = readback.read_back(package, pipeline.MEMBERS, TARGETS)

    found = np.asarray(network.model.predict_on_batch(view))[0]
    assert network.size == 256
    assert np.corrcoef(found, said)[0, 1] > 0.98


def test_other_networks_are_not_taken_for_a_packages() -> None:
    package = builtin_package()
    larger, smaller = pipeline.MEMBERS
    with pytest.raises(TrainingError, match="trained otherwise"):
        readback.read_back(package, (smaller, larger), TARGETS)
    with pytest.raises(TrainingError, match="logits: it was trained otherwise"):
        readback.read_back(package, pipeline.MEMBERS, TARGETS - 1)
    with pytest.raises(TrainingError, match="no int8 stem_conv of a network 3"):
        readback.read_back(package, (larger, smaller, replace(smaller, seed=1)), TARGETS)
    with pytest.raises(TrainingError, match="cannot be read back"):
        readback.finished_package(package.folder / "nothing")
