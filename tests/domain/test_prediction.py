"""From scores to an answer."""

from decimal import Decimal

import pytest

from smartscale.domain.prediction import decide
from tests.examples import scores

THRESHOLD = Decimal("0.8")


def test_a_sure_answer_needs_no_confirmation() -> None:
    decision = decide(scores(Banana=0.9, Lemon=0.1), THRESHOLD)
    assert decision.answer.label == "Banana"
    assert not decision.needs_confirmation


def test_an_unsure_answer_needs_one() -> None:
    assert decide(scores(Banana=0.79, Lemon=0.21), THRESHOLD).needs_confirmation


def test_the_threshold_itself_is_sure() -> None:
    assert not decide(scores(Banana=0.8, Lemon=0.2), THRESHOLD).needs_confirmation


@pytest.mark.parametrize("nothing", ["unknown", "empty"])
def test_no_item_is_an_answer_but_never_a_candidate(nothing: str) -> None:
    decision = decide(scores(**{nothing: 0.95, "Banana": 0.04, "Lemon": 0.01}), THRESHOLD)
    assert decision.answer.label == nothing
    assert [prediction.label for prediction in decision.predictions] == ["Banana", "Lemon"]
    assert decision.needs_confirmation


def test_candidates_are_the_best_five_in_order() -> None:
    decision = decide(scores(a=0.1, b=0.3, c=0.2, d=0.15, e=0.05, f=0.12, g=0.08), THRESHOLD)
    assert [prediction.label for prediction in decision.predictions] == ["b", "c", "d", "f", "a"]


def test_a_model_without_labels_is_no_model() -> None:
    with pytest.raises(ValueError, match="at least one label"):
        decide([], THRESHOLD)
