"""The ids of weighings. The time is in front, so an id alone leads to all that belongs to it."""

import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta

_JOB_ID = re.compile(r"0[0-9a-f]{31}", re.ASCII)  # the year 2527 is the last
_TIME_DIGITS = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_job_id(now: datetime) -> str:
    """An id that sorts by time and cannot be guessed: 48 bits of milliseconds, 80 random bits.

    The time in front makes the id enough to find a weighing's objects and its place in the
    history, so no look-up table is needed.
    """
    return _job_id(now, secrets.token_hex(10))


def job_id_for_object(key: str, etag: str, stored_at: datetime) -> str:
    """The id of a weighing whose image somebody else dropped into the bucket.

    The same stored object always gives the same id, however often its event is delivered; an
    object written anew under the same key is a new weighing.
    """
    digest = hashlib.sha256(f"{key}\n{etag}\n{stored_at.isoformat()}".encode()).hexdigest()
    return _job_id(stored_at, digest[:20])


def _job_id(moment: datetime, unique: str) -> str:
    return time_digits(moment) + unique


def time_digits(moment: datetime) -> str:
    """The front of a job id of this moment: its milliseconds since 1970, as 12 hex digits."""
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return f"{milliseconds:0{_TIME_DIGITS}x}"


def is_job_id(text: str) -> bool:
    """Whether the text has the form of a job id."""
    return _JOB_ID.fullmatch(text) is not None


def job_time(job_id: str) -> datetime:
    """The moment inside a job id, in UTC with milliseconds."""
    return _EPOCH + timedelta(milliseconds=int(job_id[:_TIME_DIGITS], 16))
