"""The console of a run. Each line names the process it is from, and also goes to a rotated file."""

import json
import logging
import re
import sys
from pathlib import Path

from infra.process import child_logger

_PREFIX = "smartscale.run"
_TALKATIVE = frozenset(f"{_PREFIX}.{name}" for name in ("cloud", "api", "kiosk", "importer"))
"""Who has a line for each request, which would scroll away what the operator wants to read."""
_LEVEL = re.compile(
    r"""(?:\[?\d{4}-\d\d-\d\d [^A-Z]*|\{.{,60}?"level": ?"|)(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b"""
)
_WENT_WRONG = re.compile(r"Traceback\b|[\w.]+(?:Error|Exception)\b")
_DETAIL = frozenset({"DEBUG", "INFO"})
_TRACEBACK = "Traceback (most recent call last):"
_MORE = "exception occurred:", "the following exception:"
"""What is between two of them."""


class _Prefix(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        name = record.name.removeprefix(_PREFIX).lstrip(".")
        return f"{name:>10} | {_without_trace(record.getMessage())}"


class WarningsOfServices(logging.Filter):
    """Lets only warnings of what serves through; its files hold everything."""

    def __init__(self) -> None:
        super().__init__()
        self._hidden: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is shown. A line without a level is treated like the line before it, but
        where it says what went wrong."""
        line = record.getMessage()
        if record.name not in _TALKATIVE:
            return True
        level = _LEVEL.match(line)
        if level and level[1] in _DETAIL:
            self._hidden.add(record.name)
        elif level or _WENT_WRONG.match(line):
            self._hidden.discard(record.name)
        return record.name not in self._hidden


class WithoutTracebacks(logging.Filter):
    """Leaves out where an error comes from: the files tell that, and a person reads one line."""

    def __init__(self) -> None:
        super().__init__()
        self._traced: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is shown."""
        line = record.getMessage()
        if line.startswith("{"):
            return True  # without it, by `_Prefix`
        if _TRACEBACK in line:
            self._traced.add(record.name)
        elif not line or line.endswith(_MORE):
            return False
        elif record.name not in self._traced:
            return True
        elif not line[0].isspace():
            self._traced.discard(record.name)  # what went wrong
            return True
        return False


def _without_trace(line: str) -> str:
    if _TRACEBACK not in line or not line.startswith("{"):
        return line
    try:
        told = json.loads(line)
    except ValueError:
        return line.partition(_TRACEBACK)[0]
    return json.dumps({name: value for name, value in told.items() if _TRACEBACK not in str(value)})


def log_to_console() -> None:
    """Show the children's lines on stdout, each with the child's name."""
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(WarningsOfServices())
    handler.addFilter(WithoutTracebacks())
    handler.setFormatter(_Prefix())
    logger = logging.getLogger(_PREFIX)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logging.raiseExceptions = False  # a closed terminal must not fill the log with tracebacks


def run_log(home: Path) -> logging.Logger:
    """The supervisor's own log file."""
    logger = child_logger(home, "run")
    logger.propagate = False
    return logger
