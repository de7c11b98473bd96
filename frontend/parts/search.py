"""Finding an item by name, PLU or category when it was not recognised."""

from collections.abc import Awaitable, Callable

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from frontend import theme, wording
from frontend.api_client import ApiError, CatalogueItem, log_unreachable
from frontend.catalogue import search
from frontend.kiosk import Visit
from frontend.weighing import UNREACHABLE

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
        self._found.refresh()

    def _type(self, event: ValueChangeEventArguments[str | None]) -> None:
        self._wanted = event.value or ""
        self._found.refresh()

    @ui.refreshable_method
    def _found(self) -> None:
        t = self._visit.language
        if self._problem is not None:
            theme.notice(t(self._problem), kind="calm")
            return
        among = (item for item in self._items if self._category in {"", item.category})
        found = search(among, self._wanted, t.code)
        if self._items and not found:
            theme.notice(t("Nothing is called “{text}” here", text=self._wanted))
        with ui.element("div").classes("tiles"):
            for item in found:
                self._tile(item)

    def _tile(self, item: CatalogueItem) -> None:
        t = self._visit.language

        async def choose() -> None:
            await self._choose(item.label)

        with ui.element("button").classes("tile").mark(f"item-{item.label}").on("click", choose):
            theme.picture(self._visit.kiosk.drawing(item.label), "", 56)
            theme.text(item.name_in(t.code)).classes("tile-name")
            theme.text(item.plu).classes("tile-plu")
            theme.text(wording.item_price(item, t)).classes("tile-price")
