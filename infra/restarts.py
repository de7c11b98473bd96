"""How often, and how soon, a child that ended is started again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

STEADY_S = 60.0
"""After running this long a child did not fail at its start, so the count begins at zero."""
MOST = 5
_FIRST_PAUSE_S = 0.5


@dataclass
class Restarts:
    """Counts one child's restarts; the pauses between them double."""

    clock: Callable[[], float] = time.monotonic
    count: int = 0
    _last: float = field(default=float("-inf"))

    def next_pause(self) -> float | None:
        """Seconds to wait before the next start; None when it is time to give up."""
        now = self.clock()
        if now - self._last > STEADY_S:
            self.count = 0
        self._last = now
        self.count += 1
        if self.count > MOST:
            return None
        return 0.0 if self.count == 1 else float(_FIRST_PAUSE_S * 2 ** (self.count - 2))

    def failed(self) -> None:
        """Note that the start itself failed: the time it took was no steady run."""
        self._last = self.clock()
