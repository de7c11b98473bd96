"""The figures of `smartscale evaluate`, on cases small enough to check by hand."""

import json
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.recognition.evaluation import (
    ClassQuality,
    CoarseQuality,
    Confusion,
    calibration_error,
    measure,
)
from smartscale.recognition.hierarchy import CoarseClass
from smartscale.recognition.labelled_photos import Truth
from smartscale.recognition.recogniser import Score

LABELS = ["Golden-Delicious", "Banana", "Red-Bell-Pepper", "unknown", "empty"]


def answer(*labels: str, confidence: float) -> list[Score]:
    rest = (1 - confidence) / (len(LABELS) - 1)
    first, *others = [*labels, *(label for label in LABELS if label not in labels)]
    return [Score(first, confidence), *(Score(label, rest) for label in others)]


def test_the_figures_of_five_photos() -> None:
    truths = ["Banana", "Banana", "Banana", "Golden-Delicious", None, None]
    answers = [
        answer("Banana", confidence=0.95),  # right and sure
        answer("Red-Bell-Pepper", "Banana", confidence=0.97),  # wrong and sure; second
        answer("unknown", "empty", "Golden-Delicious", confidence=0.99),  # fourth; not sold
        answer("Golden-Delicious", confidence=0.60),  # right, to be confirmed
        answer("Banana", confidence=0.93),  # a negative sold as bananas
        answer("Banana", confidence=0.50),  # a negative that somebody looks at
    ]

    quality = measure(truths, answers, confirm=0.9)

    assert quality.n == 4
    assert quality.top1 == 0.5
    assert quality.top3 == 0.75
    assert quality.needs_confirmation == 0.5
    assert quality.error_when_sure == 0.5
    assert quality.n_negatives == 2
    assert quality.negatives_accepted == 0.5
    assert quality.per_class == {
        "Banana": ClassQuality(3, 1 / 3, 2 / 3),
        "Golden-Delicious": ClassQuality(1, 1.0, 1.0),
    }
    assert quality.confusions == [
        Confusion("Banana", "Red-Bell-Pepper", 1),
        Confusion("Banana", "unknown", 1),
    ]
    # One bin holds 0.95, 0.97 and 0.99 with one right, the other 0.60 with one right.
    assert quality.ece == pytest.approx((abs(0.95 + 0.97 + 0.99 - 1) + abs(0.60 - 1)) / 4)


def test_what_cannot_be_measured_is_none() -> None:
    only_negatives = measure([None], [answer("empty", confidence=0.9)], confirm=0.5)
    assert only_negatives.top1 is None
    assert only_negatives.ece is None
    assert only_negatives.negatives_accepted == 0.0

    never_sure = measure(["Banana"], [answer("Banana", confidence=0.5)], confirm=0.9)
    assert never_sure.error_when_sure is None
    assert never_sure.negatives_accepted is None


def test_a_truth_the_model_has_no_label_for_is_never_right() -> None:
    quality = measure(["Durian"], [answer("Banana", confidence=0.9)], confirm=0.5)

    assert (quality.top1, quality.top3, quality.error_when_sure) == (0.0, 0.0, 1.0)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_calibration_error_is_a_share(outcomes: list[tuple[float, bool]]) -> None:
    confidences, correct = zip(*outcomes, strict=True)

    assert 0 <= calibration_error(confidences, correct) <= 1


def test_calibration_error_is_zero_where_confidence_is_accuracy() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert calibration_error([1.0], [True]) == 0


def test_a_photo_of_a_known_kind_counts_for_the_kind_alone() -> None:
    truths: list[Truth] = [CoarseClass("apple"), CoarseClass("apple"), "Banana"]
    answers = [
        answer("Golden-Delicious", confidence=0.9),
        answer("Banana", confidence=0.9),
        answer("Banana", confidence=0.9),
    ]

    quality = measure(truths, answers, confirm=0.5)

    assert (quality.n, quality.top1, quality.error_when_sure) == (1, 1.0, 0.0)
    assert quality.n_coarse == 3
    assert quality.coarse_top1 == pytest.approx(2 / 3)
    assert quality.per_coarse_class == {
        "apple": CoarseQuality(2, 0.5),
        "banana": CoarseQuality(1, 1.0),
    }


def test_another_variety_is_the_right_kind() -> None:
    labels = ("Golden-Delicious", "Granny-Smith")
    wrong = [Score(labels[1], 0.8), Score(labels[0], 0.2)]

    quality = measure([labels[0]], [wrong], confirm=0.5)

    assert (quality.top1, quality.coarse_top1) == (0.0, 1.0)


def test_negatives_are_counted_where_95_of_100_produce_are_accepted() -> None:
    def scores(unknown: float, empty: float = 0.0) -> list[Score]:
        known = [Score("Banana", 1 - unknown - empty)]
        return sorted([*known, Score("unknown", unknown), Score("empty", empty)], reverse=True)

    # The 95th best piece of produce has the score 1 - 0.40, the five behind it less.
    produce = [scores(0.1)] * 94 + [scores(0.40)] + [scores(0.6)] * 5
    negatives = [scores(0.3), scores(0.39), scores(0.2, 0.25), scores(0.9)]
    truths = ["Banana"] * 100 + [None] * 4

    quality = measure(truths, produce + negatives, confirm=0.99)

    assert quality.acceptance_threshold_at_95 == pytest.approx(0.6)
    assert quality.negatives_accepted_at_95 == 0.5
    low, high = quality.intervals["negatives_accepted_at_95"]
    assert low < 0.5 < high


def test_the_figures_are_json_and_their_intervals_hold_them() -> None:
    truths = ["Banana"] * 3 + [None]
    answers = [
        answer("Banana", confidence=0.9),
        answer("Banana", confidence=0.7),
        answer("Golden-Delicious", confidence=0.8),
        answer("unknown", confidence=0.9),
    ]

    figures = json.loads(json.dumps(asdict(measure(truths, answers, confirm=0.75))))

    measured = {name for name, value in figures.items() if isinstance(value, float)}
    assert set(figures["intervals"]) == measured - {"acceptance_threshold_at_95"}
    for name, (low, high) in figures["intervals"].items():
        assert 0 <= low <= figures[name] <= high <= 1, name
