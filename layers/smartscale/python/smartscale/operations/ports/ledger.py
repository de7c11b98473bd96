"""The immutable record."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from smartscale.domain.catalogue import Item
from smartscale.domain.registry import ModelSwitch
from smartscale.domain.trial import Trial
from smartscale.domain.weighing import Weighing


class Ledger(Protocol):
    """The immutable record of every outcome and every administrative change."""

    def append(self, weighing: Weighing) -> Weighing:
        """Record a weighing's state, and return what the ledger holds for this event.

        That is an earlier record when the same event was recorded before.
        """

    def record_item(self, item: Item, at: datetime) -> None:
        """Record a change of the catalogue."""

    def record_switch(self, switch: ModelSwitch) -> None:
        """Record a request for a model."""

    def record_trial(self, trial: Trial) -> None:
        """Record that a candidate is tried, or no longer."""

    def weighings(self, since: datetime | None) -> Iterator[Weighing]:
        """Every recorded state of weighings that began on or after the day of `since`."""

    def items(self, since: datetime | None) -> Iterator[Item]:
        """Catalogue changes on or after the day of `since`, in order."""

    def last_switch(self, since: datetime | None) -> ModelSwitch | None:
        """The last request for a model recorded on or after the day of `since`."""

    def last_trial(self, since: datetime | None) -> Trial | None:
        """The last trial recorded on or after the day of `since`, as it was last."""
