"""Shops that a head has never seen, made of few of a set's items."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support import HAS_TENSORFLOW, loaded_when_used

if not HAS_TENSORFLOW:
    pytest.skip("TensorFlow is not installed: uv sync --group training", allow_module_level=True)

from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.labelled_photos import LabelledPhoto
from smartscale.recognition.memory import Memory, Vectors
from smartscale.recognition.package import ModelPackage
from smartscale.recognition.recogniser import Reading, Score
from smartscale.recognition.teaching import ReadPhoto, Shop
from tests.recognition.test_teaching import head_of_one_number

if TYPE_CHECKING:
    from training import shops
else:
    shops = loaded_when_used("training.shops")

pytestmark = pytest.mark.training

ITEMS = [f"item-{number}" for number in range(9)]


class Forgetful:
    """Learns, and says of everything that it is the first of what it was taught, and not surely."""

    def __init__(self) -> None:
        self.package: ModelPackage = builtin_package()
        self.taught: list[dict[str, int]] = []

    def learn(self, lessons: Mapping[str, Sequence[Vectors]]) -> Memory | None:
        self.taught.append({item: len(vectors) for item, vectors in lessons.items()})
        return Memory(
            head_of_one_number(), {item: np.stack(all_) for item, all_ in lessons.items()}
        )

    def confirm(self, memory: Memory | None = None) -> float:
        del memory
        return self.package.confirm

    def scores(self, reading: Reading, memory: Memory | None = None) -> list[Score]:
        del reading
        taught = sorted(memory.taught) if memory else ["Banana"]
        return [Score(item, 0.5 / 2**place) for place, item in enumerate(taught)]


@pytest.fixture(scope="module")
def shown() -> list[ReadPhoto]:
    """Four photos of each item in two scenes, and of one more item in a single scene."""
    photos = [(item, f"{item}-{scene}") for item in ITEMS for scene in "aabb"]
    photos += [("alone", "alone-a")] * 4
    return [
        ReadPhoto(
            LabelledPhoto(Path(f"{place}.jpg"), item, scene),
            Reading(np.zeros(1), np.full(1, place, np.float32)),
        )
        for place, (item, scene) in enumerate(photos)
    ]


def test_a_small_shop_sells_a_few_items_that_can_be_taught(shown: list[ReadPhoto]) -> None:
    learner = Forgetful()
    rows = shops.small_shops(Shop(learner, lambda _: True), shown, "desk", (0, 1, 2))

    assert [(row["shop"], row["lessons"]) for row in rows] == [("6 of desk", 1), ("6 of desk", 2)]
    sold = {frozenset(taught) for taught in learner.taught}
    assert {len(items) for items in sold} == {shops.SMALL}
    assert 1 < len(sold) <= shops.SMALL_SHOPS
    assert not any("alone" in items for items in sold)
    # One of six is right, three are among the first three, and no answer is sure.
    for row in rows:
        assert row["top1"] == pytest.approx(1 / shops.SMALL)
        assert row["top3"] == pytest.approx(3 / shops.SMALL)
        assert (row["asked"], row["wrong"], row["known"]) == (1, None, None)
