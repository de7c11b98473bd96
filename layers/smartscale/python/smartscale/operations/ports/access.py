"""Who may do what staff does."""

from datetime import datetime
from typing import Protocol


class AdminToken(Protocol):
    """The token that administrators show."""

    def current(self, *, fresh: bool = False) -> str:
        """The token; `fresh` for one that may have been replaced a moment ago.

        Raises:
            StoreUnavailable: it cannot be found out just now.
        """


class Refusals(Protocol):
    """How often a wrong admin token was shown, counted over all workers."""

    def count(self, key: str) -> int:
        """How many there were under a key."""

    def add(self, key: str, until: datetime) -> int:
        """One more; how many there are then. It may be forgotten after `until`."""
