"""Finding an item by name, PLU or category when it was not recognised."""

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from frontend.api.catalogue import Index
from frontend.api.errors import ApiError, log_unreachable
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.weighing.weighing import UNREACHABLE
from frontend.words import wording
from smartscale.contract.catalogue import CatalogueItem

MOST_TILES = 60
"""How many items are drawn; whoever wants another one types more of its name."""
_TO_THE_TOP = "event => event.target.closest('.search').scrollIntoView()"


class ItemSearch:
    """A search box with the items below it; a tap on one chooses it."""

    def __init__(self, visit: Visit, on_choose: Callable[[str], Awaitable[None]]) -> None:
        self._visit = visit
        self._choose = on_choose
        self._index: Index[CatalogueItem] | None = None
        self._wanted = ""
        self._category = ""
        """Show only items of this category; empty for all."""
        self._problem: str | None = None
        self._tiles: dict[str, ui.element] = {}
        self._box: ui.element | None = None
        self._cut = 0
        """How many that were found are not drawn."""

    def build(self) -> None:
        """Draw it; what the shop sells follows at once."""
        t = self._visit.language
        with ui.element("div").classes("search"):
            box = ui.input(t("Search by name or number"), on_change=self._type)
            box.props("outlined clearable autocomplete=off").classes("search-box").mark(
                "item-search"
            )
            box.props["clear-icon"] = theme.icon("close")
            # What is found stands below it, and so may a tablet's keyboard.
            box.on("focus", js_handler=_TO_THE_TOP)
            with box.add_slot("prepend"):
                ui.icon(theme.icon("search"))
            self._categories()
            self._found()
            ui.timer(0, self._load, once=True)

    async def _load(self) -> None:
        try:
            self._index = await self._visit.kiosk.catalogue.index(self._visit.language.code)
        except ApiError as error:
            log_unreachable(error)
            self._problem = UNREACHABLE
        self._categories.refresh()
        self._found.refresh()

    @ui.refreshable_method
    def _categories(self) -> None:
        t = self._visit.language
        items = [] if self._index is None else self._index.items
        there = sorted({item.category for item in items if item.category})
        if len(there) < 2:  # noqa: PLR2004 - nothing to choose between
            return
        options = [("", t("All")), *((one, wording.category(one, t)) for one in there)]
        theme.choice(t("Category"), options, self._category, self._narrow)

    async def _narrow(self, category: str) -> None:
        self._category = category
        self._show()

    def _type(self, event: ValueChangeEventArguments[str | None]) -> None:
        self._wanted = event.value or ""
        self._show()

    @ui.refreshable_method
    def _found(self) -> None:
        t = self._visit.language
        self._tiles = {}
        if self._problem is not None:
            theme.notice(t(self._problem), kind="calm")
            return
        self._note()
        self._box = ui.element("div").classes("tiles")
        self._show()

    @ui.refreshable_method
    def _note(self) -> None:
        t = self._visit.language
        if self._cut:
            theme.text(t("{n} more: type more of the name", n=self._cut), "p").classes("hint")
        elif self._tiles and not any(tile.visible for tile in self._tiles.values()):
            theme.notice(t("Nothing is called “{text}” here", text=self._wanted))

    def _show(self) -> None:
        """Draw what was found, in order.

        Tiles stay where they are drawn already: a tap would be lost on one that is just drawn
        again. Those that were not found for longest are dropped when there are too many.
        """
        if self._index is None or self._box is None:
            return  # they are drawn in a moment, or could not be had
        matching = self._index.find(self._wanted)
        found = [item for item in matching if self._category in {"", item.category}]
        shown, self._cut = found[:MOST_TILES], max(0, len(found) - MOST_TILES)
        with self._box:
            for place, item in enumerate(shown):
                tile = self._tiles.pop(item.label, None) or self._tile(item)
                self._tiles[item.label] = tile  # the last of the dictionary is the newest
                tile.move(target_index=place)
        labels = {item.label for item in shown}
        for label, tile in self._tiles.items():
            tile.set_visibility(label in labels)
        for label in list(self._tiles)[: -3 * MOST_TILES]:
            self._tiles.pop(label).delete()
        self._note.refresh()

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
        return tile
