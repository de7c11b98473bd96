"""What a worker must know before a batch."""

from dataclasses import dataclass
from typing import Protocol

from smartscale.domain.asking import Asking
from smartscale.domain.registry import ModelSwitch
from smartscale.domain.trial import Trial


@dataclass(frozen=True)
class Briefing:
    """What a worker must know before a batch; what hangs on it is loaded when it has changed."""

    switch: ModelSwitch | None
    """The last request for a model."""
    trial: Trial | None
    """The last trial of a candidate."""
    asking: Asking | None
    """What the shop asks about."""
    memory: int
    """The number of the memory's newest version; 0 before the first."""
    catalogue: tuple[str, ...] = ()
    """The last changes of the catalogue, the newest last. Which model label is sold as which item
    is a part of the catalogue."""


class Briefings(Protocol):
    """The one record from which workers read it. Who changes something notes it there, too."""

    def read(self) -> Briefing | None:
        """What a worker must know; None where the record does not hold all of it yet."""

    def complete(self, briefing: Briefing) -> Briefing:
        """Add what the record does not hold yet, and return it; what it holds stands. The
        catalogue's changes are its own."""

    def announce_memory(self, number: int) -> None:
        """Note that a version of the memory is there, or is just about to be."""

    def forget(self) -> None:
        """Drop the record, so that the next worker makes it anew and all load everything again."""
