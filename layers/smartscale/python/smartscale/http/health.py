"""Whether the system can do its work."""

import logging
from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request

from smartscale import __version__
from smartscale.contract.health import DiskHealth, Health, QueueHealth, WorkersHealth
from smartscale.domain.errors import StoreUnavailable
from smartscale.operations.metrics.pulse import Pulse

_log = logging.getLogger(__name__)


def watch_disk(app: FastAPI, left: Callable[[], DiskHealth]) -> None:
    """Have an application tell what is left of the disk that everything is on."""
    app.state.disk_left = left


def disk_of(request: Request) -> DiskHealth | None:
    """What is left of that disk; None where the application knows of none."""
    left: Callable[[], DiskHealth | None] = getattr(request.app.state, "disk_left", lambda: None)
    return left()


def probe(
    dependencies: Mapping[str, Callable[[], object]],
    feel_pulse: Callable[[], Pulse],
    disk: DiskHealth | None = None,
) -> Health:
    """Try one cheap read of each dependency, and look at the queue and the workers.

    Args:
        dependencies: what is to answer.
        feel_pulse: says what waits and who works.
        disk: what is left of it, where it is this machine's.
    """
    pulse: Pulse | None = None

    def feel() -> None:
        nonlocal pulse
        pulse = feel_pulse()

    states = {name: _state(name, read) for name, read in {**dependencies, "queue": feel}.items()}
    report = Health(status="ok", version=__version__, dependencies=states, disk=disk)
    if pulse is not None:
        states["queue"] = pulse.wrong or states["queue"]
        report.queue = QueueHealth(
            waiting=pulse.waiting, oldest_s=round(pulse.oldest.total_seconds())
        )
        report.workers = WorkersHealth(reported=pulse.workers, last_at=pulse.last_report)
    report.dependencies = states
    if any(state != "ok" for state in states.values()):
        report.status = "degraded"
    return report


def _state(name: str, read: Callable[[], object]) -> str:
    try:
        read()
    except StoreUnavailable as error:
        _log.warning("%s does not answer: %s", name, error.__cause__ or error)
        return "unreachable"
    return "ok"
