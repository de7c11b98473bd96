"""Finding an item by name, PLU or category when it was not recognised."""

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from frontend.api.catalogue import search
from frontend.api.errors import ApiError, log_unreachable
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.weighing.weighing import UNREACHABLE
from frontend.words import wording
from smartscale.contract.catalogue import CatalogueItem

_TO_THE_TOP = "event => event.target.closest('.search').scrollIntoView()"


class ItemSearch:
    """A search box with the items below it; a tap on one chooses it."""

    def __init__(self, visit: Visit, on_choose: Callable[[str], Awaitable[None]]) -> None:
        self._visit = visit
        self._choose = on_choose
        self._items: tuple[CatalogueItem, ...] = ()
        self._wanted = ""
        self._category = ""
        """Only items of this one; empty for all."""
        self._problem: str | None = None
        self._tiles: dict[str, ui.element] = {}

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
            items = await self._visit.kiosk.catalogue.items()
        except ApiError as error:
            log_unreachable(error)
            self._problem = UNREACHABLE
        else:
            self._items = tuple(item for item in items if item.unit_price is not None)
        self._categories.refresh()
        self._found.refresh()

    @ui.refreshable_method
    def _categories(self) -> None:
        t = self._visit.language
        there = sorted({item.category for item in self._items if item.category})
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
        self._nothing()
        with ui.element("div").classes("tiles"):
            self._tiles = {item.label: self._tile(item) for item in self._items}
        self._show()

    @ui.refreshable_method
    def _nothing(self) -> None:
        if self._tiles and not any(tile.visible for tile in self._tiles.values()):
            t = self._visit.language
            theme.notice(t("Nothing is called “{text}” here", text=self._wanted))

    def _show(self) -> None:
        """What was found, in order; the tiles stay, or a tap meets one that was just redrawn."""
        if not self._tiles:
            return  # they are drawn in a moment, or could not be had
        t = self._visit.language
        among = [item for item in self._items if self._category in {"", item.category}]
        found = [item.label for item in search(among, self._wanted, t.code)]
        for place, label in enumerate(found):
            self._tiles[label].move(target_index=place)
        for label, tile in self._tiles.items():
            tile.set_visibility(label in found)
        self._nothing.refresh()

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
