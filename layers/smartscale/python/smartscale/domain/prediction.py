"""From a model's scores to an answer: the best predictions, and whether a person has to confirm."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

TOP_K = 5
UNKNOWN = "unknown"
EMPTY = "empty"
NO_ITEM = frozenset({UNKNOWN, EMPTY})
"""Answers that are not items: nothing on the menu, nothing on the plate."""


@dataclass(frozen=True)
class Scored:
    """A label with its calibrated probability, 0 to 1."""

    label: str
    confidence: Decimal


@dataclass(frozen=True)
class Decision:
    """What a picture shows: the answer, and the items it may be, most probable first."""

    answer: Scored
    predictions: tuple[Scored, ...]
    needs_confirmation: bool


def decide(scores: Sequence[Scored], confirm_below: Decimal, top_k: int = TOP_K) -> Decision:
    """Decide on an answer.

    Args:
        scores: every label of the model, most probable first.
        confirm_below: the probability below which a person confirms the answer.
        top_k: how many predictions to keep; answers that are not items are never predictions.

    Raises:
        ValueError: there are no scores.
    """
    if not scores:
        raise ValueError("a model must score at least one label")
    answer = max(scores, key=lambda score: score.confidence)
    items = sorted(
        (score for score in scores if score.label not in NO_ITEM),
        key=lambda score: score.confidence,
        reverse=True,
    )
    return Decision(
        answer=answer,
        predictions=tuple(items[:top_k]),
        needs_confirmation=answer.label in NO_ITEM or answer.confidence < confirm_below,
    )
