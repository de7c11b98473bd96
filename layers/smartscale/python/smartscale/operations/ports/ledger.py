"""The immutable record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from smartscale.domain.catalogue import Item
from smartscale.domain.registry import ModelSwitch
from smartscale.domain.trial import Trial
from smartscale.domain.weighing import Weighing, event_version


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A recorded state of a weighing, without its text."""

    job_id: str
    event: str
    key: str

    @property
    def version(self) -> int:
        """The state's version."""
        return event_version(self.event)


class Ledger(Protocol):
    """The immutable record of every outcome and every administrative change.

    What is recorded under a number is taken for good: who comes second with another text is
    answered with the first one's. So a number tells what came later, and no clock does.
    """

    def append(self, weighing: Weighing) -> Weighing:
        """Record a weighing's state, and return what the ledger holds for this event: the very
        object that was given where this call has recorded it."""

    def record_item(self, item: Item) -> Item:
        """Record a version of an item, and return what the ledger holds for this version."""

    def record_switch(self, switch: ModelSwitch) -> ModelSwitch:
        """Record a request for a model, or how its import ended, and return what is held for it."""

    def record_trial(self, trial: Trial) -> Trial:
        """Record that a candidate is tried, or no longer, and return what is held for that."""

    def later_items(self, versions: Mapping[str, int], label: str | None = None) -> list[Item]:
        """The newest version of each item that is above the one given for its label.

        Args:
            versions: what is known already; a label that is missing has no version.
            label: look at this item alone.
        """

    def later_switch(self, generation: int) -> ModelSwitch | None:
        """The last recorded request for a model above a generation."""

    def later_trial(self, number: int, *, ended: bool) -> Trial | None:
        """The last recorded trial, where it is later than that of a number, begun or ended."""

    def earlier_changes(self) -> Iterator[Item | ModelSwitch | Trial]:
        """The changes that were recorded by their time, before they had numbers; in any order."""

    def outcomes(
        self, since: datetime | None, begun: datetime | None = None
    ) -> Iterator[LedgerEntry]:
        """Every state that was recorded at or after a moment, those of one weighing together.

        Args:
            since: None for whenever.
            begun: leaves out weighings that began on an earlier day.
        """

    def last_day(self) -> datetime | None:
        """The beginning of the last day on which a recorded weighing began."""

    def last(self, job_id: str) -> Weighing | None:
        """The last recorded state of a weighing."""

    def read(self, entry: LedgerEntry) -> Weighing | None:
        """A recorded state; None where a power cut left only a part of the record."""
