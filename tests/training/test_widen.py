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
from training.errors import TrainingError
from training.heads.labels import CONCEPTS

if TYPE_CHECKING:
    from training import graft, sights, widen
else:
    graft, sights, widen = (
        loaded_when_used(f"training.{name}") for name in ("graft", "sights", "widen")
    )

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
    [said] = [interpreter.get_tensor(one["index"])[0] for one in interpreter.get_output_details()]
    reading = NetworkRecogniser(package).read_prepared(view)
    # The last layer has weights of eight bits.
    np.testing.assert_allclose(reading.logits[: trained["labels"]], said, atol=0.1)


def test_its_embedding_has_the_parts_of_what_all_its_networks_see() -> None:
    package = builtin_package()
    view = np.random.default_rng(3).uniform(-1, 1, (1, 256, 256, 3)).astype(np.float32)
    embedding = NetworkRecogniser(package).read_prepared(view).embedding
    assert embedding is not None
    parts = [sights.LAST, *sights.SURFACE.values(), sights.UNTOUCHED]
    others = [one.length for one in parts]
    lengths = [len(embedding) - sum(others) - len(CONCEPTS) - 1, *others]
    assert len(embedding) == package.embedding
    assert package.source["trained"]["embedding"] == sum(lengths[:-1])
    shares = np.array([sights.TELLING_SHARE, *(one.share for one in parts), sights.CONCEPTS_SHARE])
    found = [np.linalg.norm(part) for part in np.split(embedding, np.cumsum(lengths))]
    np.testing.assert_allclose(found, shares / np.linalg.norm(shares), rtol=1e-4)
    assert (embedding[-len(CONCEPTS) - 1 :] >= 0).all()


def test_a_package_has_no_photos_to_be_widened_by() -> None:
    with pytest.raises(TrainingError, match="no photos"):
        widen.some_of([])


def test_what_tells_classes_apart_is_seen_in_every_map_however_small_it_is_there() -> None:
    """One map tells two classes from the third, the other those two; both are mostly of light."""
    rng = np.random.default_rng(9)
    class_of = np.repeat(["Lemon", "Lime", "Orange"], 40)
    shown = class_of[:, np.newaxis] == [["Orange", "Lime"]]
    maps = [
        np.c_[rng.normal(size=(120, 4)), shown[:, place] + rng.normal(scale=0.05, size=120)]
        for place in (0, 1)
    ]
    features = [
        (factor * one).astype(np.float32) for factor, one in zip((1, 1e-3), maps, strict=True)
    ]
    telling = sights.Telling(features, class_of)
    seen = np.asarray(telling(features))
    assert seen.shape == (120, telling.units) == (120, 2)
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), 1, rtol=1e-5)
    means = np.stack([seen[class_of == name].mean(axis=0) for name in np.unique(class_of)])
    assert (np.unique(class_of)[(seen @ means.T).argmax(axis=1)] == class_of).mean() > 0.9
