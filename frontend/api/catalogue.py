"""Finding an item in the catalogue as a shopper types."""

import time
import unicodedata
from collections.abc import Iterable
from typing import Protocol, TypeVar

from smartscale.contract.catalogue import CatalogueItem

_KEEP_S = 60.0
_Item = TypeVar("_Item", bound=CatalogueItem)


class CatalogueSource(Protocol):
    """Who tells what the shop sells."""

    async def catalogue(self) -> tuple[CatalogueItem, ...]:
        """What the shop sells.

        Raises:
            ApiError: it cannot be had.
        """


class Catalogue:
    """The catalogue, asked for once a minute at most for all pages of the kiosk."""

    def __init__(self, api: CatalogueSource) -> None:
        self._api = api
        self._items: tuple[CatalogueItem, ...] = ()
        self._until = 0.0

    async def items(self) -> tuple[CatalogueItem, ...]:
        """What the shop sells.

        Raises:
            ApiError: it cannot be had.
        """
        if time.monotonic() >= self._until:
            self._items = await self._api.catalogue()
            self._until = time.monotonic() + _KEEP_S
        return self._items

    def forget(self) -> None:
        """It was changed: ask anew when it is needed next."""
        self._until = 0.0

    def get(self, label: str | None) -> CatalogueItem | None:
        """An item, as far as it is known without asking."""
        return next((item for item in self._items if item.label == label), None)

    def picture(self, label: str | None) -> str | None:
        """The name of the shop's own picture of an item, as far as is known without asking."""
        item = self.get(label)
        return item.picture_url.rpartition("/")[2] if item and item.picture_url else None


def search(items: Iterable[_Item], text: str, language: str) -> list[_Item]:
    """Items whose name or PLU has the text, those that begin with it first, then by name.

    Accents and case do not matter: `limon` finds `Limón`. English names are found in every
    language, because many a label on the shelf is English.
    """
    wanted = _plain(text)
    found: list[tuple[int, str, _Item]] = []
    for item in items:
        name = _plain(item.name_in(language))
        rank = _rank(wanted, (name, _plain(item.name_in("en")), item.plu))
        if rank is not None:
            found.append((rank, name, item))
    return [item for _, _, item in sorted(found, key=lambda hit: hit[:2])]


def _rank(wanted: str, texts: tuple[str, ...]) -> int | None:
    if any(text.startswith(wanted) for text in texts):
        return 0
    if any(f" {wanted}" in text.replace("-", " ") for text in texts):
        return 1
    return 2 if any(wanted in text for text in texts) else None


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().strip())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
