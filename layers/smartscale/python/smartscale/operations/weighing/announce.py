"""Publish the event `WeighingCompleted`, which tells other systems a weighing's outcome.

An event is published at least once.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from smartscale.clock import now
from smartscale.domain.errors import StoreUnavailable
from smartscale.domain.weighing import Weighing
from smartscale.domain.weighing_completed import WeighingCompleted
from smartscale.operations.messages import announcement_message
from smartscale.operations.ports.queues import Queue
from smartscale.operations.ports.weighings import Events

_RECOVERY = timedelta(seconds=60)
_log = logging.getLogger(__name__)


class Announce:
    """Publishes events; when the topic is away, the queue keeps them until it is back."""

    def __init__(self, events: Events, queue: Queue, now: Callable[[], datetime] = now) -> None:
        self._events = events
        self._queue = queue
        self._now = now
        self._away_until: datetime | None = None

    def announce(self, weighing: Weighing) -> None:
        """Publish a weighing's outcome. When the topic is away, the event goes to the queue, and a
        worker publishes it later."""
        event = WeighingCompleted.of(weighing)
        if self._away_until is None or self._now() >= self._away_until:
            try:
                self._events.publish(event)
            except StoreUnavailable as error:
                # Skip the topic for a while: the batch would wait for a timeout per event.
                self._away_until = self._now() + _RECOVERY
                _log.warning("the event is kept in the queue", extra={"reason": str(error)})
            else:
                self._away_until = None
                return
        self._queue.send(announcement_message(event))

    def publish(self, event: WeighingCompleted) -> None:
        """Publish an event that the queue kept.

        Raises:
            StoreUnavailable: the topic is still away; the queue delivers the event again.
        """
        self._events.publish(event)
