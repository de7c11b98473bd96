"""The console of a run: every line says whose it is, and is kept in a rotated file too."""

import logging
import sys
from pathlib import Path

from infra.process import child_logger

_PREFIX = "smartscale.run"


class _Prefix(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        name = record.name.removeprefix(_PREFIX).lstrip(".")
        return f"{name:>10} | {record.getMessage()}"


def log_to_console() -> None:
    """Show the children's lines on stdout, each with the child's name."""
    handler = logging.StreamHandler(sys.stdout)
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
