"""Small helpers of the tests."""

import fcntl
import importlib
import importlib.util
import os
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, Any

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


HAS_TENSORFLOW = importlib.util.find_spec("tensorflow") is not None
"""Whether the training group is installed."""

PORTS = range(20_000, 32_000)
"""Below those that the system gives to whoever asks for any port."""
_ports_of_this_process: dict[int, IO[str]] = {}


def free_port() -> int:
    """A port that nobody listens on, and that no other process which tests takes as well.

    What the test starts listens on it only later, and meanwhile other tests run at the same time:
    a lock on a file of the port's name keeps it until this process ends.
    """
    locks = Path(tempfile.gettempdir()) / f"smartscale-test-ports-{os.getuid()}"
    locks.mkdir(exist_ok=True)
    for port in random.sample(PORTS, len(PORTS)):
        if port in _ports_of_this_process:
            continue
        lock = (locks / str(port)).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        _ports_of_this_process[port] = lock
        return port
    raise AssertionError(f"no port from {PORTS.start} to {PORTS.stop} is free")


def become(command: Sequence[str], environment: Mapping[str, str], *files: str | Path) -> None:
    """Have this process, a fork of one that has imported it, be that of a command: with its
    arguments and environment, and with these files for stdin, stdout and stderr."""
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files):
        opened = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = [*command]


def eventually(condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Poll until the condition holds; fail when it does not in time.

    The longer it takes, the less often it is asked: many a question takes as much of the processor
    as what is waited for.
    """
    asked = time.monotonic()
    while not condition():
        waited_s = time.monotonic() - asked
        assert waited_s < timeout_s, f"not within {timeout_s:.0f} s"
        time.sleep(min(max(waited_s / 10, 0.05), 0.5))


class _WhenUsed:
    """Stands for a module until somebody asks it for something.

    It is none itself: pytest looks at the class of everything in a file of tests, which is what
    loads a module of `importlib.util.LazyLoader`.
    """

    def __init__(self, name: str) -> None:
        vars(self)["_load"] = partial(importlib.import_module, name)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return getattr(self._load(), attribute)

    def __setattr__(self, attribute: str, value: object) -> None:
        setattr(self._load(), attribute, value)


def loaded_when_used(name: str) -> Any:
    """A module that is loaded when somebody asks it for something. What loads TensorFlow takes
    seconds, and each process that shares the tests reads all of their files."""
    return _WhenUsed(name)
