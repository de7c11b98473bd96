"""Small helpers of the tests."""

import socket
from collections.abc import Callable

from infra.waiting import wait_until


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def eventually(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Poll until the condition holds; fail when it does not in time."""
    assert wait_until(condition, timeout_s), f"not within {timeout_s:.0f} s"
