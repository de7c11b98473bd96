"""What the shop sells."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from smartscale.domain.catalogue import Catalogue, Item


class SoldNow(Protocol):
    """What is sold at one moment, looked up by the labels of models."""

    def sold_under(self, labels: Iterable[str]) -> Catalogue:
        """Items among which are all that these model labels may be sold as: by a name, an alias,
        or because the operator has assigned the label. Their number does not follow from how much
        the shop sells."""


class CatalogueStore(Protocol):
    """What the shop sells."""

    def all(self) -> Catalogue:
        """The whole catalogue, retired items included."""

    def at(self, changes: Sequence[str]) -> SoldNow:
        """The catalogue whose last changes a briefing names."""

    def get(self, label: str) -> Item | None:
        """An item, retired or not."""

    def put(self, item: Item) -> bool:
        """Store an item unless the same or a later version is there; tells whether it did."""

    def put_all(self, items: Sequence[Item]) -> None:
        """Store items, each unless the same or a later version is there."""

    def name_all(self) -> None:
        """Make items that an earlier version of the code has stored known by their names."""


class ItemPictures(Protocol):
    """The shop's own pictures of what it sells."""

    def keep(self, jpeg: bytes) -> str:
        """Keep a picture for good; its SHA-256."""

    def read(self, sha256: str) -> bytes:
        """A picture that was kept. Raises NotFound."""
