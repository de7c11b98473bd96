"""What was weighed, newest first."""

from nicegui import ui

from frontend import theme, wording
from frontend.api_client import ApiError, HistoryPage, Only, Result, Status, log_unreachable
from frontend.kiosk import Visit
from frontend.languages import N_, Language

UNREACHABLE = N_("The list cannot be fetched right now. Please try again in a moment.")
COLUMNS = (
    N_("Item"),
    N_("Time"),
    N_("Confidence"),
    N_("Net weight"),
    N_("Price"),
    N_("Status"),
)


class History:
    """Pages of weighings, one below the other."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._results: tuple[Result, ...] = ()
        self._cursor: str | None = None
        self._only: Only | None = None
        self._loaded = False
        self._problem: str | None = None

    @ui.refreshable_method
    def screen(self) -> None:
        """Draw the page, and fetch the newest weighings."""
        t = self._visit.language
        with theme.frame(self._visit, "/history", self._speak), ui.element("div").classes("list"):
            with ui.element("div").classes("page-head"):
                theme.text(t("History"), "h1")
                theme.choice(
                    t("Show"),
                    (
                        (None, t("All")),
                        (Only.OPEN, t("Needs confirmation")),
                        (Only.SUSPICIOUS, t("Suspicious")),
                    ),
                    self._only,
                    self._filter,
                )
                theme.action(t("Refresh"), self.reload, symbol="refresh").mark("refresh")
            self._table()

    async def reload(self) -> None:
        """Begin again with the newest."""
        self._results, self._cursor = (), None
        await self._fetch()

    async def _fetch(self) -> None:
        known, asked = self._results, (self._only, self._cursor)
        page: HistoryPage | None = None
        try:
            page = await self._visit.kiosk.api.history(
                self._visit.language.code, only=self._only, cursor=self._cursor
            )
        except ApiError as error:
            log_unreachable(error)
        if asked != (self._only, self._cursor):
            return  # something else was asked for meanwhile
        self._problem = UNREACHABLE if page is None else None
        if page is not None:
            self._results = known + page.items
            self._cursor = page.next_cursor
        self._loaded = True
        self._table.refresh()

    async def _filter(self, only: Only | None) -> None:
        self._only = only
        await self.reload()
        self.screen.refresh()

    async def _speak(self, _language: Language) -> None:
        await self.reload()
        self.screen.refresh()

    @ui.refreshable_method
    def _table(self) -> None:
        t = self._visit.language
        if self._problem is not None:
            theme.notice(t(self._problem), kind="calm").mark("problem")
        if not self._loaded:
            with ui.element("p").classes("loading"):
                theme.spinner()
                theme.text(t("One moment…"))
        elif not self._results and self._problem is None:
            theme.notice(t("Nothing has been weighed yet")).mark("nothing")
        if self._results:
            with ui.element("table").classes("weighings card"):
                with ui.element("thead"), ui.element("tr"):
                    for title in COLUMNS:
                        theme.text(t(title), "th").props("scope=col")
                with ui.element("tbody"):
                    for result in self._results:
                        self._row(result)
        if self._cursor is not None:
            theme.action(t("Load more"), self._fetch).classes("load-more").mark("load-more")

    def _row(self, result: Result) -> None:
        t = self._visit.language
        failed = result.status is Status.FAILED
        name = wording.item_name(result.sold_label, result.name, t)
        with ui.element("tr").classes("weighing").mark("weighing"):
            with ui.element("td").classes("cell-item"):
                theme.picture(self._visit.kiosk.drawing(result.sold_label), "", 44)
                with ui.element("span").classes("cell-names"):
                    theme.text(t("No result") if failed else name)
                    if result.suspicious:
                        said = wording.recognised(result, t)
                        theme.text(said).classes("corrected").mark("recognised-as")
                    elif result.confirmed_label not in {None, result.label}:
                        theme.text(t("corrected by hand")).classes("corrected")
            when = "" if result.created_at is None else wording.clock_time(result.created_at, t)
            self._cell("cell-time", N_("Time"), when)
            sure = wording.EM_DASH
            if result.confidence is not None:
                sure = wording.percent(result.confidence, t)
            self._cell("cell-confidence", N_("Confidence"), sure)
            self._cell("cell-weight", N_("Net weight"), wording.net_weight(result, t))
            self._cell("cell-price", N_("Price"), wording.price(result, t))
            with ui.element("td").classes("cell-status"):
                kind, words = status(result)
                theme.text(t(words)).classes(f"pill {kind}")

    def _cell(self, kind: str, title: str, content: str) -> None:
        cell = theme.text(content, "td").classes(kind)
        cell.props["data-title"] = self._visit.language(title)


def status(result: Result) -> tuple[str, str]:
    """How a weighing ended, as a kind of pill and a message."""
    if result.status is Status.FAILED:
        return "bad", N_("Failed")
    if result.suspicious:
        return "ask", N_("Suspicious")
    if result.confirmed_label is not None:
        return "good", N_("Confirmed")
    if result.needs_confirmation:
        return "ask", N_("Needs confirmation")
    return "plain", N_("Recognised")


def history_page(visit: Visit) -> None:
    """Build the page."""
    history = History(visit)
    history.screen()
    ui.timer(0, history.reload, once=True)
