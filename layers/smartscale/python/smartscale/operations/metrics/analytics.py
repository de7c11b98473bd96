"""How the system is doing: the five figures of the Analytics page, from the metrics."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from smartscale.operations.ports.metrics import MetricQueries, MetricQuery

TOP_LABELS = 10
_POINTS = 48
_TOTALS = (
    MetricQuery("Requests", "Sum"),
    MetricQuery("PredictionLatency", "Average"),
    MetricQuery("PredictionLatency", "p95"),
    MetricQuery("LowConfidence", "Average"),
    MetricQuery("Errors", "Sum"),
    MetricQuery("Taps", "Average"),
)


@dataclass(frozen=True)
class Point:
    """The figures of one period; latency in ms and rate are None when nothing was recognised."""

    at: datetime
    requests: int
    latency_average: float | None
    latency_p95: float | None
    low_confidence_rate: float | None
    errors: int
    taps: float | None
    """Taps per weighing."""


@dataclass(frozen=True)
class Analytics:
    """The figures of a time, in all and by period, with the labels that came most."""

    start: datetime
    end: datetime
    period_seconds: int
    total: Point
    series: tuple[Point, ...]
    top_labels: tuple[tuple[str, int], ...]


def analyse(queries: MetricQueries, now: datetime, span: timedelta) -> Analytics:
    """The figures of the `span` before `now`."""
    end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    start = end - span
    # CloudWatch keeps values older than 15 days by 5 minutes.
    grain = 60 if span <= timedelta(days=15) else 300
    period = max(grain, int(span.total_seconds()) // _POINTS // grain * grain)
    whole = int(span.total_seconds())
    series = _points(queries.series(_TOTALS, start, end, period))
    labels = queries.dimension_values("Label", "Label")
    counts = queries.series(
        [MetricQuery("Label", "Sum", {"Label": label}) for label in labels], start, end, whole
    )
    ranked = sorted(
        ((label, int(sum(found.values()))) for label, found in zip(labels, counts, strict=True)),
        key=lambda pair: (-pair[1], pair[0]),
    )
    return Analytics(
        start=start,
        end=end,
        period_seconds=period,
        total=_total(queries, series, start, end, whole),
        series=series,
        top_labels=tuple(pair for pair in ranked[:TOP_LABELS] if pair[1]),
    )


def _points(found: list[dict[datetime, float]]) -> tuple[Point, ...]:
    requests, average, p95, low, errors, taps = found
    return tuple(
        Point(
            at=at,
            requests=int(requests.get(at, 0)),
            latency_average=average.get(at),
            latency_p95=p95.get(at),
            low_confidence_rate=low.get(at),
            errors=int(errors.get(at, 0)),
            taps=taps.get(at),
        )
        for at in sorted(set().union(*found))
    )


def _total(
    queries: MetricQueries,
    series: tuple[Point, ...],
    start: datetime,
    end: datetime,
    whole: int,
) -> Point:
    sums = (
        MetricQuery("PredictionLatency", "Sum"),
        MetricQuery("PredictionLatency", "SampleCount"),
        MetricQuery("LowConfidence", "Sum"),
        MetricQuery("PredictionLatency", "p95"),
        MetricQuery("Taps", "Sum"),
        MetricQuery("Taps", "SampleCount"),
    )
    latency, count, low, p95, taps, tapped = queries.series(sums, start, end, whole)
    predictions = sum(count.values())
    return Point(
        at=start,
        requests=sum(point.requests for point in series),
        latency_average=sum(latency.values()) / predictions if predictions else None,
        # CloudWatch may split the span in two periods. Their p95 cannot be combined, so the worse
        # one is shown.
        latency_p95=max(p95.values(), default=None),
        low_confidence_rate=sum(low.values()) / predictions if predictions else None,
        errors=sum(point.errors for point in series),
        taps=sum(taps.values()) / sum(tapped.values()) if tapped else None,
    )
