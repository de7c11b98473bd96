"""Whether the service can be reached."""

import asyncio
import logging
from datetime import UTC, datetime

from frontend.api.errors import ApiError

LOOK_S = 15.0
"""How often a service that is there is asked, while nothing is to be sent."""
LOOK_PAID_S = 3600.0
"""The same for one that takes money for each request."""
UNUSED_LOOKS = 4
"""How many looks are left out where nobody weighs: a shop is closed for half of the day."""

_log = logging.getLogger(__name__)


class Availability:
    """Since when the service is away, as far as requests have shown."""

    def __init__(self) -> None:
        self.cut_since: datetime | None = None
        """None while the service is there."""
        self.weighings = 0
        """How often somebody has weighed."""
        self.asleep = False
        """Whether the service is asked less often, as nobody weighs."""
        self._wake = asyncio.Event()

    def note_used(self) -> None:
        """Somebody weighs; after a night what is known of the service is old."""
        self.weighings += 1
        if self.asleep:
            self.wake()

    def note_lost(self, error: ApiError) -> None:
        """A request did not reach the service."""
        if self.cut_since is None:
            self.cut_since = datetime.now(UTC)
            _log.warning("The service is away, this kiosk goes on by itself: %s", error)
            self.wake()

    def note_reached(self) -> None:
        """A request has reached the service."""
        if self.cut_since is not None:
            _log.info("The service is back.")
            self.cut_since = None

    def wake(self) -> None:
        """Have whoever waits in `wait` look after the service at once."""
        self._wake.set()

    async def wait(self, longest_s: float) -> None:
        """Wait until somebody calls `wake`, or for so many seconds."""
        try:
            async with asyncio.timeout(longest_s):
                await self._wake.wait()
        except TimeoutError:
            return
        finally:
            self._wake.clear()
