"""The metrics of a weighing, emitted as it happens or when it is rebuilt after a crash."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from smartscale.domain.prediction import NO_ITEM
from smartscale.domain.weighing import ConfirmedBy, Status, Weighing
from smartscale.operations.ports.metrics import Metric


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
    ]


def candidate_metrics(weighing: Weighing | None, *, agrees: bool | None = None) -> list[Metric]:
    """The figures of a candidate that was asked.

    Args:
        weighing: what it said; None for an error.
        agrees: whether the active model said the same; None where it was not asked.
    """
    if weighing is None:
        return [Metric("CandidateErrors", 1)]
    told = [
        Metric("CandidateErrors", 0),
        Metric("CandidateConfidence", float(weighing.confidence or 0)),
        Metric("CandidateLatency", float(weighing.timings["inference_ms"]), "Milliseconds"),
        Metric("CandidateLowConfidence", int(weighing.needs_confirmation)),
    ]
    return told if agrees is None else [*told, Metric("CandidateAgreement", int(agrees))]


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
    ]


def rebuilt_metrics(weighing: Weighing, *, outcome: bool) -> list[Metric]:
    """The metrics of a weighing whose row, and with it its metrics, were lost in a crash.

    Args:
        weighing: as rebuilt.
        outcome: whether its outcome was lost too, or only its last confirmation.
    """
    told: list[Metric] = []
    if outcome:
        told += _at(weighing.completed_at, outcome_metrics(weighing))
    if weighing.confirmed_at is not None:
        # The row no longer says whether the answer had needed the confirmation.
        told = [metric for metric in told if metric.name != "LowConfidence"]
        told += _at(weighing.confirmed_at, confirmation_metrics(weighing))
    return told


def _at(moment: datetime, metrics: list[Metric]) -> list[Metric]:
    return [replace(metric, at=moment) for metric in metrics]
