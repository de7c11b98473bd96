"""How the system is doing, in five panels."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from nicegui import ui

from frontend import charts, theme, wording
from frontend.api_client import Analytics, ApiError, Point, log_unreachable
from frontend.kiosk import Visit
from frontend.languages import N_, Language
from frontend.staff import StaffPage

UNREACHABLE = N_("The figures cannot be fetched right now. Please try again in a moment.")
PERIODS = ((1, N_("1 hour")), (24, N_("24 hours")), (24 * 7, N_("7 days")))


class AnalyticsPage(StaffPage):
    """The figures of a period."""

    path = "/analytics"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._hours = 24
        self._figures: Analytics | None = None
        self._problem: str | None = None

    def build(self) -> None:
        """Draw the page."""
        t = self.t
        with ui.element("div").classes("page-head"):
            theme.text(t("Analytics"), "h1")
            periods = [(hours, t(title)) for hours, title in PERIODS]
            theme.choice(t("Period"), periods, self._hours, self._choose)
            theme.action(t("Refresh"), self.begin, symbol="refresh").mark("refresh")
        self._panels()

    async def begin(self) -> None:
        """Fetch the figures anew."""
        try:
            self._figures = await self.visit.kiosk.api.analytics(self._hours, self.t.code)
        except ApiError as error:
            log_unreachable(error)
            self._problem = UNREACHABLE
        else:
            self._problem = None
        self._panels.refresh()

    async def _choose(self, hours: int) -> None:
        self._hours = hours
        await self.begin()
        self.screen.refresh()

    async def speak(self, language: Language) -> None:
        """Another language was chosen: names come in it."""
        if self.open:
            await self.begin()
        await super().speak(language)

    @ui.refreshable_method
    def _panels(self) -> None:
        t = self.t
        if self._problem is not None:
            theme.notice(t(self._problem), kind="calm").mark("problem")
        figures = self._figures
        if figures is None:
            if self._problem is None:
                with ui.element("p").classes("loading"):
                    theme.spinner()
                    theme.text(t("One moment…"))
            return
        points = every_period(figures)
        with ui.element("div").classes("panels"):
            self._requests(figures, points)
            self._latency(figures, points)
            self._low_confidence(figures, points)
            self._errors(figures, points)
            self._top_labels(figures)

    def _requests(self, figures: Analytics, points: list[Point]) -> None:
        t = self.t
        with self._panel("requests", t("Total requests")):
            theme.text(wording.count(figures.total_requests, t), "p").classes("figure-big")
            self._bars([point.requests for point in points], points, t("Requests over time"))

    def _latency(self, figures: Analytics, points: list[Point]) -> None:
        t = self.t
        latency = figures.latency_ms
        with self._panel("latency", t("Latency")):
            with ui.element("div").classes("figure-pair"):
                for kind, title, value in (
                    ("other", t("average"), latency.average),
                    ("main", t("p95"), latency.p95),
                ):
                    with ui.element("div").classes(f"figure-{kind}"):
                        theme.text(wording.milliseconds(value, t), "p").classes("figure-big")
                        theme.text(title, "p").classes("figure-note")
            averages = [point.latency_average for point in points]
            slowest = [point.latency_p95 for point in points]
            chart = charts.lines((averages, slowest), t("Average and p95 latency over time"))
            ui.html(chart, sanitize=False).classes("chart")

    def _low_confidence(self, figures: Analytics, points: list[Point]) -> None:
        t = self.t
        rate = figures.low_confidence_rate
        with self._panel("low-confidence", t("Low-confidence rate")):
            said = wording.EM_DASH if rate is None else wording.rate(rate, t)
            theme.text(said, "p").classes("figure-big")
            rates = [point.low_confidence_rate for point in points]
            self._bars(rates, points, t("Low-confidence rate over time"), share=True)

    def _errors(self, figures: Analytics, points: list[Point]) -> None:
        t = self.t
        with self._panel("errors", t("Errors")):
            theme.text(wording.count(figures.errors, t), "p").classes("figure-big")
            self._bars([point.errors for point in points], points, t("Errors over time"))

    def _top_labels(self, figures: Analytics) -> None:
        t = self.t
        with self._panel("top-labels", t("Top labels")):
            if not figures.top_labels:
                theme.text(t("Nothing has been weighed in this time"), "p").classes("figure-note")
                return
            most = max(label.count for label in figures.top_labels)
            with ui.element("ol").classes("ranking"):
                for label in figures.top_labels:
                    with ui.element("li"):
                        theme.picture(self.visit.kiosk.drawing(label.label), "", 28)
                        name = wording.item_name(label.label, label.name, t)
                        theme.text(name).classes("ranking-name")
                        bar = ui.element("span").classes("ranking-bar").props("aria-hidden=true")
                        bar.style(f"--share: {label.count / most:.3f}")
                        theme.text(wording.count(label.count, t)).classes("ranking-count")

    def _bars(
        self,
        values: list[float | None] | list[int],
        points: list[Point],
        label: str,
        *,
        share: bool = False,
    ) -> None:
        t = self.t
        titles = []
        for value, point in zip(values, points, strict=True):
            said = wording.percent(value or 0.0, t) if share else wording.count(int(value or 0), t)
            titles.append(f"{wording.clock_time(point.at, t)}: {said}")
        chart = charts.bars(list(values), titles, label, full=1.0 if share else None)
        ui.html(chart, sanitize=False).classes("chart")

    @contextmanager
    def _panel(self, name: str, title: str) -> Iterator[None]:
        with ui.element("section").classes(f"panel-card card {name}").mark(f"panel-{name}") as card:
            card.props["aria-label"] = title
            theme.text(title, "h2")
            yield


def every_period(figures: Analytics) -> list[Point]:
    """A point for each period; the API leaves out those without traffic."""
    step = timedelta(seconds=figures.period_seconds)
    periods = max(int((figures.end - figures.start) / step), 1)
    known = {int((point.at - figures.start) / step): point for point in figures.series}
    return [
        known.get(index)
        or Point(
            at=figures.start + index * step,
            requests=0,
            latency_average=None,
            latency_p95=None,
            low_confidence_rate=None,
            errors=0,
        )
        for index in range(periods)
    ]


def analytics_page(visit: Visit) -> None:
    """Build the page."""
    AnalyticsPage(visit).serve()
