"""From a model's labels to what the shop sells."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from enum import StrEnum
from functools import lru_cache

from smartscale.domain.catalogue import Catalogue, Item
from smartscale.domain.names import plain_name
from smartscale.domain.prediction import NO_ITEM, UNKNOWN, Scored

_FOUR_DIGITS = Decimal("0.0001")


class Mapped(StrEnum):
    """By which rule a label was matched to a product."""

    OPERATOR = "operator"
    EXACT = "exact"
    ALIAS = "alias"
    NONE = "none"


@lru_cache(maxsize=4)
def products_of(catalogue: Catalogue) -> "Products":
    """The products of a catalogue; a catalogue never changes, so they are found once."""
    return Products(catalogue)


class Products:
    """Finds a model label's item: by the operator's assignment, else by name, else by alias."""

    def __init__(self, catalogue: Catalogue) -> None:
        items = list(catalogue)
        self._ways = (
            (Mapped.OPERATOR, {label: item for item in items for label in item.chosen}),
            (Mapped.EXACT, {plain_name(item.label): item for item in items}),
            (Mapped.ALIAS, {plain_name(alias): item for item in items for alias in item.aliases}),
        )

    def find(self, label: str) -> tuple[Item | None, Mapped]:
        """The item of a label and how it was found; None for a label that needs a product."""
        for how, known in self._ways:
            item = known.get(label if how is Mapped.OPERATOR else plain_name(label))
            if item is not None:
                return item, how
        return None, Mapped.NONE

    def sell(self, scores: Sequence[Scored]) -> list[Scored]:
        """Scores of products, most probable first; the scores of labels of one product are added.

        What is not sold here is no candidate, since it is not on the scale: what it had goes to the
        others, each of which at most doubles: where most of the picture speaks for what is not
        sold, none of them is sure, and somebody is asked. Where nothing that is sold is left, it is
        `unknown`.
        """
        found: dict[str, Decimal] = {}
        for score in scores:
            item = None if score.label in NO_ITEM else self.find(score.label)[0]
            if item is not None:
                found[item.label] = found.get(item.label, Decimal(0)) + score.confidence
            elif score.label in NO_ITEM:
                found[score.label] = found.get(score.label, Decimal(0)) + score.confidence
        total = sum((score.confidence for score in scores), Decimal(0))
        sold = sum(found.values(), Decimal(0))
        if sold < total or not found:
            grown = total / max(sold, total / 2) if total else Decimal(1)
            found = {
                name: (one * grown).quantize(_FOUR_DIGITS, ROUND_DOWN)
                for name, one in found.items()
            }
            if not found:
                return [Scored(UNKNOWN, total)]
        return sorted(
            (Scored(name, min(total, Decimal(1))) for name, total in found.items()),
            key=lambda score: score.confidence,
            reverse=True,
        )
