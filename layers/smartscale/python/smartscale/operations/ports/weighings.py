"""The queryable state of weighings, and who hears of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol, Self

from smartscale.domain.weighing import ConfirmedBy, ModelRef, Status, Weighing
from smartscale.domain.weighing_completed import WeighingCompleted

ROWS_KEPT = timedelta(days=92)
"""How long a weighing has a row, where nobody chose another time; the ledger has it for good."""


@dataclass(frozen=True)
class HistoryFilter:
    """What a page of the history shows."""

    from_: datetime
    to: datetime
    scale_id: str | None = None
    label: str | None = None
    needs_confirmation: bool | None = None
    suspicious: bool | None = None
    upload_key: str | None = None
    status: Status | None = None


@dataclass(frozen=True)
class WeighingFacts:
    """What the figures of a shop need of a weighing; recognition latency is milliseconds from
    accepted to recognised."""

    scale_id: str
    created_at: datetime
    failed: bool
    asked: bool
    label: str | None
    confirmed_label: str | None
    confirmed_by: ConfirmedBy | None
    suspicious: bool
    confidence: Decimal | None
    model: ModelRef | None
    recognition_latency_ms: Decimal | None

    @classmethod
    def of(cls, weighing: Weighing) -> Self:
        """The facts of a weighing. One that was voided is no answer that somebody has checked."""
        counts = weighing.voided is None
        return cls(
            scale_id=weighing.scale_id,
            created_at=weighing.created_at,
            failed=weighing.status is Status.FAILED,
            asked=weighing.asked or weighing.needs_confirmation,
            label=weighing.label,
            confirmed_label=weighing.confirmed_label if counts else None,
            confirmed_by=weighing.confirmed_by if counts else None,
            suspicious=weighing.suspicious,
            model=weighing.model,
            confidence=weighing.confidence,
            recognition_latency_ms=weighing.timings.get("total_ms"),
        )


class Weighings(Protocol):
    """The queryable state of weighings."""

    def get(self, job_id: str) -> Weighing | None:
        """A weighing with its outcome, None while it has none."""

    def add(self, weighing: Weighing) -> bool:
        """Store a state unless there is any; tells whether it did."""

    def put(self, weighing: Weighing) -> bool:
        """Store a state unless the same or a later version is there; tells whether it did."""

    def put_all(self, weighings: Sequence[Weighing]) -> list[bool]:
        """Put up to 100 states, of different weighings; tells of each whether it was stored."""

    def versions(self, job_ids: Sequence[str]) -> Mapping[str, int]:
        """The versions of those of the ids that have an outcome."""

    def newest(self, wanted: HistoryFilter, before: str | None, limit: int) -> list[Weighing]:
        """Weighings by falling job id, from the one before `before`."""

    def facts(self, wanted: HistoryFilter, limit: int) -> list[WeighingFacts]:
        """The facts of the newest weighings, no more than `limit`."""


class Events(Protocol):
    """Where other systems hear what became of weighings."""

    def publish(self, event: WeighingCompleted) -> None:
        """Publish an event. Raises StoreUnavailable."""

    def publish_all(self, events: Sequence[WeighingCompleted]) -> list[WeighingCompleted]:
        """Publish events together; those that were not taken. Raises StoreUnavailable."""
