"""Which kept weighings somebody may still be looking at."""

import time

QUIET_S = 20.0
"""A weighing that was changed within so many seconds may still be on a screen."""


class Screens:
    """When each weighing was changed last. A restart forgets them: no screen outlives it."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self._quiet_s = quiet_s
        self._changed_at: dict[str, float] = {}

    def touch(self, weighing_id: str) -> None:
        """The weighing was changed: somebody looks at it."""
        self._changed_at[weighing_id] = time.monotonic()

    def leave(self, weighing_id: str) -> bool:
        """Nobody looks at the weighing any more; returns whether somebody did."""
        return self._changed_at.pop(weighing_id, None) is not None

    def may_show(self, weighing_id: str) -> bool:
        """Whether somebody may still look at the weighing, and change it."""
        changed_at = self._changed_at.get(weighing_id)
        return changed_at is not None and time.monotonic() - changed_at < self._quiet_s
