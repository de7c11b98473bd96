"""A day's report as a page, as a CSV and as a slip from the label printer."""

from datetime import UTC, date, datetime, timedelta

from nicegui import ui

from frontend.kiosk import Visit
from frontend.labels.printer import NotPrinted
from frontend.labels.report import COLUMNS, Report, as_csv, figures, report_of, row
from frontend.offline.api import OfflineApi
from frontend.screen import theme
from frontend.staff.history.page import day_of, midnight
from frontend.staff.page import StaffPage
from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.history import HistoryFilter
from smartscale.contract.weighing import Result

TITLE = N_("Day's report")
_PAGE = 100
"""The most weighings that the API gives at once."""


class ReportPage(StaffPage):
    """The report of the day that is chosen, today at first."""

    path = "/report"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._day = datetime.now(visit.language.zone).date()
        self._report: Report | None = None

    def build(self) -> None:
        """Draw the day and its report."""
        t = self.t
        with ui.element("div").classes("page-head"):
            theme.text(t(TITLE), "h1")
            box = ui.input(t("Day"), value=self._day.isoformat())
            box.props("outlined stack-label autocomplete=off type=date")
            box.classes("field filter").mark("report-day")

            async def chosen() -> None:
                await self._choose(box.value or "")

            box.on("change", chosen).on("keydown.enter", chosen)
            theme.action(t("Export as CSV"), self._export).mark("export")
            if self.visit.kiosk.labels.printer is not None:
                theme.action(t("Print"), self._print, symbol="print").mark("print-report")
        self._table()

    async def begin(self) -> None:
        """Fetch the day's weighings."""
        day, found = self._day, list[Result]()
        start, end = midnight(day, self.t.zone), midnight(day + timedelta(days=1), self.t.zone)
        wanted = HistoryFilter(start=start, end=end - timedelta(milliseconds=1))

        async def fetch(api: OfflineApi) -> None:
            cursor = None
            while True:
                page = await api.service.history(self.t.code, wanted, cursor=cursor, limit=_PAGE)
                found.extend(page.items)
                cursor = page.next_cursor
                if cursor is None:
                    return

        if await self.desk.ask_shop(fetch) and day == self._day:
            labels, copies = self.visit.kiosk.labels.issued.count(start, end)
            self._report = report_of(found, labels, copies)
            self._table.refresh()

    async def _choose(self, typed: str) -> None:
        self.session.touch()
        try:
            day = day_of(typed) or self._today()
        except ValueError as error:
            self.desk.show_problem(str(error))
            return
        self.desk.show(None)
        self._day, self._report = day, None
        self._table.refresh()
        await self.begin()

    def _today(self) -> date:
        return datetime.now(self.t.zone or UTC).date()

    @ui.refreshable_method
    def _table(self) -> None:
        t, report = self.t, self._report
        if report is None:
            self.desk.awaiting(self.begin)
            return
        with ui.element("table").classes("weighings sums card").mark("report"):
            with ui.element("thead"), ui.element("tr"):
                for title in COLUMNS:
                    theme.text(t(title), "th").props("scope=col")
            with ui.element("tbody"):
                for line in (*report.lines, *report.totals):
                    with ui.element("tr"):
                        for title, figure in zip(COLUMNS, row(line, t), strict=True):
                            theme.text(figure, "td").props["data-title"] = t(title)
        with ui.element("dl").classes("facts card").mark("report-figures"):
            for title, figure in figures(report, t):
                theme.text(title, "dt")
                theme.text(figure, "dd")

    def _export(self) -> None:
        self.session.touch()
        if self._report is not None:
            table = as_csv(self._report, self.t).encode("utf-8")
            ui.download.content(table, f"report-{self._day.isoformat()}.csv", "text/csv")

    async def _print(self) -> None:
        self.session.touch()
        report, t = self._report, self.t
        if report is None:
            return
        lines = [
            (f"{name} ({weighings}×)", f"{pieces and f'{pieces} · '}{kg} · {money}")
            for name, weighings, pieces, kg, money in (
                row(line, t) for line in (*report.lines, *report.totals)
            )
        ]
        title = f"{t(TITLE)} {wording.full_day(self._day, t)}"
        try:
            await self.visit.kiosk.labels.print_slip(title, [*lines, *figures(report, t)], t)
        except NotPrinted as error:
            self.desk.show_problem(str(error))

    async def speak(self, language: Language) -> None:
        """The language changed: fetch the names in it."""
        await super().speak(language)
        await self.begin()


def report_page(visit: Visit) -> None:
    """Build the page."""
    ReportPage(visit).serve()
