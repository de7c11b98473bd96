"""The kiosk's log: JSON lines, each with the correlation id of the weighing that it is about.

The id goes with every request too, so that the service's logs carry the same one.
"""

import logging
from contextvars import ContextVar
from typing import TextIO

import httpx
from pythonjsonlogger.json import JsonFormatter

CORRELATION_HEADER = "X-Correlation-Id"
_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)
_log = logging.getLogger(__name__)


def adopt(correlation_id: str | None) -> None:
    """Set the correlation id for what follows. Each event of a page has a context of its own."""
    _current.set(correlation_id)


def current() -> str | None:
    """The id of the weighing that is worked on."""
    return _current.get()


async def tell_correlation(request: httpx.Request) -> None:
    """Send the id along with a request."""
    if (correlation_id := _current.get()) is not None:
        request.headers[CORRELATION_HEADER] = correlation_id


async def note_answer(response: httpx.Response) -> None:
    """Log how a request about a weighing was answered."""
    if _current.get() is not None:
        request = response.request
        _log.info(
            "answered",
            extra={
                "method": request.method,
                "path": request.url.path,
                "status": response.status_code,
            },
        )


class _WithCorrelationId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if (correlation_id := _current.get()) is not None:
            record.correlation_id = correlation_id
        return True


def log_as_json(out: TextIO) -> None:
    """Write what the kiosk and its libraries log as JSON lines."""
    handler = logging.StreamHandler(out)
    handler.addFilter(_WithCorrelationId())
    handler.setFormatter(
        JsonFormatter(
            ["asctime", "levelname", "name", "message"],
            rename_fields={"asctime": "timestamp", "levelname": "level", "name": "location"},
            static_fields={"service": "kiosk"},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]  # a library may have added its own already
    root.setLevel(logging.INFO)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # `note_answer` says what matters
