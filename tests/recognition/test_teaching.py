"""Lessons are measured on other scenes, against what is sold, and by what the truth can tell."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from smartscale.domain.prediction import UNKNOWN
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.hierarchy import CoarseClass
from smartscale.recognition.labelled_photos import LabelledPhoto, Truth
from smartscale.recognition.memory import Head, Memory, Vectors, Weights
from smartscale.recognition.memory_fit import learn
from smartscale.recognition.package import ModelPackage
from smartscale.recognition.recogniser import Reading, Score
from smartscale.recognition.report.lessons import lessons_section
from smartscale.recognition.teaching import (
    Known,
    LessonQuality,
    ReadPhoto,
    Shop,
    as_sold,
    measure_lessons,
)


def head_of_one_number() -> Head:
    """A head for embeddings of one number, to hold lessons."""
    one = np.ones((1, 1), np.float32)
    return Head(
        labels=("Lemon",),
        known=np.zeros((5, 1), np.float32),
        middle=np.zeros(1, np.float32),
        whiten=one,
        means=one,
        label_of=np.zeros(1, np.int64),
        readout=np.zeros((2, 1), np.float32),
        elsewhere=np.zeros((2, 1), np.float32),
        place=np.zeros((2, 1), np.float32),
        concept_of=np.zeros(1, np.int64),
        temperature=1.0,
        weights=Weights(),
    )


class Parrot:
    """Says what the nearest lesson showed; without lessons that everything is a banana."""

    def __init__(self) -> None:
        self.package: ModelPackage = builtin_package()
        self.taught: list[dict[str, list[float]]] = []

    def learn(self, lessons: Mapping[str, Sequence[Vectors]]) -> Memory:
        self.taught.append(
            {label: [float(one[0]) for one in vectors] for label, vectors in lessons.items()}
        )
        return learn(head_of_one_number(), lessons)

    def confirm(self, memory: Memory | None = None) -> float:
        del memory
        return self.package.confirm

    def scores(self, reading: Reading, memory: Memory | None = None) -> list[Score]:
        taught = {} if memory is None else memory.taught
        assert reading.embedding is not None
        far = {
            label: float(np.abs(vectors - reading.embedding).min())
            for label, vectors in taught.items()
        }
        best = min(far, key=far.__getitem__) if far else "Banana"
        rest = [label for label in ("Lemon", "Banana", "Lime", *far) if label != best]
        return [Score(best, 0.98), *(Score(label, 0.01) for label in dict.fromkeys(rest))]


def photo(truth: Truth, at: float, scene: str = "") -> ReadPhoto:
    """A photo that lies at a place; near ones look alike."""
    where = np.array([at], np.float32)
    return ReadPhoto(LabelledPhoto(Path(f"{at}.jpg"), truth, scene), Reading(np.zeros(1), where))


@pytest.fixture
def photos() -> list[ReadPhoto]:
    return [
        *(photo("Lemon", 1 + part / 10, f"shelf-{part % 3}") for part in range(9)),
        *(photo("kaki", 5 + part / 10) for part in range(6)),
        photo(None, 9.0),
    ]


def measure(
    parrot: Parrot, photos: list[ReadPhoto], *counts: int, sold: tuple[str, ...] = ("Lemon",)
) -> list[LessonQuality]:
    return measure_lessons(Shop(parrot, lambda label: label in sold), photos, counts)


def test_a_lesson_makes_known_what_is_new(photos: list[ReadPhoto]) -> None:
    without, taught = measure(Parrot(), photos, 0, 1)
    assert (without.n, without.taught) == (15, 0)
    assert without.top1 == pytest.approx(9 / 15)
    assert (taught.top1, taught.top3, taught.asked) == (1, 1, 0)
    assert without.taps is not None
    assert taught.taps == 0 < without.taps


def test_what_was_known_is_measured_on_other_photos_on_these_or_not_at_all(
    photos: list[ReadPhoto],
) -> None:
    shop = Shop(Parrot(), lambda _: True)
    bananas = [photo("Banana", 20.0), photo("Banana", 21.0)]

    [of_these] = measure_lessons(shop, photos, [1])
    [of_others] = measure_lessons(shop, photos, [1], bananas)
    [of_none] = measure_lessons(shop, photos, [1], ())

    assert of_these.known == Known(6, 0, 1)  # lemons, of which one scene is taught
    assert of_others.known == Known(2, 1, 0)  # untaught all is a banana
    assert of_none.known is None
    assert of_these.top1 == of_others.top1 == of_none.top1


def test_a_scene_is_never_taught_and_measured(photos: list[ReadPhoto]) -> None:
    parrot = Parrot()
    [found] = measure(parrot, photos, 2)
    scenes = {round(float(one.reading.embedding[0]), 1): one.photo.scene for one in photos[:9]}  # type: ignore[index]
    for taught in parrot.taught:
        assert len(taught["Lemon"]) == len(taught["kaki"]) == 2
        assert len({scenes[round(place, 1)] for place in taught["Lemon"]}) == 1
    assert found.n == 6 + 4


def test_some_scene_is_always_left_to_measure(photos: list[ReadPhoto]) -> None:
    [found] = measure(Parrot(), photos, 30)
    assert found.n == 3 + 1
    assert found.taught == pytest.approx((6 + 5) / 2)


def test_what_is_not_sold_is_no_rival(photos: list[ReadPhoto]) -> None:
    banana_everywhere = measure(Parrot(), photos, 0, sold=("Banana",))
    lemons_alone = measure(Parrot(), photos, 0, sold=())
    assert banana_everywhere[0].top1 == 0
    assert lemons_alone[0].top1 == pytest.approx(9 / 15)


def test_a_kind_is_right_whichever_of_its_labels_answers() -> None:
    scores = [Score("Lemon", 0.4), Score("Royal-Gala", 0.35), Score("Granny-Smith", 0.2)]
    merged, truth = as_sold(scores, CoarseClass("apple"))
    assert truth == "apple"
    assert [(one.label, round(one.confidence, 3)) for one in merged] == [
        ("apple", 0.579),
        ("Lemon", 0.421),
    ]


def test_shares_are_of_what_is_left() -> None:
    merged, _ = as_sold([Score("Lemon", 0.6), Score(UNKNOWN, 0.2)], "Lemon")
    assert [one.confidence for one in merged] == [pytest.approx(0.75), pytest.approx(0.25)]


def test_the_report_has_a_curve_for_each_figure(photos: list[ReadPhoto]) -> None:
    section = lessons_section(measure(Parrot(), photos, 0, 1, 3))
    assert len(section.charts) == 5
    assert [row[0] for row in section.tables[0].rows] == ["0", "1", "3"]
