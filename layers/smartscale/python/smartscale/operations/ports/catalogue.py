"""What the shop sells."""

from collections.abc import Sequence
from typing import Protocol

from smartscale.domain.catalogue import Catalogue, Item


class CatalogueStore(Protocol):
    """What the shop sells."""

    def all(self) -> Catalogue:
        """The whole catalogue, retired items included."""

    def get(self, label: str) -> Item | None:
        """An item, retired or not."""

    def put(self, item: Item) -> bool:
        """Store an item unless the same or a later version is there; tells whether it did."""

    def put_all(self, items: Sequence[Item]) -> None:
        """Store up to 50 items, each unless the same or a later version is there."""


class ItemPictures(Protocol):
    """The shop's own pictures of what it sells."""

    def keep(self, jpeg: bytes) -> str:
        """Keep a picture for good; its SHA-256."""

    def read(self, sha256: str) -> bytes:
        """A picture that was kept. Raises NotFound."""
