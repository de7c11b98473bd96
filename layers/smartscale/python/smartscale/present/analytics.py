"""The figures as the API shows them, with labels named for people."""

from collections.abc import Mapping
from decimal import Decimal

from smartscale.contract import analytics as documents
from smartscale.domain.asking import Asking
from smartscale.operations.metrics.analytics import Analytics
from smartscale.operations.metrics.insights import Insights


def analytics(
    figures: Analytics, insights: Insights, asking: Asking, names: Mapping[str, str]
) -> documents.Analytics:
    """The document of a time; `names` says what labels are called."""
    total = figures.total
    return documents.Analytics(
        start=figures.start,
        end=figures.end,
        period_seconds=figures.period_seconds,
        total_requests=total.requests,
        latency_ms=documents.Latency(average=total.latency_average, p95=total.latency_p95),
        low_confidence_rate=total.low_confidence_rate,
        errors=total.errors,
        top_labels=tuple(
            documents.LabelCount(label=label, name=names.get(label, label), count=count)
            for label, count in figures.top_labels
        ),
        series=tuple(
            documents.Point.model_validate(point, from_attributes=True) for point in figures.series
        ),
        asking=asking_document(asking).model_copy(
            update={"asked": total.low_confidence_rate, "taps": total.taps}
        ),
        insights=_insights(insights, names),
    )


def asking_document(asking: Asking) -> documents.Asking:
    """What the shop asks about."""
    return documents.Asking(
        wanted=float(asking.wanted),
        threshold=_share(asking.threshold),
        risk=_share(asking.risk),
        risk_bound=_share(asking.bound),
        checked=asking.checked,
        audited=float(asking.audited),
        at=asking.at,
    )


def _share(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _insights(insights: Insights, names: Mapping[str, str]) -> documents.Insights:
    return documents.Insights(
        weighings=insights.weighings,
        complete=insights.complete,
        since=insights.since,
        confirmed=insights.confirmed,
        confusion=tuple(
            documents.Confusion(
                predicted=pair.predicted,
                predicted_name=names.get(pair.predicted, pair.predicted),
                confirmed=pair.confirmed,
                confirmed_name=names.get(pair.confirmed, pair.confirmed),
                count=pair.count,
            )
            for pair in insights.confusion
        ),
        confidence=tuple(
            documents.ConfidenceOfDay.model_validate(day, from_attributes=True)
            for day in insights.confidence
        ),
        scales=tuple(
            documents.ScaleHealth.model_validate(scale, from_attributes=True)
            for scale in insights.scales
        ),
    )
