"""Looks after the service: whether it is there, what it sells, and what it has not been sent."""

import asyncio
import logging
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from frontend.api.client import ApiClient
from frontend.api.errors import ApiForbidden, ApiUnreachable
from frontend.offline.availability import LOOK_S, UNUSED_LOOKS, Availability
from frontend.offline.copy import CatalogueCopy
from frontend.offline.lessons import LessonsCopy
from frontend.offline.sender import Sender

PROBE_S = 2.0
"""How often a service that is away is asked whether it is back."""
_FRESH = timedelta(minutes=5)
"""How old the copy of the catalogue may become, where the service is asked more often."""
_LONGEST_PROBE_SHARE = 120
_HEALTH: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])

_log = logging.getLogger(__name__)


def probe_pause_s(tries: int, look_s: float, chance: float) -> float:
    """How long to wait before the next try to reach a service, or to send what is kept.

    It is the same pause each time in the shop. Where a service has many kiosks, all of them lost it
    in the same moment: they try less and less often, each at times of its own, so that it is not
    thrown down again as it comes back.

    Args:
        tries: how many were in vain.
        look_s: how often the service is asked while it is there: the rarer, the more kiosks.
        chance: from 0 to 1.

    Examples:
        >>> [probe_pause_s(tries, 15, 0.9) for tries in (1, 5)]
        [2.0, 2.0]
        >>> [probe_pause_s(tries, 3600, 0.5) for tries in (1, 2, 3, 9)]
        [2.0, 4.0, 8.0, 30.0]
    """
    longest = max(PROBE_S, look_s / _LONGEST_PROBE_SHARE)
    pause = min(longest, PROBE_S * 2.0 ** min(tries - 1, 16))
    return pause if longest == PROBE_S else pause * (0.5 + chance)


class Watch:
    """Asks the service now and then, from `start` to `stop`."""

    def __init__(
        self,
        service: ApiClient,
        availability: Availability,
        copies: tuple[CatalogueCopy, LessonsCopy],
        sender: Sender,
        look_s: float,
    ) -> None:
        """Nothing is asked before `start`.

        Args:
            service: what is looked after.
            availability: what knows whether it is there.
            copies: what is kept of it.
            sender: what sends it what it has not been sent.
            look_s: how often a service that is there is asked, while nothing is to be sent.
        """
        self._look_s, self._weighings = look_s, -1
        # Pages read the catalogue, too.
        self._fresh = max(_FRESH, timedelta(seconds=look_s / 2))
        self._service, self._availability = service, availability
        self._copy, self._lessons = copies
        self._sender = sender
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Stop, and wait until that is done."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def tend(self) -> bool:
        """Look after the service once, and send what waits; returns whether there is more to do
        soon.

        No more is asked than tells something: on AWS each request of each kiosk is paid for, day
        and night.
        """
        try:
            await self._probe()
            self._availability.note_reached()
            # Each time: what was just taught is to be known should the service go away now.
            await self._lessons.fetch(self._service)
            return await self._sender.send_kept()
        except ApiForbidden as error:
            # The service is there: shoppers go on with it, and what is kept waits for the operator.
            _log.warning("The service takes no word of this kiosk: %s", error)
            return True
        except ApiUnreachable as error:
            self._availability.note_lost(error)
            return True

    async def _watch(self) -> None:
        tries = 0
        while True:
            try:
                busy = await self.tend()
            except Exception:  # noqa: BLE001  what is kept waits for the next round, whatever it was
                _log.exception("A round of sending ended")
                busy = True
            tries = tries + 1 if busy else 0
            chance = random.random()  # noqa: S311  no secret: it tells kiosks apart
            pause = probe_pause_s(tries, self._look_s, chance) if busy else self._quiet_s()
            await self._availability.wait(pause)

    def _quiet_s(self) -> float:
        """How long to ask nothing: where each request is paid for, longer while nobody weighs."""
        weighings = self._availability.weighings
        asleep = weighings == self._weighings and self._look_s > LOOK_S
        self._weighings, self._availability.asleep = weighings, asleep
        return UNUSED_LOOKS * self._look_s if asleep else self._look_s

    async def _probe(self) -> None:
        """Reach the service: for its catalogue where the copy is old, else for its health, unless
        it is there as far as one knows, and about to be asked for lessons."""
        fetched_at = self._copy.fetched_at
        if fetched_at is None or datetime.now(UTC) - fetched_at > self._fresh:
            await self._copy.fetch(self._service)
        elif self._availability.cut_since is not None or not self._lessons.asks:
            await self._service.ask(_HEALTH, "GET", "health")
