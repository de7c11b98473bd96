"""Allows one run per home folder, and starts none before its predecessor's children are gone."""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.errors import PlainError
from infra.process import lock_path
from infra.waiting import wait_until

_PREDECESSOR_S = 20.0


@contextmanager
def only_run(home: Path) -> Iterator[None]:
    """Hold the home folder; a second run on it is refused."""
    try:
        descriptor = os.open(lock_path(home, "run"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PlainError(
            f"{home} cannot be written ({error.strerror}); choose another folder by SMARTSCALE_HOME"
        ) from error
    try:
        if not _taken(descriptor):
            raise PlainError(
                f"SmartScale is already running on {home}; stop it, or set SMARTSCALE_HOME and the "
                "SMARTSCALE_*_PORT variables for a second one"
            )
        yield
    finally:
        os.close(descriptor)


def wait_for_predecessors(
    home: Path, names: Sequence[str], *, stop: threading.Event, report: Callable[[str], None]
) -> None:
    """Wait until the children of a killed run have stopped; they do so by themselves."""
    for name in names:
        path = lock_path(home, name)
        if not _free(path):
            report(f"Waiting for the previous run's {name} to stop")
            if not wait_until(lambda path=path: _free(path), _PREDECESSOR_S, stop=stop):  # type: ignore[misc]
                raise PlainError(f"The previous run's {name} does not stop; end it and run again")


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _free(path: Path) -> bool:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        return _taken(descriptor)
    finally:
        os.close(descriptor)
