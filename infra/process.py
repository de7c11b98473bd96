"""A supervised child process and what it says."""

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter

from infra.private import OTHERS
from infra.settings import ROOT

_LOG_BYTES = 10_000_000
_LOG_FILES = 3
_STOP_S = 10.0
_LEVEL = re.compile(r"\[?\d{4}-\d\d-\d\d [^A-Z]*(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")


class Child:
    """One Python module, run in its own process group below the supervisor.

    Its own group because Ctrl-C reaches a whole group: the supervisor alone decides in which order
    its children stop.
    """

    def __init__(
        self,
        name: str,
        module: str,
        arguments: Sequence[str] = (),
        *,
        home: Path,
        environment: Mapping[str, str],
    ) -> None:
        self.name = name
        lock = str(lock_path(home, name))
        self._command = [sys.executable, "-u", "-m", "infra.child", lock, module, *arguments]
        self._environment = dict(environment)
        self._log = child_logger(home, name)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start it; its output goes to its log file and to the console."""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            self._command,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
            umask=OTHERS,  # what is kept is the operator's alone
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """Its exit status; None while it runs or before it started."""
        return None if self._process is None else self._process.poll()

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return None if self._process is None else self._process.pid

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end; None when it still runs."""
        if self._process is None:
            return None
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, timeout_s: float = _STOP_S) -> bool:
        """Ask it to stop, and kill it if it does not; returns whether it stopped when asked."""
        process = self._process
        if process is None:
            return True
        if process.poll() is None:
            process.terminate()
        clean = self.wait(timeout_s) is not None
        # Whatever is left of its group (Lambda workers, say) goes with it.
        # Nothing may be left; macOS says EPERM where only a zombie is.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdin:
            process.stdin.close()
        if self._reader:
            self._reader.join(timeout=1)
        for handler in self._log.handlers:
            handler.close()  # the handler opens its file again for another line
        return clean

    def kill(self) -> None:
        """End it and its group as a power cut would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        with process.stdout as output:
            for line in output:
                self._log.info("%s", line.rstrip("\n"))


def lock_path(home: Path, name: str) -> Path:
    """The file a child of this name holds locked while it lives."""
    path = home / "run" / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


class _AsJson(JsonFormatter):
    """Keeps a line that is JSON as it is, and makes one of every other."""

    def format(self, record: logging.LogRecord) -> str:
        line = record.getMessage()
        if line.startswith("{") and line.endswith("}"):
            return line
        level = _LEVEL.match(line)
        if level:
            record = logging.makeLogRecord({**record.__dict__, "levelname": level[1]})
        return super().format(record)


def child_logger(home: Path, name: str) -> logging.Logger:
    """The logger of one child: its rotated file, and the console through the parent logger.

    Not one of `getLogger`'s, which are one per name: two runs in one process would share a file.
    """
    folder = home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    logger = logging.Logger(f"smartscale.run.{name}", logging.INFO)
    logger.parent = logging.getLogger("smartscale.run")
    file = RotatingFileHandler(
        folder / f"{name}.log", maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8"
    )
    file.setFormatter(
        _AsJson(
            ["asctime", "levelname", "message"],
            rename_fields={"asctime": "timestamp", "levelname": "level"},
            static_fields={"service": name},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )
    )
    logger.addHandler(file)
    return logger
