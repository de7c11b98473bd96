"""Waiting for something to become true: with a deadline, never a blind sleep."""

import threading
import time
from collections.abc import Callable

from infra.errors import Stopped

_INTERVAL_S = 0.05


def wait_until(
    condition: Callable[[], bool],
    timeout_s: float,
    *,
    stop: threading.Event | None = None,
    interval_s: float = _INTERVAL_S,
) -> bool:
    """Poll until the condition holds; False when time is up, `Stopped` when asked to stop."""
    stop = stop or threading.Event()
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        if stop.wait(interval_s):
            raise Stopped
    return True
