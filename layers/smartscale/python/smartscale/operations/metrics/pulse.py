"""Whether weighings are being worked on: what waits, for how long, and who takes it.

SQS tells nobody the age of its oldest message but CloudWatch, minutes late and on AWS alone. The
workers see it in all places: each report of theirs says how long the oldest message that they had
just taken had waited. Where nobody takes any, it is as old as this has been seen, at least.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from smartscale.operations.ports.models import Registry
from smartscale.operations.ports.queues import Backlog

LATE = timedelta(minutes=2)
"""Longer than a worker is silent while it works, and than a shopper waits."""
_GOOD_FOR = timedelta(seconds=5)
"""How long an answer is given again: kiosks ask all the time."""


@dataclass(frozen=True)
class Pulse:
    """What waits in the queue, and the workers. `wrong` is a sentence; None where all is well."""

    waiting: int
    """Messages, about."""
    oldest: timedelta
    """The age of the oldest message, at least."""
    workers: int
    """How many have reported lately."""
    last_report: datetime | None
    wrong: str | None


class FeelPulse:
    """Reads queue and registry, every few seconds at most."""

    def __init__(self, backlog: Backlog, registry: Registry, now: Callable[[], datetime]) -> None:
        self._backlog, self._registry, self._now = backlog, registry, now
        self._lock = threading.Lock()
        self._last: tuple[datetime, Pulse] | None = None
        self._waits_since: datetime | None = None

    def feel(self) -> Pulse:
        """How it is now, or was a few seconds ago. Raises StoreUnavailable."""
        with self._lock:
            now = self._now()
            if self._last is None or not timedelta() <= now - self._last[0] < _GOOD_FOR:
                self._last = now, self._felt(now)
            return self._last[1]

    def _felt(self, now: datetime) -> Pulse:
        waiting = self._backlog.waiting()
        reports = self._registry.workers()
        newest = max(reports, key=lambda report: report.reported_at, default=None)
        last_report = None if newest is None else newest.reported_at
        if not waiting:
            self._waits_since = None
        elif self._waits_since is None:
            self._waits_since = now
        elif last_report is not None:
            self._waits_since = max(self._waits_since, last_report)
        ages = [now - self._waits_since] if self._waits_since else []
        if waiting:
            ages += [
                timedelta(seconds=report.waited_s)
                for report in reports
                if report.waited_s is not None and now - report.reported_at < LATE
            ]
        oldest = max(ages, default=timedelta())
        return Pulse(
            waiting,
            oldest,
            len(reports),
            last_report,
            _wrong(waiting, oldest),
        )


def _wrong(waiting: int, oldest: timedelta) -> str | None:
    if oldest < LATE:
        return None
    return (
        f"{waiting} weighings or so wait, the oldest for {oldest.total_seconds():.0f} s or longer: "
        "look whether workers run and what they log"
    )
