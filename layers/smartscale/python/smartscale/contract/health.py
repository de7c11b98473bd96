"""What the API says of its health."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel


class QueueHealth(BaseModel):
    """What waits to be recognised."""

    waiting: int
    """Messages that nobody works on yet, about."""
    oldest_s: int
    """Seconds that the oldest of them has waited, at least; 0 where none does."""


class WorkersHealth(BaseModel):
    """The inference workers; on AWS there are none while nobody weighs."""

    reported: int
    """How many have reported in the last half hour."""
    last_at: datetime | None


class DiskHealth(BaseModel):
    """The disk of the embedded run."""

    bytes_left: int
    files_left: int | None
    """None where the file system has no fixed number."""


class Health(BaseModel):
    """Whether the function and what it depends on answer, and weighings are worked on."""

    status: Literal["ok", "degraded"]
    version: str
    dependencies: dict[str, str]
    """`ok`, or what is wrong."""
    queue: QueueHealth | None = None
    workers: WorkersHealth | None = None
    disk: DiskHealth | None = None
    """None where it is not this machine's."""
