"""Values for the operators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from smartscale.domain import correlation


@dataclass(frozen=True)
class Metric:
    """One value for the operators. The unit is CloudWatch's; `at` is None for now."""

    name: str
    value: float
    unit: Literal["Count", "Milliseconds", "Seconds", "None"] = "Count"
    dimensions: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    correlation_id: str | None = field(default_factory=correlation.current, compare=False)
    """The weighing it was told of; a note in the log, no dimension."""


class Metrics(Protocol):
    """Where values for the operators go."""

    def emit(self, metrics: Sequence[Metric]) -> None:
        """Publish values."""


@dataclass(frozen=True)
class MetricQuery:
    """One statistic (Sum, Average, SampleCount, p95) of one metric."""

    name: str
    statistic: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    namespace: str | None = None
    """Whose metric; None for our own."""


class MetricQueries(Protocol):
    """What the operators' values were."""

    def series(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        """For each query its values by the start of their period, where there are any.

        Raises:
            StoreUnavailable: they cannot be read just now.
        """

    def dimension_values(self, name: str, dimension: str) -> list[str]:
        """The values a metric's dimension has had."""
