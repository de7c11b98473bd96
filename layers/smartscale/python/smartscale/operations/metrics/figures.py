"""The metrics of a weighing, emitted as it happens or when it is rebuilt after a crash."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from smartscale.domain.asking import Asking
from smartscale.domain.prediction import NO_ITEM
from smartscale.domain.taps import taps_of
from smartscale.domain.weighing import ConfirmedBy, Status, Weighing
from smartscale.operations.ports.metrics import Metric

OF_WEIGHINGS = (
    "Requests",
    "Errors",
    "PredictionLatency",
    "Predictions",
    "InferenceLatency",
    "LowConfidence",
    "Confidence",
    "NoItem",
    "Label",
    "Confirmations",
    "Corrected",
    "CorrectedByLabel",
    "Suspicious",
    "Taps",
)
"""What the ledger's records tell, so that it can be told again from them."""


def outcome_metrics(
    weighing: Weighing, latency_ms: Decimal | None = None, *, failed_before: bool = False
) -> list[Metric]:
    """The figures of an outcome.

    Args:
        weighing: done or failed.
        latency_ms: milliseconds from accepted to stored; where unknown, those from accepted to
            recognised stand in.
        failed_before: it was counted as a request when it failed, and no shopper has waited
            since.
    """
    if weighing.status is not Status.DONE:
        return [Metric("Requests", 1), Metric("Errors", 1)]
    latency = weighing.timings["total_ms"] if latency_ms is None else latency_ms
    as_request = [
        Metric("Requests", 1),
        Metric("Errors", 0),
        Metric("PredictionLatency", float(latency), "Milliseconds"),
    ]
    return [
        *([] if failed_before else as_request),
        Metric("Predictions", 1),
        Metric("InferenceLatency", float(weighing.timings["inference_ms"]), "Milliseconds"),
        Metric("LowConfidence", int(weighing.needs_confirmation)),
        Metric("Confidence", float(weighing.confidence or 0), "None"),
        Metric("NoItem", int(weighing.label in NO_ITEM)),
        Metric("Label", 1, dimensions={"Label": str(weighing.label)}),
        # One that is asked about costs taps when it is confirmed.
        *([] if weighing.needs_confirmation else [Metric("Taps", 0)]),
    ]


def candidate_metrics(weighing: Weighing | None, *, agrees: bool | None = None) -> list[Metric]:
    """The figures of a candidate that was asked.

    Args:
        weighing: what it said; None for an error.
        agrees: whether the active model said the same; None where it was not asked.
    """
    if weighing is None:
        return [Metric("CandidateErrors", 1)]
    metrics = [
        Metric("CandidateErrors", 0),
        Metric("CandidateConfidence", float(weighing.confidence or 0)),
        Metric("CandidateLatency", float(weighing.timings["inference_ms"]), "Milliseconds"),
        Metric("CandidateLowConfidence", int(weighing.needs_confirmation)),
    ]
    return metrics if agrees is None else [*metrics, Metric("CandidateAgreement", int(agrees))]


def confirmation_metrics(weighing: Weighing) -> list[Metric]:
    """The figures of a weighing's last confirmation; none where no person confirmed."""
    if weighing.confirmed_by is ConfirmedBy.KIOSK:
        return []
    return [
        Metric("Confirmations", 1),
        Metric("Corrected", int(weighing.was_corrected)),
        # A name of its own: emulators add up the values of one name over all its dimensions.
        Metric(
            "CorrectedByLabel",
            int(weighing.was_corrected),
            dimensions={"Label": str(weighing.label)},
        ),
        Metric("Suspicious", int(weighing.suspicious)),
        *_taps(weighing),
    ]


def _taps(weighing: Weighing) -> list[Metric]:
    """What a confirmation at the scale took; what an attendant puts right later holds up nobody."""
    spent = taps_of(weighing)
    if spent is None or weighing.confirmed_by is not ConfirmedBy.SHOPPER:
        return []
    return [Metric("Taps", spent)]


def risk_metrics(asking: Asking) -> list[Metric]:
    """What unasked answers risk in this shop, as far as one can tell."""
    known = (("Risk", asking.risk), ("RiskBound", asking.bound))
    return [Metric(name, float(share)) for name, share in known if share is not None]


def outcome_metrics_of(weighing: Weighing) -> list[Metric]:
    """The figures of an outcome that was stored before, whatever was confirmed since."""
    as_answered = weighing.model_copy(
        update={"needs_confirmation": weighing.asked or weighing.needs_confirmation}
    )
    return _at(weighing.completed_at, outcome_metrics(as_answered))


def recorded_metrics(weighing: Weighing, *, failed_before: bool) -> list[Metric]:
    """The figures of one record of the ledger, at the time of what it records.

    Args:
        weighing: as recorded: its outcome, or one of its confirmations.
        failed_before: whether the ledger has a record, too, that it failed.
    """
    if weighing.acted_last:
        return []
    if weighing.confirmations:
        return _at(weighing.confirmed_at or weighing.completed_at, confirmation_metrics(weighing))
    done_later = failed_before and weighing.status is Status.DONE
    return _at(weighing.completed_at, outcome_metrics(weighing, failed_before=done_later))


def _at(moment: datetime, metrics: list[Metric]) -> list[Metric]:
    return [replace(metric, at=moment) for metric in metrics]
