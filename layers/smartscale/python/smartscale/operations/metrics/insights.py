"""Reads from weighings what was confused, how confidence drifts, and how each scale performs.

The rows are read, because a metric knows neither the confirmed label nor the scale.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from smartscale.operations.ports.weighings import HistoryFilter, WeighingFacts, Weighings

MOST_WEIGHINGS = 5_000
"""How many of the newest weighings are looked at, so that an answer takes seconds at most."""
MOST_PAIRS = 50


@dataclass(frozen=True)
class Confusion:
    """How often something was recognised as one item and confirmed as another, or the same."""

    predicted: str
    confirmed: str
    count: int


@dataclass(frozen=True)
class ConfidenceOfDay:
    """How sure the answers of a day were; the day is the shop's."""

    day: date
    weighings: int
    average: Decimal
    low_rate: Decimal
    """The share that needed a confirmation."""


@dataclass(frozen=True)
class ScaleHealth:
    """How one scale does; recognition latency (accepted to recognised) in ms, None where nothing
    was recognised."""

    scale_id: str
    last_seen: datetime
    weighings: int
    error_rate: Decimal
    low_confidence_rate: Decimal | None
    recognition_latency_average: Decimal | None
    recognition_latency_p95: Decimal | None


@dataclass(frozen=True)
class Insights:
    """What the weighings say. `since` is the first one that was looked at."""

    weighings: int
    complete: bool
    """Whether every weighing of the time was read, and not only the newest."""
    since: datetime | None
    confirmed: int
    confusion: tuple[Confusion, ...]
    confidence: tuple[ConfidenceOfDay, ...]
    scales: tuple[ScaleHealth, ...]


def insights_between(
    weighings: Weighings, start: datetime, end: datetime, zone: tzinfo = UTC
) -> Insights:
    """What the weighings between two moments say, or the newest 5,000 of them.

    Args:
        weighings: the store.
        start: the first moment.
        end: the last one.
        zone: whose days are told apart.
    """
    facts = weighings.facts(HistoryFilter(from_=start, to=end), MOST_WEIGHINGS + 1)
    return insights_of(facts[:MOST_WEIGHINGS], zone, complete=len(facts) <= MOST_WEIGHINGS)


def insights_of(
    facts: Sequence[WeighingFacts], zone: tzinfo = UTC, *, complete: bool = True
) -> Insights:
    """What some weighings say."""
    pairs = Counter(
        (one.label, one.confirmed_label) for one in facts if one.label and one.confirmed_label
    )
    ranked = sorted(pairs.items(), key=lambda pair: (-pair[1], pair[0]))
    return Insights(
        weighings=len(facts),
        complete=complete,
        since=min((one.created_at for one in facts), default=None),
        confirmed=pairs.total(),
        confusion=tuple(Confusion(*labels, count) for labels, count in ranked[:MOST_PAIRS]),
        confidence=_confidence(facts, zone),
        scales=_scales(facts),
    )


def _confidence(facts: Sequence[WeighingFacts], zone: tzinfo) -> tuple[ConfidenceOfDay, ...]:
    days: dict[date, list[WeighingFacts]] = defaultdict(list)
    for one in facts:
        if one.confidence is not None:
            days[one.created_at.astimezone(zone).date()].append(one)
    return tuple(
        ConfidenceOfDay(
            day=day,
            weighings=len(found),
            average=_average([one.confidence for one in found if one.confidence is not None]),
            low_rate=_share(sum(one.asked for one in found), len(found)),
        )
        for day, found in sorted(days.items())
    )


def _scales(facts: Sequence[WeighingFacts]) -> tuple[ScaleHealth, ...]:
    scales: dict[str, list[WeighingFacts]] = defaultdict(list)
    for one in facts:
        scales[one.scale_id].append(one)
    return tuple(_health(scale_id, found) for scale_id, found in sorted(scales.items()))


def _health(scale_id: str, facts: Sequence[WeighingFacts]) -> ScaleHealth:
    answered = [one for one in facts if not one.failed]
    latencies = sorted(
        one.recognition_latency_ms for one in answered if one.recognition_latency_ms is not None
    )
    return ScaleHealth(
        scale_id=scale_id,
        last_seen=max(one.created_at for one in facts),
        weighings=len(facts),
        error_rate=_share(len(facts) - len(answered), len(facts)),
        low_confidence_rate=(
            _share(sum(one.asked for one in answered), len(answered)) if answered else None
        ),
        recognition_latency_average=_average(latencies) if latencies else None,
        recognition_latency_p95=latencies[math.ceil(len(latencies) * 95 / 100) - 1]
        if latencies
        else None,
    )


def _average(values: Sequence[Decimal]) -> Decimal:
    return (sum(values, Decimal(0)) / len(values)).quantize(Decimal("0.0001"))


def _share(part: int, whole: int) -> Decimal:
    return (Decimal(part) / whole).quantize(Decimal("0.0001"))
