"""From a model's labels to what the shop sells."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from smartscale.domain.catalogue import Catalogue, Item
from smartscale.domain.names import plain_name
from smartscale.domain.prediction import NO_ITEM, Scored


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

        A label without a product keeps its own name, and has no price.
        """
        found: dict[str, Decimal] = {}
        for score in scores:
            item = None if score.label in NO_ITEM else self.find(score.label)[0]
            name = score.label if item is None else item.label
            found[name] = found.get(name, Decimal(0)) + score.confidence
        return sorted(
            (Scored(name, min(total, Decimal(1))) for name, total in found.items()),
            key=lambda score: score.confidence,
            reverse=True,
        )
