"""Small helpers of the tests."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from infra.waiting import wait_until

BIN = Path(sys.executable).parent
"""Where the project's tools are."""


def tool_environment(**more: str) -> dict[str, str]:
    """What `sam`, `make` and `uv` want: each other, a region, and no account of whoever tests."""
    return {
        **{name: value for name, value in os.environ.items() if "AWS_" not in name},
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SAM_CLI_TELEMETRY": "0",
        "UV_PYTHON": sys.executable,
        **more,
    }


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def eventually(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Poll until the condition holds; fail when it does not in time."""
    assert wait_until(condition, timeout_s), f"not within {timeout_s:.0f} s"
