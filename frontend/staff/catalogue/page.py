"""What the shop sells: a list, the form of one item, files in and out."""

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from frontend.api.admin import AdminClient
from frontend.api.catalogue import Index
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.screen.found import Found
from frontend.staff.catalogue.item_form import ItemForm, picture_of
from frontend.staff.catalogue.item_import import ItemImport
from frontend.staff.page import StaffPage
from frontend.staff.setup.walk import untaught
from frontend.words import wording
from frontend.words.languages import N_
from smartscale.contract.catalogue import EditableItem

MOST_ROWS = 100
"""How many items are drawn; whoever wants another one types more of its name."""
COLUMNS = (N_("Item"), N_("PLU number"), N_("Category"), N_("Price"), N_("To come"), N_("Action"))


class ItemsPage(StaffPage):
    """The catalogue, one part of it at a time."""

    path = "/items"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._items: tuple[EditableItem, ...] | None = None
        self._indexes: dict[tuple[bool, str], Index[EditableItem]] = {}
        """What is on sale and what no longer is, to be searched; made when it is first wanted."""
        self._untaught: set[str] = set()
        """What the scales do not know, neither by the model nor by pictures."""
        self._wanted = ""
        self._retired = False
        self._found: Found[EditableItem] | None = None
        """The rows, while the list is drawn."""
        self._part: ItemForm | ItemImport | None = None

    def build(self) -> None:
        """Draw the part that is open."""
        if self._part is not None:
            self._found = None
            theme.text(self.t("Catalogue"), "h1")
            self._part.build()
            return
        t = self.t
        with ui.element("div").classes("page-head"):
            theme.text(t("Catalogue"), "h1")
            theme.action(t("New item"), lambda: self._edit(None), symbol="plus").mark("new-item")
            theme.action(t("Import"), self._import).mark("import")
            theme.action(t("Export as CSV"), self._export).mark("export")
        with ui.element("div").classes("filters"):
            box = ui.input(t("Search by name or number"), value=self._wanted, on_change=self._type)
            box.props("outlined clearable autocomplete=off").classes("field wide")
            box.mark("search-items").props["clear-icon"] = theme.icon("close")
            theme.choice(
                t("Show"),
                ((False, t("On sale")), (True, t("No longer sold"))),
                self._retired,
                self._show,
            )
        self._list()

    async def begin(self) -> None:
        """Fetch what is sold."""

        async def fetch(admin: AdminClient) -> None:
            self._items, self._indexes = await admin.items(), {}
            self._untaught = untaught((await admin.teaching()).items)

        awaited = self._items is None
        await self.desk.ask(fetch)
        if awaited:
            self._list.refresh()
        else:
            self._draw_found()

    @ui.refreshable_method
    def _list(self) -> None:
        self._found = None
        if self._items is None:
            self.desk.awaiting(self.begin)
            return
        self._note()
        with ui.element("table").classes("weighings card items"):
            with ui.element("thead"), ui.element("tr"):
                for title in COLUMNS:
                    theme.text(self.t(title), "th").props("scope=col")
            self._found = Found(ui.element("tbody"), MOST_ROWS, self._shown_of, self._row)
        self._more()
        self._draw_found()

    @ui.refreshable_method
    def _note(self) -> None:
        t, found = self.t, self._found
        if found is None:
            return
        if found.cut:
            theme.text(t("{n} more: type more of the name", n=found.cut), "p").classes("hint")
        elif not found.shows:
            theme.notice(t("There is no such item here.")).mark("no-items")

    @ui.refreshable_method
    def _more(self) -> None:
        if self._found is not None and self._found.cut:
            theme.action(self.t("Show more"), self._show_more).mark("more-items")

    def _show_more(self) -> None:
        if self._found is not None:
            self._found.widen()
            self._draw_found()

    def _draw_found(self) -> None:
        if self._found is not None:  # else it is drawn in a moment, or another part is open
            self._found.show(self._index().find(self._wanted))
            self._note.refresh()
            self._more.refresh()

    def _shown_of(self, item: EditableItem) -> tuple[str, bool]:
        """What a row shows: another one is drawn where that has changed."""
        return item.model_dump_json(), item.label in self._untaught

    def _index(self) -> Index[EditableItem]:
        wanted = self._retired, self.t.code
        if wanted not in self._indexes:
            items = [item for item in self._items or () if item.retired == self._retired]
            self._indexes[wanted] = Index(items, self.t.code)
        return self._indexes[wanted]

    def _row(self, item: EditableItem) -> ui.element:
        t = self.t
        name = item.name_in(t.code)
        coming = item.prices[1:] if item.unit_price is not None else item.prices
        with ui.element("tr").classes("item-row").mark("item") as row:
            with ui.element("td").classes("cell-item"):
                theme.picture(picture_of(self.desk, item), "", 48).classes("item-picture")
                with ui.element("span").classes("cell-names"):
                    theme.text(name)
                    if name != item.label:
                        theme.text(item.label).classes("corrected")
                    if item.label in self._untaught:
                        self._teach_me(item.label)
            theme.text(item.plu, "td")
            theme.text(wording.category(item.category, t), "td")
            with ui.element("td").classes("cell-price"):
                theme.text(wording.item_price(item, t), "div")
                if (offer := wording.offer(item, t)) is not None:
                    theme.text(offer, "div").classes("corrected").mark("offer")
            said = [
                t(
                    "{price} from {time}",
                    price=wording.unit_price(price.unit_price, item.currency, item.unit, t),
                    time=wording.day_and_time(price.valid_from, t),
                )
                for price in coming
            ]
            theme.text(", ".join(said), "td").classes("cell-coming")
            with ui.element("td").classes("cell-open"):
                button = theme.action(t("Edit"), lambda: self._edit(item)).mark(
                    f"edit-{item.label}"
                )
                button.props["aria-label"] = t("Edit {name}", name=name)
                button.ignores_events_when_hidden = False  # tapped amid the search
        return row

    def _teach_me(self, label: str) -> None:
        with ui.element("a").classes("pill ask link").mark(f"teach-{label}") as link:
            link.props["href"] = theme.address("/setup", self.t)
            theme.text(self.t("Teach me"))

    def _type(self, event: ValueChangeEventArguments[str | None]) -> None:
        self._wanted = event.value or ""
        self._draw_found()

    async def _show(self, retired: bool) -> None:
        self._retired = retired
        self._draw_found()

    def _edit(self, item: EditableItem | None) -> None:
        self._part = ItemForm(self.desk, item, self._saved, self._close)
        self._refresh()

    def _import(self) -> None:
        self._part = ItemImport(self.desk, self._imported, self._close)
        self._refresh()

    def _refresh(self) -> None:
        self.session.touch()
        self.desk.notice = None
        self.screen.refresh()
        self.visit.client.run_javascript("window.scrollTo(0, 0)")

    async def _saved(self, _item: EditableItem) -> None:
        await self._imported()

    async def _imported(self) -> None:
        self._part = None
        self.screen.refresh()
        await self.begin()

    def _close(self) -> None:
        self._part = None
        self._refresh()

    async def _export(self) -> None:
        tables: list[bytes] = []

        async def fetch(admin: AdminClient) -> None:
            tables.append(await admin.items_csv())

        if await self.desk.ask(fetch):
            ui.download.content(tables[0], "catalogue.csv", "text/csv")


def items_page(visit: Visit) -> None:
    """Build the page."""
    ItemsPage(visit).serve()
