"""A list of weighings with their photos, newest first, and a way to each one."""

from collections.abc import Callable

from nicegui import ui

from frontend.offline.api import OfflineApi
from frontend.screen import theme
from frontend.staff.desk import Desk
from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.history import HistoryFilter
from smartscale.contract.weighing import HistoryPage, Result, Status

THUMBNAIL, LARGE = 128, 640
"""Pixels of the longer side of a photo: in a list, and of one that is looked at."""
_MOST_PAGES = 50
"""How many pages of the history are looked through for a label."""
COLUMNS = (
    N_("Photo"),
    N_("Item"),
    N_("Time"),
    N_("Scale"),
    N_("Confidence"),
    N_("Net weight"),
    N_("Price"),
    N_("Status"),
    N_("Action"),
)
STATES = {
    Status.PENDING: ("plain", N_("Not recognised yet")),
    Status.DONE: ("plain", N_("Recognised")),
    Status.FAILED: ("bad", N_("Failed")),
}
"""The outcome of a weighing that nobody has confirmed."""


class Weighings:
    """Pages of weighings, one below the other."""

    def __init__(
        self, desk: Desk, wanted: HistoryFilter, on_open: Callable[[Result], None]
    ) -> None:
        self._desk = desk
        self._open = on_open
        self.wanted = wanted
        self.nothing = N_("Nothing has been weighed yet")
        """What is words where there is nothing to show."""
        self._results: tuple[Result, ...] = ()
        self._cursor: str | None = None
        self._loaded = False

    async def show(self, wanted: HistoryFilter) -> None:
        """Show other ones."""
        self.wanted = wanted
        await self.reload()

    async def reload(self) -> None:
        """Fetch the list again, from the newest weighing."""
        self._results, self._cursor = (), None
        await self._fetch()

    async def find(self, number: str) -> bool:
        """Show those alone whose label has this barcode; all again for no number.

        Returns:
            Whether there are some.
        """
        labels = self._desk.visit.kiosk.labels
        await self.reload()
        if not number:
            return True
        for _ in range(_MOST_PAGES):
            if self._cursor is None:
                break
            before = self._cursor
            await self._fetch()
            if self._cursor == before:
                break
        found = [one for one in self._results if await labels.number(one) == number]
        self._results, self._cursor = tuple(found), None
        self.table.refresh()
        return bool(found)

    def replace(self, changed: Result, *, gone: bool = False) -> None:
        """Redraw a weighing after a change, or remove it from the list."""
        self._results = tuple(
            changed if result.job_id == changed.job_id else result
            for result in self._results
            if not (gone and result.job_id == changed.job_id)
        )
        self.table.refresh()

    async def _fetch(self) -> None:
        known, wanted = self._results, (self.wanted, self._cursor)
        language = self._desk.visit.language.code
        pages: list[HistoryPage] = []

        async def take(api: OfflineApi) -> None:
            pages.append(await api.service.history(language, wanted[0], cursor=wanted[1]))

        await self._desk.ask_shop(take)
        if wanted != (self.wanted, self._cursor):
            return  # the filters changed while the request was under way
        for page in pages:
            self._results = known + page.items
            self._cursor = page.next_cursor
        self._loaded = bool(pages) or self._loaded
        self.table.refresh()

    @ui.refreshable_method
    def table(self) -> None:
        """Draw the list."""
        t = self._desk.visit.language
        if not self._loaded:
            self._desk.awaiting(self.reload)
        elif not self._results:
            theme.notice(t(self.nothing)).mark("nothing")
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
        visit = self._desk.visit
        t = visit.language
        name = title_of(result, t)
        when = "" if result.created_at is None else wording.clock_time(result.created_at, t)
        with ui.element("tr").classes("weighing").mark("weighing"):
            with ui.element("td").classes("cell-photo"):
                address = visit.kiosk.photos.make(result.job_id, THUMBNAIL)
                theme.picture(address, "", 64)
            with ui.element("td").classes("cell-item"):
                theme.picture(visit.kiosk.drawing(result.sold_label), "", 40)
                with ui.element("span").classes("cell-names"):
                    theme.text(name)
                    if result.suspicious:
                        words = wording.recognised(result, t)
                        theme.text(words).classes("corrected").mark("recognised-as")
                    elif result.confirmed_label not in {None, result.label}:
                        theme.text(t("corrected by hand")).classes("corrected")
            self._cell("cell-time", N_("Time"), when)
            self._cell("cell-scale", N_("Scale"), result.scale_id or "")
            sure = wording.EM_DASH
            if result.confidence is not None:
                sure = wording.percent(result.confidence, t)
            self._cell("cell-confidence", N_("Confidence"), sure)
            self._cell("cell-weight", N_("Net weight"), wording.load(result, t))
            self._cell("cell-price", N_("Price"), wording.price(result, t))
            with ui.element("td").classes("cell-status"):
                kind, words = status(result)
                theme.text(t(words)).classes(f"pill {kind}")
            with ui.element("td").classes("cell-open"):
                button = theme.action(t("Open"), lambda: self._open(result)).mark("open")
                button.props["aria-label"] = t("Open {name}, {time}", name=name, time=when)

    def _cell(self, kind: str, title: str, content: str) -> None:
        cell = theme.text(content, "td").classes(kind)
        cell.props["data-title"] = self._desk.visit.language(title)


def title_of(result: Result, language: Language) -> str:
    """The title of a weighing in a list."""
    if result.status is Status.FAILED:
        return language("No result")
    return wording.item_name(result.sold_label, result.name, language)


def status(result: Result) -> tuple[str, str]:
    """The outcome of a weighing: the style of its pill and its message."""
    if result.status is not Status.DONE:
        return STATES[result.status]
    confirmed = result.confirmed_label is not None and not result.needs_count
    outcomes = (
        (result.voided, ("bad", N_("Voided"))),
        (result.suspicious, ("ask", N_("Suspicious"))),
        (confirmed, ("good", N_("Confirmed"))),
        (result.needs_confirmation, ("ask", N_("Needs confirmation"))),
        (result.needs_count, ("ask", N_("Not counted"))),
    )
    return next((shown for holds, shown in outcomes if holds), STATES[Status.DONE])
