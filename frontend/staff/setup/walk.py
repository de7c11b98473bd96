"""A walk through what a shop sells, item by item, without a screen."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from smartscale.contract.memory import MixedUp, TaughtItem


@dataclass
class Walk:
    """Which item is next, and what became of each.

    An item is over when a picture of it was taken or when it was skipped; one can come back to it.
    """

    order: list[str]
    """The labels of the items, in the order of the walk."""
    taken: Counter[str] = field(default_factory=Counter)
    """How many pictures were taken in this walk, by label."""
    skipped: set[str] = field(default_factory=set)
    _past: list[str] = field(default_factory=list)
    """The items that were shown before, the last one last."""
    _first: list[str] = field(default_factory=list)
    """Items that somebody wants to show now, whatever became of them."""

    @property
    def current(self) -> str | None:
        """The item to show now; None when all are over."""
        if self._first:
            return self._first[0]
        return next((label for label in self.order if not self._over(label)), None)

    @property
    def over(self) -> int:
        """How many items are over."""
        return sum(self._over(label) for label in self.order)

    @property
    def can_go_back(self) -> bool:
        """Whether an item was shown before this one."""
        return bool(self._past)

    def take(self) -> str:
        """Count a picture of the current item, and go on; the item's label."""
        label = self._leave()
        self.taken[label] += 1
        self.skipped.discard(label)
        return label

    def skip(self) -> None:
        """Go on without a picture; the item stays as it is where it has some."""
        label = self._leave()
        if not self.taken[label]:
            self.skipped.add(label)

    def drop(self) -> None:
        """Go on, and leave the item out: it is not sold here."""
        label = self._leave()
        self.order.remove(label)
        self._past = [past for past in self._past if past != label]

    def back(self) -> None:
        """Return to the item that was shown before."""
        self._first.insert(0, self._past.pop())

    def show(self, *labels: str) -> None:
        """Show these items now, and go on from there; what was to be shown next comes after."""
        self._first = [*labels, *(label for label in self._first if label not in labels)]
        self.order += [label for label in labels if label not in self.order]

    def go_through_skipped(self) -> None:
        """Come back to the items that were skipped."""
        self.skipped.clear()

    def _over(self, label: str) -> bool:
        return self.taken[label] > 0 or label in self.skipped

    def _leave(self) -> str:
        label = self.current
        if label is None:
            raise LookupError("the walk is over")
        if self._first:
            self._first.pop(0)
        self._past.append(label)
        return label


def untaught(items: Iterable[TaughtItem]) -> set[str]:
    """The labels of the items that neither the model nor a picture makes known: teach me."""
    return {item.label for item in items if not item.recognised and not item.images}


def walk_order(sold: Sequence[tuple[str, str]], wanted: Collection[str]) -> list[str]:
    """The wanted labels by category, so that a walk goes through the shop and not the alphabet.

    Args:
        sold: the category and label of each item, in the order of their names.
        wanted: the labels to walk through.

    Examples:
        >>> sold = [("nuts", "Almond"), ("fruit", "Fig"), ("nuts", "Walnut")]
        >>> walk_order(sold, {"Fig", "Walnut"})
        ['Fig', 'Walnut']
    """
    order = sorted((pair for pair in sold if pair[1] in wanted), key=lambda pair: pair[0])
    return [label for _, label in order]


def pairs_to_show(mixed_up: Iterable[MixedUp], walk: Walk, most: int) -> list[MixedUp]:
    """The pairs of which this walk has shown one, the worst first."""
    shown = [pair for pair in mixed_up if walk.taken[pair.first] or walk.taken[pair.second]]
    return shown[:most]
