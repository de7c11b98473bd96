"""What was weighed, newest first, with filters, corrections and an export."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from nicegui import ui

from frontend.kiosk import Visit
from frontend.offline.api import OfflineApi
from frontend.screen import theme
from frontend.staff.history.correction import Correction
from frontend.staff.history.kept import KeptWeighings
from frontend.staff.history.weighings import Weighings
from frontend.staff.page import StaffPage
from frontend.staff.picker import pick_item
from frontend.words.languages import N_, Language
from smartscale.contract.history import HistoryFilter
from smartscale.contract.weighing import Result

NOT_A_DAY = N_("Please choose a day, or leave the field empty.")
ENDS_BEFORE = N_("The first day must not be after the last one.")
NO_SUCH_LABEL = N_("No label of these days has this number. Choose other days, or check it.")
SHOWN = (
    ("all", N_("All")),
    ("open", N_("Needs confirmation")),
    ("suspicious", N_("Suspicious ones")),
)


@dataclass
class Typed:
    """The filters' content."""

    shown: str = "all"
    scale: str = ""
    label: str | None = None
    first: str = ""
    last: str = ""

    def filter(self, zone: tzinfo = UTC) -> HistoryFilter:
        """The filters as the API takes them; a day is one of the zone.

        Raises:
            ValueError: a field holds no valid day; the text is a message of the translations.
        """
        start, end = day_of(self.first), day_of(self.last)
        if start and end and start > end:
            raise ValueError(ENDS_BEFORE)
        over = None if end is None else midnight(end + timedelta(days=1), zone)
        return HistoryFilter(
            needs_confirmation=True if self.shown == "open" else None,
            suspicious=True if self.shown == "suspicious" else None,
            scale_id=self.scale.strip() or None,
            label=self.label,
            start=None if start is None else midnight(start, zone),
            end=None if over is None else over - timedelta(milliseconds=1),
        )


def day_of(text: str) -> date | None:
    """A day as a date field gives it; None for an empty one. Raises ValueError, to translate."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ValueError(NOT_A_DAY) from error


def midnight(day: date, zone: tzinfo) -> datetime:
    """The moment at which a day begins in a time zone."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


class HistoryPage(StaffPage):
    """The history, and what staff can do with it."""

    path = "/history"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._typed = Typed()
        self._list = Weighings(self.desk, HistoryFilter(), self._open)

    def build(self) -> None:
        """Draw filters and list."""
        t = self.t
        with ui.element("div").classes("page-head"):
            theme.text(t("History"), "h1")
            theme.action(t("Export as CSV"), self._export).mark("export")
            theme.action(t("Refresh"), self._list.reload, symbol="refresh").mark("refresh")
        KeptWeighings(self.visit).build()
        self._filters()
        self._list.table()

    async def begin(self) -> None:
        """Fetch the newest weighings."""
        await self._list.reload()

    @ui.refreshable_method
    def _filters(self) -> None:
        t = self.t
        with ui.element("div").classes("filters").mark("filters") as group:
            group.props["role"] = "group"
            group.props["aria-label"] = t("Filters")
            theme.choice(
                t("Show"),
                [(kind, t(title)) for kind, title in SHOWN],
                self._typed.shown,
                self._show,
            )
            self._box("scale", t("Scale")).mark("filter-scale")
            item = self.visit.kiosk.catalogue.get(self._typed.label)
            name = item.name_in(t.code) if item else self._typed.label or t("Any item")
            theme.action(t("Item: {name}", name=name), self._pick, symbol="search").mark(
                "filter-item"
            )
            self._number().mark("filter-number")
            self._box("first", t("From"), kind="date").mark("filter-from")
            self._box("last", t("To"), kind="date").mark("filter-to")
            if self._typed != Typed():
                theme.action(t("Clear filters"), self._clear, kind="quiet").mark("clear-filters")

    def _box(self, name: str, title: str, kind: str = "text") -> ui.input:
        async def typed() -> None:
            setattr(self._typed, name, box.value or "")
            await self._apply()

        box = ui.input(title, value=getattr(self._typed, name))
        box.props(f"outlined stack-label autocomplete=off maxlength=64 type={kind}")
        box.on("keydown.enter", typed).on("change", typed)
        return box.classes("field filter")

    def _number(self) -> ui.input:
        async def find() -> None:
            await self._find(box.value or "")

        box = ui.input(self.t("Number on the label"))
        box.props("outlined stack-label autocomplete=off maxlength=20 inputmode=numeric")
        return box.on("keydown.enter", find).on("change", find).classes("field filter")

    async def _find(self, typed: str) -> None:
        """Show the weighings whose label has this barcode, of the days that are chosen."""
        digits = "".join(typed.split())
        self.desk.show(None)
        if not await self._list.find(digits):
            self.desk.show_problem(NO_SUCH_LABEL)

    async def _show(self, kind: str) -> None:
        self._typed.shown = kind
        await self._apply()

    def _pick(self) -> None:
        async def chosen(label: str) -> None:
            self._typed.label = label
            await self._apply()

        pick_item(self.desk, self.t("Only one item"), chosen)

    async def _clear(self) -> None:
        self._typed = Typed()
        await self._apply()

    async def _apply(self) -> None:
        try:
            wanted = self._typed.filter(self.t.zone)
        except ValueError as error:
            self.desk.show_problem(str(error))
            return
        self.desk.show(None)
        self._filters.refresh()
        if wanted != self._list.wanted:
            await self._list.show(wanted)

    async def _export(self) -> None:
        tables: list[bytes] = []

        async def fetch(api: OfflineApi) -> None:
            tables.append(await api.service.history_csv(self.t.code, self._list.wanted))

        if await self.desk.ask_shop(fetch):
            ui.download.content(tables[0], "weighings.csv", "text/csv")

    def _open(self, result: Result) -> None:
        self.session.touch()
        Correction(self.desk, result, self._corrected).open()

    async def _corrected(self, result: Result) -> None:
        gone = self._typed.shown != "all"
        self._list.replace(result, gone=gone)
        await self.count_suspicious()

    async def speak(self, language: Language) -> None:
        """The language changed: fetch the names in it."""
        await super().speak(language)
        await self._list.reload()


class SuspiciousPage(StaffPage):
    """The suspicious weighings, until an attendant has settled them."""

    path = "/suspicious"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._list = Weighings(self.desk, HistoryFilter(suspicious=True), self._open)
        self._list.nothing = N_("Nothing is suspicious. Well done!")

    def build(self) -> None:
        """Draw the list."""
        t = self.t
        with ui.element("div").classes("page-head"):
            theme.text(t("Suspicious weighings"), "h1")
            theme.action(t("Refresh"), self._list.reload, symbol="refresh").mark("refresh")
        theme.text(
            t(
                "A shopper chose something much cheaper than what the scale was sure of, or "
                "counted far too few pieces. Open one, look at the photo, and say what it is: that "
                "settles it."
            ),
            "p",
        ).classes("hint")
        self._list.table()

    async def begin(self) -> None:
        """Fetch the suspicious weighings that are not settled."""
        await self._list.reload()

    def _open(self, result: Result) -> None:
        self.session.touch()
        Correction(self.desk, result, self._settled).open()

    async def _settled(self, result: Result) -> None:
        self._list.replace(result, gone=not result.suspicious)
        await self.count_suspicious()

    async def speak(self, language: Language) -> None:
        """The language changed: fetch the names in it."""
        await super().speak(language)
        await self._list.reload()


def history_page(visit: Visit) -> None:
    """Build the page of all weighings."""
    HistoryPage(visit).serve()


def suspicious_page(visit: Visit) -> None:
    """Build the page of the suspicious ones."""
    SuspiciousPage(visit).serve()
