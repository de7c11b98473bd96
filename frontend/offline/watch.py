"""Looks after the service: whether it is there, what it sells, and what it has not been sent."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from frontend.api.client import ApiClient
from frontend.api.errors import ApiForbidden, ApiUnreachable
from frontend.offline.availability import Availability
from frontend.offline.copy import CatalogueCopy
from frontend.offline.lessons import LessonsCopy
from frontend.offline.sender import Sender

PROBE_S = 2.0
"""How often a service that is away is asked whether it is back."""
IDLE_S = 15.0
"""How often a service that is there is asked, while nothing is to be sent."""
_FRESH = timedelta(minutes=5)
"""How old the copy of the catalogue may become."""
_HEALTH: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])

_log = logging.getLogger(__name__)


class Watch:
    """Asks the service now and then, from `start` to `stop`."""

    def __init__(
        self,
        service: ApiClient,
        availability: Availability,
        copies: tuple[CatalogueCopy, LessonsCopy],
        sender: Sender,
    ) -> None:
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
        """Ask the service once, and send what waits; returns whether there is more to do soon."""
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
        while True:
            try:
                busy = await self.tend()
            except Exception:  # noqa: BLE001  what is kept waits for the next round, whatever it was
                _log.exception("A round of sending ended")
                busy = True
            await self._availability.wait(PROBE_S if busy else IDLE_S)

    async def _probe(self) -> None:
        """Reach the service: for its catalogue where the copy is old, else for its health."""
        fetched_at = self._copy.fetched_at
        if fetched_at is None or datetime.now(UTC) - fetched_at > _FRESH:
            await self._copy.fetch(self._service)
        else:
            await self._service.ask(_HEALTH, "GET", "health")
