"""The messages on the weighings queue: S3 event notifications, and the wake-up after a switch."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from smartscale.domain import correlation
from smartscale.domain.errors import Unprocessable
from smartscale.operations.announce import ANNOUNCE
from smartscale.operations.learn import CORRELATION, LESSON
from smartscale.operations.recognise import Arrival

OURS = frozenset({"wake", LESSON, ANNOUNCE})
"""Each marks a message of our own that tells of no object."""


def arrivals(body: str) -> Iterator[Arrival]:
    """The objects that a message tells of; none for S3's test event and for wake-ups.

    Raises:
        Unprocessable: the message is no S3 event notification.
    """
    try:
        message: Any = json.loads(body)
        if OURS & message.keys() or message.get("Event") == "s3:TestEvent":
            return
        for record in message["Records"]:
            s3_object = record["s3"]["object"]
            key = unquote_plus(s3_object["key"])
            if key.endswith("/"):  # a folder that a console made
                continue
            yield Arrival(
                key=key,
                etag=s3_object.get("eTag", ""),
                at=_event_time(record.get("eventTime")),
            )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unprocessable("The message is not an S3 event notification.") from error


def lesson_of(body: str) -> str | None:
    """The weighing that a message says may teach something; None for any other message."""
    try:
        job_id = json.loads(body)[LESSON]
    except (ValueError, KeyError, TypeError):
        return None
    return job_id if isinstance(job_id, str) else None


def correlation_of(body: str) -> str | None:
    """The correlation id that a message of our own names."""
    try:
        found = json.loads(body)[CORRELATION]
    except (ValueError, KeyError, TypeError):
        return None
    return correlation.fit(found) if isinstance(found, str) else None


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


def _event_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
