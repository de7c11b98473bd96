"""Run a Python module as a supervised child: `python -m infra.child LOCK MODULE [ARGUMENT...]`.

The supervisor holds the other end of this process's stdin. When the supervisor goes away, however
it goes (`kill -9` included), the pipe closes and the child stops itself cleanly, so that no orphan
keeps a port. The lock file is held as long as the process lives: the next run waits for it, so that
it never reads state which its predecessor is still writing.
"""

import fcntl
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

GRACE_S = 8.0
"""How long a child may take to stop by itself once the supervisor is gone."""

_ARGUMENTS = 3


def main() -> None:
    """Take the lock, watch the supervisor, become the module."""
    if len(sys.argv) < _ARGUMENTS:
        sys.exit("usage: python -m infra.child LOCK MODULE [ARGUMENT...]")
    lock, module = Path(sys.argv[1]), sys.argv[2]
    _hold(lock)
    _watch_supervisor()
    sys.argv = sys.argv[2:]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _hold(lock: Path) -> None:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(
        descriptor, fcntl.LOCK_EX
    )  # kept open, so that the lock is held until the process ends
    os.ftruncate(descriptor, 0)
    os.write(
        descriptor, f"{os.getpid()}\n".encode()
    )  # the process id, for people who look for the process


def _watch_supervisor() -> None:
    pipe = os.dup(0)  # not inheritable: grandchildren must not read it
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    threading.Thread(target=_stop_at_end_of, args=(pipe,), daemon=True).start()


def _stop_at_end_of(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
