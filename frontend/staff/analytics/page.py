"""How the system is doing: five panels of figures, and what the weighings say."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from nicegui import ui

from frontend.kiosk import Visit
from frontend.offline.api import OfflineApi
from frontend.screen import theme
from frontend.staff.analytics.chart import (
    ALERT,
    MAIN,
    OTHER,
    Chart,
    Series,
    canvas,
    take_away,
)
from frontend.staff.page import StaffPage
from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.analytics import Analytics, Asking, Insights, Point, ScaleHealth

PERIODS = (
    (1, N_("1 hour")),
    (24, N_("24 hours")),
    (24 * 7, N_("7 days")),
    (24 * 31, N_("31 days")),
)
MOST_CONFUSED = 12
"""How many items the picture of confusions shows; the table has all."""
FEW = 4
"""Up to this many names fit side by side below a chart."""


class AnalyticsPage(StaffPage):
    """The figures of a period."""

    path = "/analytics"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._hours = 24
        self._figures: Analytics | None = None

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
        """Fetch the figures again."""

        hours = self._hours

        async def fetch(api: OfflineApi) -> None:
            figures = await api.service.analytics(hours, self.t.code)
            if hours == self._hours:  # else another period was chosen meanwhile
                self._figures = figures

        self.session.touch()
        await self.desk.ask_shop(fetch)
        self._panels.refresh()

    async def _choose(self, hours: int) -> None:
        self._hours = hours
        await self.begin()

    async def speak(self, language: Language) -> None:
        """The language changed: fetch the names in it."""
        if self.open:
            await self.begin()
        await super().speak(language)

    @ui.refreshable_method
    def _panels(self) -> None:
        figures = self._figures
        if figures is None:
            self.desk.awaiting(self.begin)
            return
        points = every_period(figures)
        with ui.element("div").classes("charts"):
            self._requests(figures, points)
            self._latency(figures, points)
            self._low_confidence(figures, points)
            self._risk(figures.asking)
            self._taps(figures, points)
            self._errors(figures, points)
            self._top_labels(figures)
            if figures.insights is not None:
                self._confidence(figures.insights)
                self._confusion(figures.insights)
                self._scales(figures.insights)

    # ------------------------------------------------------------------ the five figures

    def _requests(self, figures: Analytics, points: list[Point]) -> None:
        t = self.t
        with self._panel("requests", t("Total requests")):
            theme.text(wording.count(figures.total_requests, t), "p").classes("figure-big")
            values = [float(point.requests) for point in points]
            series = Series(t("Requests"), values, "bar", OTHER)
            self._over_time("requests", t("Requests over time"), points, series)

    def _latency(self, figures: Analytics, points: list[Point]) -> None:
        t = self.t
        latency = figures.latency_ms
        with self._panel("latency", t("Latency")):
            _pair(
                ("other", t("average"), wording.milliseconds(latency.average, t)),
                ("main", t("p95"), wording.milliseconds(latency.p95, t)),
            )
            averages = [_rounded(point.latency_average) for point in points]
            slowest = [_rounded(point.latency_p95) for point in points]
            self._over_time(
                "latency",
                t("Average and p95 latency over time"),
                points,
                Series(t("average"), averages, "line", OTHER),
                Series(t("p95"), slowest, "line", MAIN),
                unit=f" {wording.sign('duration-millisecond', t)}",
            )

    def _low_confidence(self, figures: Analytics, points: list[Point]) -> None:
        t = self.t
        rate = figures.low_confidence_rate
        with self._panel("low-confidence", t("Low-confidence rate")):
            words = wording.EM_DASH if rate is None else wording.rate(rate, t)
            theme.text(words, "p").classes("figure-big")
            rates = [_percent(point.low_confidence_rate) for point in points]
            self._over_time(
                "low-confidence",
                t("Low-confidence rate over time"),
                points,
                Series(t("Low confidence"), rates, "bar", OTHER),
                unit=" %",
                top=100.0,
            )

    def _risk(self, asking: Asking) -> None:
        t = self.t
        with self._panel("risk", t("Wrong among unasked answers")):
            if asking.risk is None or asking.risk_bound is None:
                theme.text(wording.EM_DASH, "p").classes("figure-big")
            else:
                _pair(
                    ("main", t("estimated"), wording.rate(asking.risk, t)),
                    ("other", t("hardly more than"), wording.rate(asking.risk_bound, t)),
                )
            theme.text(
                t(
                    "Up to {share} may be wrong. So far {n} answers were checked.",
                    share=wording.rate(asking.wanted, t),
                    n=wording.count(asking.checked, t),
                ),
                "p",
            ).classes("figure-note")

    def _taps(self, figures: Analytics, points: list[Point]) -> None:
        t = self.t
        spent = figures.asking.taps
        with self._panel("taps", t("Taps per weighing")):
            words = wording.EM_DASH if spent is None else wording.decimal(spent, t)
            theme.text(words, "p").classes("figure-big")
            values = [_hundredths(point.taps) for point in points]
            series = Series(t("Taps"), values, "line", MAIN)
            self._over_time("taps", t("Taps per weighing over time"), points, series)

    def _errors(self, figures: Analytics, points: list[Point]) -> None:
        t = self.t
        with self._panel("errors", t("Errors")):
            theme.text(wording.count(figures.errors, t), "p").classes("figure-big")
            values = [float(point.errors) for point in points]
            series = Series(t("Errors"), values, "bar", ALERT)
            self._over_time("errors", t("Errors over time"), points, series)

    def _over_time(
        self,
        name: str,
        title: str,
        points: list[Point],
        *series: Series,
        unit: str = "",
        top: float | None = None,
    ) -> None:
        t = self.t
        times = [wording.clock_time(point.at, t) for point in points]
        Chart(name, title, times, series, unit, t("Time"), top).build(t)

    def _top_labels(self, figures: Analytics) -> None:
        t = self.t
        with self._panel("top-labels", t("Top labels")):
            if not figures.top_labels:
                theme.text(t("Nothing has been weighed in this time"), "p").classes("figure-note")
                return
            names = [wording.item_name(one.label, one.name, t) for one in figures.top_labels]
            counts = [float(one.count) for one in figures.top_labels]
            series = Series(t("Weighings"), counts, "bar", OTHER)
            chart = Chart(
                "top-labels", t("Top labels"), names, [series], place=t("Item"), across=True
            )
            chart.build(t)

    # ------------------------------------------------------------------ what weighings say

    def _confidence(self, insights: Insights) -> None:
        t = self.t
        with self._panel("confidence", t("Confidence over days")):
            self._of_which(insights)
            days = [wording.day(one.day, t) for one in insights.confidence]
            Chart(
                "confidence",
                t("Confidence over days"),
                days,
                (
                    Series(
                        t("Average confidence"),
                        [_percent(one.average) for one in insights.confidence],
                        "line",
                        MAIN,
                    ),
                    Series(
                        t("Low-confidence rate"),
                        [_percent(one.low_rate) for one in insights.confidence],
                        "line",
                        ALERT,
                    ),
                ),
                unit=" %",
                place=t("Day"),
                top=100.0,
            ).build(t)

    def _of_which(self, insights: Insights) -> None:
        """Say so where the figures cover only the newest weighings."""
        t = self.t
        if not insights.complete and insights.since is not None:
            since = wording.clock_time(insights.since, t)
            words = t.plural(
                "From the newest weighing, since {time}.",
                "From the newest {n} weighings, since {time}.",
                insights.weighings,
                time=since,
            )
            theme.text(words, "p").classes("figure-note")

    def _confusion(self, insights: Insights) -> None:
        t = self.t
        with self._panel("confusion", t("Confirmed against predicted")):
            if not insights.confusion:
                theme.text(t("Nothing has been confirmed in this time"), "p").classes("figure-note")
                return
            right = sum(one.count for one in insights.confusion if one.predicted == one.confirmed)
            share = wording.rate(right / insights.confirmed, t)
            words = t.plural(
                "{share} of {n} confirmed weighing was right.",
                "{share} of {n} confirmed weighings were right.",
                insights.confirmed,
                share=share,
            )
            theme.text(words, "p").classes("figure-note")
            theme.text(
                t("From left to right what was recognised, from top to bottom what it was."), "p"
            ).classes("figure-note")
            drawn = self._confusion_map(insights)
            rows = [[t("Recognised as"), t("Confirmed as"), t("Weighings")]]
            for one in insights.confusion:
                predicted = wording.item_name(one.predicted, one.predicted_name, t)
                rows.append([predicted, one.confirmed_name, str(one.count)])
            take_away("confusion", t("Confirmed against predicted"), rows, t, drawn)

    def _confusion_map(self, insights: Insights) -> ui.echart:
        """A square for each pair of items, the darker the more often."""
        t = self.t
        often: Counter[str] = Counter()
        names: dict[str, str] = {}
        for one in insights.confusion:
            often.update({one.predicted: one.count})
            often.update({one.confirmed: one.count})
            names[one.confirmed] = one.confirmed_name
            names.setdefault(one.predicted, wording.item_name(one.predicted, one.predicted_name, t))
        labels = sorted(label for label, _ in often.most_common(MOST_CONFUSED))
        place = {label: number for number, label in enumerate(labels)}
        squares = [
            {
                "name": f"{names[one.predicted]} → {names[one.confirmed]}",
                "value": [place[one.predicted], place[one.confirmed], one.count],
            }
            for one in insights.confusion
            if one.predicted in place and one.confirmed in place
        ]
        shown = [names[label] for label in labels]
        rotated = 40 if len(labels) > FEW else 0
        axis = {
            "type": "category",
            "data": shown,
            "axisLabel": {"color": "#17211b"},
            "splitLine": {"show": True, "lineStyle": {"color": "#e9eeea"}},
        }
        options = {
            "textStyle": {"fontFamily": "inherit", "fontSize": 14},
            "animation": False,
            "grid": {"left": 8, "right": 16, "top": 12, "bottom": 8, "containLabel": True},
            "tooltip": {"trigger": "item", "confine": True},
            "xAxis": axis | {"axisLabel": {"color": "#17211b", "rotate": rotated}},
            "yAxis": axis | {"inverse": True},
            "visualMap": {
                "show": False,
                "min": 0,
                "max": max((one.count for one in insights.confusion), default=1),
                "inRange": {"color": ["#e6f3ea", "#6fbf8c"]},
            },
            "series": [
                {
                    "name": t("Weighings"),
                    "type": "heatmap",
                    "data": squares,
                    "label": {"show": True, "color": "#17211b"},
                    "itemStyle": {"borderColor": "#fff", "borderWidth": 2},
                }
            ],
        }
        return canvas(options, t("Confirmed against predicted"), f"{len(labels) * 34 + 180}px")

    def _scales(self, insights: Insights) -> None:
        t = self.t
        with self._panel("scales", t("Scales")):
            if not insights.scales:
                theme.text(t("Nothing has been weighed in this time"), "p").classes("figure-note")
                return
            with ui.element("ul").classes("entries"):
                for scale in insights.scales:
                    self._scale(scale)
            head = (N_("Scale"), N_("Last seen"), N_("Weighings"), N_("Errors"))
            more = (N_("Low confidence"), N_("Recognised, average"), N_("Recognised, p95"))
            rows = [[t(title) for title in (*head, *more)]]
            rows += [
                [
                    one.scale_id,
                    one.last_seen.isoformat(),
                    str(one.weighings),
                    f"{one.error_rate:g}",
                    "" if one.low_confidence_rate is None else f"{one.low_confidence_rate:g}",
                    ""
                    if one.recognition_latency_average is None
                    else f"{one.recognition_latency_average:g}",
                    ""
                    if one.recognition_latency_p95 is None
                    else f"{one.recognition_latency_p95:g}",
                ]
                for one in insights.scales
            ]
            take_away("scales", t("Scales"), rows, t, None)

    def _scale(self, scale: ScaleHealth) -> None:
        t = self.t
        kind, words = health_of(scale)
        seen = wording.clock_time(scale.last_seen, t)
        low = scale.low_confidence_rate
        facts = [
            t("last seen {time}", time=seen),
            t.plural("{n} weighing", "{n} weighings", scale.weighings),
            t("{share} errors", share=wording.rate(scale.error_rate, t)),
        ]
        if low is not None:
            facts.append(t("{share} with low confidence", share=wording.rate(low, t)))
        if scale.recognition_latency_average is not None:
            facts.append(
                t(
                    "recognised in {average} on average, p95 {p95}",
                    average=wording.milliseconds(scale.recognition_latency_average, t),
                    p95=wording.milliseconds(scale.recognition_latency_p95, t),
                )
            )
        with (
            ui.element("li").classes("entry").mark("scale"),
            ui.element("div").classes("entry-text"),
        ):
            with ui.element("div").classes("entry-head"):
                theme.text(scale.scale_id).classes("entry-name")
                theme.text(t(words)).classes(f"pill {kind}")
            theme.text(" · ".join(facts), "p").classes("hint")

    @contextmanager
    def _panel(self, name: str, title: str) -> Iterator[None]:
        with ui.element("section").classes(f"panel-card card {name}").mark(f"panel-{name}") as card:
            card.props["aria-label"] = title
            theme.text(title, "h2")
            yield


def health_of(scale: ScaleHealth) -> tuple[str, str]:
    """The verdict on a scale: the style of its pill and its message."""
    if scale.error_rate > MANY_ERRORS:
        return "bad", N_("Many errors")
    if (scale.low_confidence_rate or 0) > OFTEN_UNSURE:
        return "ask", N_("Often unsure")
    return "good", N_("Healthy")


MANY_ERRORS, OFTEN_UNSURE = 0.05, 0.5
"""From these shares upwards somebody should check the scale."""


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


def _pair(*figures: tuple[str, str, str]) -> None:
    """Draw two figures side by side, each with its kind and its title."""
    with ui.element("div").classes("figure-pair"):
        for kind, title, figure in figures:
            with ui.element("div").classes(f"figure-{kind}"):
                theme.text(figure, "p").classes("figure-big")
                theme.text(title, "p").classes("figure-note")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _hundredths(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _percent(share: float | None) -> float | None:
    return None if share is None else round(share * 100, 1)


def analytics_page(visit: Visit) -> None:
    """Build the page."""
    AnalyticsPage(visit).serve()
