"""Finding an item in the catalogue as a shopper types."""

import asyncio
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from smartscale.contract.catalogue import CatalogueItem

_KEEP_S = 60.0
_Item = TypeVar("_Item", bound=CatalogueItem)


class CatalogueSource(Protocol):
    """A source of the catalogue: in the running kiosk, the API."""

    async def catalogue(self) -> tuple[CatalogueItem, ...]:
        """What the shop sells.

        Raises:
            ApiError: the API did not give the catalogue.
        """


class Catalogue:
    """The catalogue, asked for once a minute at most for all pages of the kiosk."""

    def __init__(self, api: CatalogueSource) -> None:
        self._api = api
        self._items: tuple[CatalogueItem, ...] = ()
        self._by_label: dict[str, CatalogueItem] = {}
        self._indexes: dict[str, Index[CatalogueItem]] = {}
        self._until = 0.0

    async def items(self) -> tuple[CatalogueItem, ...]:
        """What the shop sells.

        Raises:
            ApiError: the API did not give the catalogue.
        """
        if time.monotonic() >= self._until:
            items = await self._api.catalogue()
            if items is not self._items:
                self._items, self._indexes = items, {}
                self._by_label = {item.label: item for item in items}
            self._until = time.monotonic() + _KEEP_S
        return self._items

    async def index(self, language: str) -> "Index[CatalogueItem]":
        """What can be bought, to be searched in a language. Made once while nothing changes.

        Raises:
            ApiError: the catalogue cannot be had.
        """
        items = await self.items()
        if language not in self._indexes:
            priced = [item for item in items if item.unit_price is not None]
            made = await asyncio.to_thread(Index, priced, language)
            if items is not self._items:
                return made
            self._indexes[language] = made
        return self._indexes[language]

    def forget(self) -> None:
        """The catalogue has changed: the next reader fetches it from the API."""
        self._until = 0.0

    def get(self, label: str | None) -> CatalogueItem | None:
        """An item from the catalogue fetched last; None if it is not in it."""
        return None if label is None else self._by_label.get(label)

    def picture(self, label: str | None) -> str | None:
        """The name of the shop's own picture of an item, from the catalogue fetched last."""
        item = self.get(label)
        return item.picture_url.rpartition("/")[2] if item and item.picture_url else None


class Index(Generic[_Item]):
    """Items in a form that is searched quickly, letter by letter, however many there are."""

    def __init__(self, items: Iterable[_Item], language: str) -> None:
        """Make it; a thousand items take some milliseconds."""
        entries = [_Entry.of(item, language) for item in items]
        self._entries = sorted(entries, key=lambda entry: entry.name)
        self.items = [entry.item for entry in self._entries]
        """All of them, by name."""

    def find(self, text: str) -> list[_Item]:
        """Items whose name or PLU has the text, those that begin with it first, then by name.

        Accents and case do not matter: `limon` finds `Limón`. English names are found in every
        language, because many a label on the shelf is English.
        """
        wanted = _plain(text)
        if not wanted:
            return list(self.items)
        ranks: tuple[list[_Item], ...] = ([], [], [])
        for entry in self._entries:
            rank = entry.rank(wanted)
            if rank is not None:
                ranks[rank].append(entry.item)
        return [item for found in ranks for item in found]


@dataclass(frozen=True)
class _Entry(Generic[_Item]):
    """An item with its texts as they are compared."""

    item: _Item
    name: str
    texts: tuple[str, ...]
    words: str
    """All texts in one, each on a line, each word with a space before it."""

    @classmethod
    def of(cls, item: _Item, language: str) -> "_Entry[_Item]":
        name = _plain(item.name_in(language))
        texts = (name, _plain(item.name_in("en")), item.plu)
        words = "".join(f"\n {text}" for text in texts).replace("-", " ")
        return cls(item, name, texts, words)

    def rank(self, wanted: str) -> int | None:
        """0 where a text begins with it, 1 where a word does, 2 where it is inside of one."""
        if wanted not in self.words and not any(wanted in text for text in self.texts):
            return None
        if any(text.startswith(wanted) for text in self.texts):
            return 0
        return 1 if f" {wanted}" in self.words else 2


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().strip())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
