"""Choosing an item by hand: by its picture, its category, its first letter, its name or PLU."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from frontend.api.catalogue import Index, plain
from frontend.api.errors import ApiError, log_unreachable
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.screen.found import Found
from frontend.screen.keypad import Keypad
from frontend.weighing.weighing import UNREACHABLE
from frontend.words import wording
from smartscale.contract.catalogue import CatalogueItem

MOST_TILES = 60
"""How many items are drawn; whoever wants another one types more of its name."""
FAVOURITES = "favourites"
"""Stands among the categories for everything with what is sold most first."""
_FEWEST_FOR_LETTERS = 13
"""From how many items on first letters help to find one."""


class ItemSearch:
    """A search box with keys, and the items below it as pictures; a tap on one chooses it."""

    def __init__(self, visit: Visit, on_choose: Callable[[str], Awaitable[None]]) -> None:
        self._visit = visit
        self._choose = on_choose
        self._index: Index[CatalogueItem] | None = None
        self._favourites: Sequence[str] = ()
        self._wanted = ""
        self._category = ""
        """Show only items of this category; empty for all."""
        self._letter = ""
        """Show only items whose name begins so; empty for all."""
        self._problem: str | None = None
        self._tiles: Found[CatalogueItem] | None = None
        """The pictures, while they are drawn."""

    def build(self) -> None:
        """Draw it; what the shop sells follows at once."""
        t = self._visit.language
        with ui.element("div").classes("search"):
            with ui.element("div").classes("search-type"):
                box = ui.input(t("Search by name or number"), on_change=self._type)
                box.props("outlined clearable autocomplete=off").classes("search-box").mark(
                    "item-search"
                )
                box.props["clear-icon"] = theme.icon("close")
                with box.add_slot("prepend"):
                    ui.icon(theme.icon("search"))
                Keypad(box, t)
            self._categories()
            self._letters()
            self._found()
            ui.timer(0, self._load, once=True)

    async def _load(self) -> None:
        try:
            self._index = await self._visit.kiosk.catalogue.index(self._visit.language.code)
        except ApiError as error:
            log_unreachable(error)
            self._problem = UNREACHABLE
        else:
            sold = {item.label for item in self._index.items}
            best = await self._visit.kiosk.best_sold()
            self._favourites = [label for label in best if label in sold]
            self._category = FAVOURITES if self._favourites else ""
        self._categories.refresh()
        self._letters.refresh()
        self._found.refresh()

    @ui.refreshable_method
    def _categories(self) -> None:
        t = self._visit.language
        items = [] if self._index is None else self._index.items
        there = sorted({item.category for item in items if item.category})
        options = [(FAVOURITES, t("Favourites"))] if self._favourites else []
        if len(there) > 1 or options:
            options += [("", t("All, A to Z"))]
        if len(there) > 1:
            options += [(one, wording.category(one, t)) for one in there]
        if options:
            theme.choice(t("Category"), options, self._category, self._narrow)

    async def _narrow(self, category: str) -> None:
        self._category, self._letter = category, ""
        self._letters.refresh()
        self._show()

    @ui.refreshable_method
    def _letters(self) -> None:
        """The letters that names begin with, where there are many items."""
        t = self._visit.language
        items = [] if self._index is None or self._wanted else self._of_category(self._index.items)
        if self._category == FAVOURITES or len(items) < _FEWEST_FOR_LETTERS:
            return
        there = dict.fromkeys(_initial(item, t.code) for item in items)
        options = [("", t("A to Z")), *((one, one) for one in there if one)]
        with ui.element("div").classes("letters"):
            theme.choice(t("First letter"), options, self._letter, self._begin)

    async def _begin(self, letter: str) -> None:
        self._letter = letter
        self._show()

    def _type(self, event: ValueChangeEventArguments[str | None]) -> None:
        before, self._wanted = self._wanted, event.value or ""
        if bool(before) != bool(self._wanted):
            self._letters.refresh()
        self._show()

    @ui.refreshable_method
    def _found(self) -> None:
        t = self._visit.language
        self._tiles = None
        if self._problem is not None:
            theme.notice(t(self._problem), kind="calm")
            return
        self._note()
        box = ui.element("div").classes("tiles")
        self._tiles = Found(box, MOST_TILES, lambda item: item.label, self._tile)
        self._show()

    @ui.refreshable_method
    def _note(self) -> None:
        t, tiles = self._visit.language, self._tiles
        if tiles is None:
            return
        if tiles.cut:
            theme.text(t("{n} more: type more of the name", n=tiles.cut), "p").classes("hint")
        elif tiles.drawn and not tiles.shows:
            theme.notice(t("Nothing is called “{text}” here", text=self._wanted))

    def _show(self) -> None:
        if self._index is None or self._tiles is None:
            return  # they are drawn in a moment, or could not be had
        self._tiles.show(self._matching(self._index))
        self._note.refresh()

    def _matching(self, index: Index[CatalogueItem]) -> list[CatalogueItem]:
        """The items to show, in order. What was typed decides about the order, too."""
        if self._wanted and self._category == FAVOURITES:
            return index.find(self._wanted)
        found = self._of_category(index.find(self._wanted))
        if self._letter and not self._wanted:
            code = self._visit.language.code
            found = [item for item in found if _initial(item, code) == self._letter]
        return found

    def _of_category(self, items: list[CatalogueItem]) -> list[CatalogueItem]:
        if self._category == FAVOURITES:
            places = {label: place for place, label in enumerate(self._favourites)}
            return sorted(items, key=lambda item: places.get(item.label, len(places)))
        return [item for item in items if self._category in {"", item.category}]

    def _tile(self, item: CatalogueItem) -> ui.element:
        t = self._visit.language

        async def choose() -> None:
            await self._choose(item.label)

        tile = ui.element("button").classes("tile").mark(f"item-{item.label}").on("click", choose)
        tile.ignores_events_when_hidden = False  # tapped while the next letter was on its way
        with tile:
            theme.picture(self._visit.kiosk.drawing(item.label), "", 56)
            theme.text(item.name_in(t.code)).classes("tile-name")
            theme.text(item.plu).classes("tile-plu")
            theme.text(wording.item_price(item, t)).classes("tile-price")
            if item.unit_price_before is not None:
                before = wording.unit_price(item.unit_price_before, item.currency, item.unit, t)
                theme.text(t("was {price}", price=before)).classes("tile-plu")
        return tile


def _initial(item: CatalogueItem, language: str) -> str:
    """The letter under which a list of names has an item."""
    return plain(item.name_in(language))[:1].upper()
