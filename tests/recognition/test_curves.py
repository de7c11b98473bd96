"""The curves of the report, on cases that can be checked by hand and on any others."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.recognition.curves import (
    acceptance,
    accepted_when,
    bootstrapped_errors,
    reliability,
    risk_coverage,
)
from smartscale.recognition.evaluation import calibration_error
from smartscale.recognition.uncertainty import resampled

shares = st.lists(st.floats(0, 1), min_size=1, max_size=50)
answers = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50)


def test_risk_by_coverage() -> None:
    curve = risk_coverage([0.9, 0.5, 0.9, 0.7], [True, False, False, True], n=5)

    assert [(point.x, point.y, point.threshold) for point in curve] == [
        (2 / 5, 1 / 2, 0.9),
        (3 / 5, 1 / 3, 0.7),
        (4 / 5, 2 / 4, 0.5),
    ]


@given(answers)
def test_lower_thresholds_cover_more(outcomes: list[tuple[float, bool]]) -> None:
    confidences, correct = zip(*outcomes, strict=True)
    curve = risk_coverage(confidences, correct, len(outcomes))

    coverage = [point.x for point in curve]
    assert coverage == sorted(set(coverage))
    assert coverage[-1] == 1
    assert curve[-1].y == pytest.approx(correct.count(False) / len(correct))


@given(shares, shares)
def test_acceptance_grows_to_everything(produce: list[float], negatives: list[float]) -> None:
    curve = acceptance(produce, negatives)

    for before, after in itertools.pairwise(curve):
        assert before.x <= after.x
        assert before.y <= after.y
    assert (curve[-1].x, curve[-1].y) == (1, 1)


@given(shares, shares, st.floats(0.01, 1))
def test_the_wanted_share_of_produce_is_kept(
    produce: list[float], negatives: list[float], kept: float
) -> None:
    share, threshold = accepted_when(np.array(produce), np.array(negatives), kept)

    assert np.mean(np.array(produce) >= threshold) >= kept - 1e-6
    assert share == np.mean(np.array(negatives) >= threshold)


@given(answers)
def test_bins_hold_every_answer_once(outcomes: list[tuple[float, bool]]) -> None:
    confidences, correct = zip(*outcomes, strict=True)
    bins = reliability(confidences, correct)

    assert sum(found.n for found in bins) == len(outcomes)
    assert sum(found.right for found in bins) == sum(correct)
    assert all(found.low - 1e-9 <= found.confidence <= found.high + 1e-9 for found in bins)


def test_bootstrapped_calibration_errors_are_those_of_the_drawn_answers() -> None:
    rng = np.random.default_rng(0)
    confidences = rng.random(40)
    correct = rng.random(40) < confidences

    errors = bootstrapped_errors(confidences, correct)

    for error, drawn in zip(errors[:5], resampled(40), strict=False):
        assert error == pytest.approx(calibration_error(confidences[drawn], correct[drawn]))
