"""Publish the event `WeighingCompleted`, which tells other systems a weighing's outcome.

An event is published at least once.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from smartscale.clock import now
from smartscale.domain.errors import StoreUnavailable
from smartscale.domain.weighing import Weighing
from smartscale.domain.weighing_completed import WeighingCompleted
from smartscale.operations.messages import announcement_message
from smartscale.operations.ports.queues import Queue
from smartscale.operations.ports.weighings import Events

_RECOVERY = timedelta(seconds=60)
_log = logging.getLogger(__name__)


class Announces(Protocol):
    """Hears of outcomes that other systems are told."""

    def announce(self, weighing: Weighing) -> None:
        """Take note that a weighing has an outcome."""


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
        self.announce_all([weighing])

    def announce_all(self, weighings: Sequence[Weighing]) -> None:
        """Publish the outcomes of weighings together."""
        left = [WeighingCompleted.of(weighing) for weighing in weighings]
        if self._away_until is None or self._now() >= self._away_until:
            try:
                left = self._events.publish_all(left)
            except StoreUnavailable as error:
                # Skip the topic for a while: the batch would wait for a timeout per event.
                self._away_until = self._now() + _RECOVERY
                _log.warning("the events are kept in the queue", extra={"reason": str(error)})
            else:
                self._away_until = None
        for event in left:
            self._queue.send(announcement_message(event))

    def publish(self, event: WeighingCompleted) -> None:
        """Publish an event that the queue kept.

        Raises:
            StoreUnavailable: the topic is still away; the queue delivers the event again.
        """
        self._events.publish(event)


class AnnounceTogether:
    """Keeps the outcomes of a batch, and publishes them in one call after all are stored.

    The shopper does not wait for that. Where a worker dies before, the batch is delivered again,
    and who processes an arrival again publishes its outcome.
    """

    def __init__(self, announce: Announce) -> None:
        self._all = announce
        self._weighings: list[Weighing] = []

    def announce(self, weighing: Weighing) -> None:
        """Keep an outcome."""
        self._weighings.append(weighing)

    def tell(self) -> None:
        """Publish what was kept. Raises StoreUnavailable when neither topic nor queue answer."""
        if self._weighings:
            self._all.announce_all(self._weighings)
        self._weighings.clear()
