"""The correlation id: one text that every log line about a weighing carries, from the kiosk on.

It travels as the header `X-Correlation-Id`, as the object's metadata `correlation-id`, and in the
weighing's record; within a process it is part of the context.
"""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Correlation-Id"
METADATA = "correlation-id"
_FIT = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_current: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def new() -> str:
    """An id of our own, for who sends none."""
    return uuid.uuid4().hex


def fit(text: str | None) -> str | None:
    """The id that somebody sent; None for what is missing or has no place in a log."""
    return text if text is not None and _FIT.fullmatch(text) else None


def current() -> str | None:
    """The id of what is being worked on; None outside of any."""
    return _current.get()


def adopt(correlation_id: str) -> None:
    """Work on this from now on, until the context ends."""
    _current.set(correlation_id)


@contextmanager
def correlated(correlation_id: str | None) -> Iterator[None]:
    """Work on this inside a `with` block. What `adopt` sets inside it ends with the block, too."""
    before = _current.set(correlation_id)
    try:
        yield
    finally:
        _current.reset(before)
