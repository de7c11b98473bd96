"""Two kinds of produce on one scale, as far as a network that knows one answer can tell."""

from collections.abc import Sequence
from decimal import Decimal

from smartscale.domain.weighing import Prediction
from smartscale.recognition.hierarchy import coarse_of

SECOND = Decimal("0.25")
"""The second kind is this probable at least."""
TOGETHER = Decimal("0.7")
"""Both together are this probable at least: else it is something that the network does not know."""

LOOK_ALIKE = (
    {"orange", "lemon", "lime", "satsuma", "grapefruit"},
    {"peach", "nectarine", "apricot"},
    {"cucumber", "zucchini"},
    {"onion", "garlic"},
)
"""Kinds between which the network divides itself over a single one of them."""


def shows_two_kinds(predictions: Sequence[Prediction]) -> bool:
    """Whether a picture seems to show two kinds: the network divides itself between them.

    Varieties of one kind are no two: whoever weighs apples has one kind on the scale. Neither are
    kinds that look alike: a doubtful lime may be a lemon.

    Args:
        predictions: the items it may be, the most probable first.

    >>> def seen(**confidences: str) -> list[Prediction]:
    ...     return [Prediction(label=l, confidence=Decimal(c)) for l, c in confidences.items()]
    >>> shows_two_kinds(seen(Banana="0.52", Carrots="0.41"))
    True
    >>> shows_two_kinds(seen(Banana="0.52", Carrots="0.11"))
    False
    >>> shows_two_kinds(
    ...     [
    ...         Prediction(label="Golden-Delicious", confidence=Decimal("0.5")),
    ...         Prediction(label="Granny-Smith", confidence=Decimal("0.4")),
    ...     ]
    ... )
    False
    >>> shows_two_kinds(seen(Satsumas="0.55", Orange="0.4"))
    False
    """
    if len(predictions) < 2:  # noqa: PLR2004
        return False
    first, second, *_ = predictions
    divided = second.confidence >= SECOND and first.confidence + second.confidence >= TOGETHER
    kinds = {coarse_of(first.label).name, coarse_of(second.label).name}
    return divided and len(kinds) == 2 and not any(kinds <= alike for alike in LOOK_ALIKE)  # noqa: PLR2004
