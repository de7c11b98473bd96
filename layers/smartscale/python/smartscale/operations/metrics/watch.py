"""Metrics of the system itself that a worker emits: queue, cold starts, throttles, cost.

AWS counts some of these, but under names that differ from stack to stack, and emulators count few.
Under our own names they are the same in all three places.
"""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Self

from smartscale.domain.errors import StoreUnavailable
from smartscale.operations.ports.metrics import Metric, MetricQueries, MetricQuery
from smartscale.operations.ports.queues import Backlog

COSTS = Path(__file__).parents[2] / "costs.json"
"""Written by `python -m infra.sizing.marginal` from the price table of `smartscale cost`."""
THROTTLED_SPAN = timedelta(minutes=5)
_LOOK_EVERY = timedelta(minutes=1)
_DEPTH = "QueueDepth"
_THROTTLES = "Throttles"
_ELSEWHERE = "us-east-1"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Costs:
    """What 1,000 weighings cost in USD: the inference function's GB-seconds, and all the rest."""

    besides: Decimal
    gb_second: Decimal

    @classmethod
    def of(cls, region: str, machine: str) -> Self:
        """The list prices of a region; those of another one where it is not in the table."""
        table = json.loads(COSTS.read_text(encoding="utf-8"))["regions"]
        prices = table.get(region) or table[_ELSEWHERE]
        architecture = "arm64" if machine in {"arm64", "aarch64"} else "x86_64"
        return cls(
            Decimal(prices["per_thousand_besides_inference"]),
            Decimal(prices[f"gb_second_{architecture}"]),
        )

    def per_thousand(self, gb_seconds: Decimal) -> Decimal:
        """What 1,000 weighings cost when each takes so many GB-seconds of inference."""
        return self.besides + 1000 * gb_seconds * self.gb_second


@dataclass(frozen=True)
class Work:
    """One batch: how long each message had waited, how many were weighings, what it took."""

    waited: Sequence[timedelta]
    weighings: int
    took: timedelta
    memory_mb: int


class Watch:
    """Makes the system's metrics after each batch. No error here fails the batch."""

    def __init__(
        self,
        backlog: Backlog,
        queries: MetricQueries,
        costs: Costs,
        now: Callable[[], datetime],
    ) -> None:
        self._backlog = backlog
        self._queries = queries
        self._costs = costs
        self._now = now
        self._cold = True
        self._looked = dict.fromkeys((_DEPTH, _THROTTLES), datetime.min.replace(tzinfo=UTC))

    def metrics(self, work: Work, *, may_ask: bool = True) -> list[Metric]:
        """The figures after a batch.

        Args:
            work: the batch.
            may_ask: whether one call may be made for them: for what is due, about once a minute.
        """
        # Zeros too: a missing value would look like a metric that is not emitted.
        metrics = [Metric("ColdStarts", int(self._cold)), Metric("DeadLetters", 0)]
        self._cold = False
        if work.waited:
            oldest = max(work.waited).total_seconds()
            metrics.append(Metric("QueueAge", max(0.0, oldest), "Seconds"))
        if work.weighings:
            metrics += work.weighings * [Metric("CostPerThousand", self._cost(work), "None")]
        try:
            if may_ask:
                metrics += self._asked()
        except StoreUnavailable as error:
            _log.warning("the queue or its figures cannot be read: %s", error)
        return metrics

    def _cost(self, work: Work) -> float:
        seconds = Decimal(str(work.took.total_seconds())) / work.weighings
        gb_seconds = seconds * work.memory_mb / 1024
        return float(self._costs.per_thousand(gb_seconds))

    def _asked(self) -> list[Metric]:
        """What it takes a call to know: the one that has not been looked up for longest, if any."""
        now = self._now()
        name, looked = min(self._looked.items(), key=itemgetter(1))
        if now - looked < _LOOK_EVERY:
            return []
        self._looked[name] = now
        return [Metric(name, self._backlog.waiting() if name == _DEPTH else self._throttles(now))]

    def _throttles(self, now: datetime) -> float:
        """What Lambda turned away in this account lately.

        All functions of an account share its limit, so it is the account that counts.
        """
        query = MetricQuery("Throttles", "Sum", namespace="AWS/Lambda")
        [found] = self._queries.series([query], now - THROTTLED_SPAN, now, 60)
        return sum(found.values())
