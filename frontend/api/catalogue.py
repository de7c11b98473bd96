"""Finding an item in the catalogue as a shopper types."""

import asyncio
import time
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from smartscale.contract.catalogue import CatalogueItem

_KEEP_S = 60.0
_INSIDE_LETTERS = 2
"""From how many letters on a text is looked for inside of words, too."""
_LAST_RANK = 5
_ENDINGS = {
    **dict.fromkeys(("s", "ة"), 3),
    **dict.fromkeys(("es", "ies", "n", "en", "e", "er", "a", "o"), 4),
    **dict.fromkeys(("ы", "и", "а", "я", "о", "е", "ов", "ей", "ь", "ка", "ки"), 4),  # noqa: RUF001
    **dict.fromkeys(("ات", "ه", "ون", "ين"), 4),  # noqa: RUF001
}
"""Endings of plurals, and of the singulars of plurals, in Latin, Russian and Arabic letters; each
with the least number of letters that has to be left without it."""
_Item = TypeVar("_Item", bound=CatalogueItem)


class CatalogueSource(Protocol):
    """A source of the catalogue: in the running kiosk, the API."""

    async def catalogue(self) -> tuple[CatalogueItem, ...]:
        """What the shop sells.

        Raises:
            ApiError: the API did not give the catalogue.
        """


class Catalogue:
    """The catalogue, asked for once a minute at most for all pages of the kiosk.

    What it says is for finding items; what is charged comes with each answer.
    """

    def __init__(self, api: CatalogueSource, keep_s: float = 0) -> None:
        """Nothing is asked before somebody reads.

        Args:
            api: where the catalogue comes from.
            keep_s: for how long it is kept, where that is longer than a minute.
        """
        self._api = api
        self._keep_s = max(_KEEP_S, keep_s)
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
            self._until = time.monotonic() + self._keep_s
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
        self._words: dict[str, list[int]] = {}
        """The places of the items that have a word, by the word as it is compared."""
        for place, entry in enumerate(self._entries):
            for word in entry.words:
                self._words.setdefault(word, []).append(place)
        self._sorted = sorted(self._words)
        self._all_words = "\n".join(["", *self._sorted, ""])

    def find(self, text: str) -> list[_Item]:
        """Items by what people call them: those whose name or PLU begins with the text come first,
        then those that have its words, in whatever order, then those that have them inside of one.

        Accents and case do not matter: `limon` finds `Limón`, and `aepfel` what `Äpfel` finds.
        Names are found in every language of the catalogue, because labels on shelves are in many,
        and so are synonyms and the names that models know. What has the words in another form
        comes last: plurals find what is there in the singular, and the other way round.
        """
        wanted = plain(text).replace("-", " ").split()
        if not wanted:
            return list(self.items)
        whole = " ".join(wanted)
        found = self._places([(word,) for word in wanted], inside=True)
        ranks = {at: self._entries[at].rank(whole, begins) for at, begins in found.items()}
        for at in self._places([_other_forms(word) for word in wanted]):
            ranks.setdefault(at, _LAST_RANK)
        return [self.items[at] for at in sorted(ranks, key=lambda at: (ranks[at], at))]

    def _places(self, wanted: list[tuple[str, ...]], *, inside: bool = False) -> dict[int, bool]:
        """The items that have each of the wanted words, in one of its forms; and whether each word
        of theirs begins so, or has that inside."""
        found: dict[int, bool] | None = None
        for forms in wanted:
            having: dict[int, bool] = {}
            for form in forms:
                for word in self._having(form, inside=inside):
                    begins = word.startswith(form)
                    for place in self._words[word]:
                        having[place] = having.get(place, False) or begins
            if found is None:
                found = having
            else:
                found = {at: found[at] and having[at] for at in found.keys() & having.keys()}
        return found or {}

    def _having(self, form: str, *, inside: bool) -> Iterator[str]:
        """The words that begin with a form; those that have it inside, where it is long enough."""
        if inside and len(form) >= _INSIDE_LETTERS:
            at = self._all_words.find(form)
            while at >= 0:
                start, end = self._all_words.rfind("\n", 0, at) + 1, self._all_words.find("\n", at)
                yield self._all_words[start:end]
                at = self._all_words.find(form, end)
            return
        for place in range(bisect_left(self._sorted, form), len(self._sorted)):
            if not self._sorted[place].startswith(form):
                return
            yield self._sorted[place]


@dataclass(frozen=True)
class _Entry(Generic[_Item]):
    """An item with its texts as they are compared."""

    item: _Item
    name: str
    own: tuple[str, ...]
    """Its name in this language, and its PLU."""
    texts: tuple[str, ...]
    """Its name in English, because many a label is, and its synonyms."""
    words: frozenset[str]
    """All words by which it is found."""

    @classmethod
    def of(cls, item: _Item, language: str) -> "_Entry[_Item]":
        own = _compared(item.name_in(language), item.plu)
        texts = _compared(item.name_in("en"), *item.synonyms)
        known_to_models: tuple[str, ...] = getattr(item, "aliases", ())
        others = _compared(*item.names.values(), *known_to_models)
        words = frozenset(" ".join((*own, *texts, *others)).split())
        return cls(item, own[0], own, texts, words)

    def rank(self, wanted: str, begins: bool) -> int:
        """0 where its own name begins with what is wanted, 1 where a word of that does, 2 where
        only a synonym's does, 3 where only another language's does, 4 where it is inside of one."""
        if any(text.startswith(wanted) for text in self.own):
            return 0
        if not begins:
            return _LAST_RANK - 1
        first = f" {wanted.split(maxsplit=1)[0]}"
        for rank, texts in ((1, self.own), (2, self.texts)):
            if any(first in f" {text}" for text in texts):
                return rank
        return 3


def plain(text: str) -> str:
    """A text as it is compared: small letters without accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().strip())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _compared(*texts: str) -> tuple[str, ...]:
    return tuple(plain(text).replace("-", " ") for text in texts)


def _other_forms(word: str) -> tuple[str, ...]:
    """A word with umlauts that were written out, and without an ending of plural, case or article:
    what is left begins its other forms.

    Nothing here knows a language: the endings are those of the kiosk's six. What a shop's customers
    say and this does not find is a synonym.
    """
    word = word.replace("ae", "a").replace("oe", "o").replace("ue", "u")
    bare = word.removeprefix("ال")
    stems = (
        bare.removesuffix(ending)
        for ending, least in _ENDINGS.items()
        if bare.endswith(ending) and len(bare) - len(ending) >= least
    )
    return word, bare, *stems
