"""What the weighings queue carries: each message is read in one place, by `parse`.

An S3 event notification tells of objects that arrived. The other messages are our own: a confirmed
weighing that may teach something, an event that could not be published yet, and a wake-up for
workers that must look at the registry.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from pydantic import ValidationError

from smartscale.domain import correlation
from smartscale.domain.errors import Unprocessable
from smartscale.domain.upload import is_upload
from smartscale.domain.weighing_completed import WeighingCompleted

_LESSON = "lesson"
_ANNOUNCEMENT = "announce"
_WAKE_UP = "wake"
_CORRELATION = "correlation_id"

WAKE_UP = json.dumps({_WAKE_UP: "model"})
"""A message that makes a worker look at the registry and the memory now."""


@dataclass(frozen=True)
class Arrival:
    """An object has arrived. `at` is when S3 said so, None when nobody knows."""

    key: str
    etag: str = ""
    at: datetime | None = None
    again: bool = False
    """Whether it was delivered before without reaching an outcome."""


@dataclass(frozen=True)
class Arrivals:
    """The objects that a notification tells of; none in S3's own test event."""

    objects: tuple[Arrival, ...]


@dataclass(frozen=True)
class LessonOffer:
    """A confirmed weighing that may teach something."""

    job_id: str
    correlation_id: str | None


@dataclass(frozen=True)
class Announcement:
    """An event that could not be published when it happened."""

    event: WeighingCompleted


@dataclass(frozen=True)
class WakeUp:
    """Nothing but a reason to start a batch, which reads what is wanted now."""


Message = Arrivals | LessonOffer | Announcement | WakeUp


def parse(body: str) -> Message:
    """Read a message of the queue.

    Raises:
        Unprocessable: it is neither an S3 event notification nor a message of our own.
    """
    try:
        message: Any = json.loads(body)
        if message.get(_WAKE_UP):
            return WakeUp()
        if _LESSON in message:
            return _lesson(message)
        if _ANNOUNCEMENT in message:
            return Announcement(WeighingCompleted.model_validate(message[_ANNOUNCEMENT]))
        if message.get("Event") == "s3:TestEvent":
            return Arrivals(())
        return Arrivals(tuple(_arrivals(message["Records"])))
    except ValidationError as error:
        raise Unprocessable("The event in the message is not a WeighingCompleted.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unprocessable("The message is not an S3 event notification.") from error


def arrival_message(bucket: str, arrival: Arrival) -> str:
    """A message that tells of one object, in the form of S3's event notification."""
    record: dict[str, Any] = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "bucket": {"name": bucket},
            "object": {"key": quote_plus(arrival.key, safe="/"), "eTag": arrival.etag.strip('"')},
        },
    }
    if arrival.at is not None:
        record["eventTime"] = arrival.at.astimezone(UTC).isoformat()
    return json.dumps({"Records": [record]})


def lesson_message(job_id: str) -> str:
    """A message that a confirmed weighing may teach something."""
    return json.dumps({_LESSON: job_id, _CORRELATION: correlation.current()})


def announcement_message(event: WeighingCompleted) -> str:
    """A message that keeps an event until it is published."""
    return json.dumps({_ANNOUNCEMENT: event.model_dump(mode="json")})


def _lesson(message: dict[str, Any]) -> LessonOffer:
    job_id, correlation_id = message[_LESSON], message.get(_CORRELATION)
    if not isinstance(job_id, str):
        raise Unprocessable("The message names no weighing to learn from.")
    return LessonOffer(
        job_id, correlation.fit(correlation_id) if isinstance(correlation_id, str) else None
    )


def _arrivals(records: list[dict[str, Any]]) -> list[Arrival]:
    found = []
    for record in records:
        s3_object = record["s3"]["object"]
        key = unquote_plus(s3_object["key"])
        if not is_upload(key):
            continue
        event_time = record.get("eventTime")
        found.append(
            Arrival(
                key=key,
                etag=s3_object.get("eTag", ""),
                at=None if event_time is None else datetime.fromisoformat(event_time),
            )
        )
    return found
