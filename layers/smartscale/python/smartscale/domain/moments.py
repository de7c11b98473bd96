"""The dates and moments that people write, and how they are written for people.

A date or a time without an offset is the shop's own: it is read in the shop's time zone. Inside
the system every moment is UTC.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from smartscale.domain.errors import InvalidInput

FIRST_YEAR, LAST_YEAR = 1900, 9998
"""Other systems write the first and the last day that they can say where they mean none, and from
these no days can be counted on or back."""


def time_zone(name: str) -> tzinfo:
    """A time zone by its name in IANA's database; UTC needs no database.

    Raises:
        InvalidInput: there is no such zone.

    >>> str(time_zone("Europe/Berlin"))
    'Europe/Berlin'
    """
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    # An unknown key is a KeyError, a name such as "America" is that of a folder.
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput(
            f"There is no time zone {name[:40]!r}: use a name of IANA's, such as Europe/Berlin."
        ) from error


def parse_moment(text: str, zone: tzinfo = UTC) -> datetime:
    """A date (its first moment) or a date with time (ISO 8601), as UTC.

    A time that the clock skips when summer begins is read with the offset from before; of a time
    that comes twice when summer ends, the first is meant.

    Args:
        text: such as `2026-11-25` or `2026-11-25T08:00:00+01:00`.
        zone: where a date, and a time without an offset, is meant.

    Raises:
        InvalidInput: it is neither, or in a year that nobody means.

    >>> from zoneinfo import ZoneInfo
    >>> parse_moment("2026-12-01", ZoneInfo("America/New_York")).isoformat()
    '2026-12-01T05:00:00+00:00'
    """
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
    except OverflowError as error:
        raise _outside(text) from error
    except ValueError as error:
        raise InvalidInput(
            "{text} is not a date: write it as 2026-11-25 or 2026-11-25T08:00:00Z.",
            text=repr(text[:40]),
        ) from error
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise _outside(text)
    return moment


def _outside(text: str) -> InvalidInput:
    return InvalidInput(
        "The year of {text} must be from {first} to {last}.",
        text=repr(text[:40]),
        first=FIRST_YEAR,
        last=LAST_YEAR,
    )


def parse_end(text: str, zone: tzinfo = UTC) -> datetime:
    """The moment at which something is over, as UTC; a date is the last day of it.

    Raises:
        InvalidInput: it is neither a date nor a date with time.

    >>> parse_end("2026-12-05").isoformat()
    '2026-12-06T00:00:00+00:00'
    """
    try:
        last_day = date.fromisoformat(text)
        return parse_moment((last_day + timedelta(days=1)).isoformat(), zone)
    except (ValueError, OverflowError):
        return parse_moment(text, zone)


def write_moment(moment: datetime, zone: tzinfo = UTC) -> str:
    """A moment as `parse_moment` reads it: a date alone where a day of the zone begins.

    >>> write_moment(datetime(2026, 12, 1, tzinfo=UTC))
    '2026-12-01'
    """
    day = _day_that_begins(moment, zone)
    return moment.astimezone(UTC).isoformat() if day is None else day.isoformat()


def write_end(moment: datetime, zone: tzinfo = UTC) -> str:
    """A moment as `parse_end` reads it: the last day alone where a day of the zone ends.

    >>> write_end(datetime(2026, 12, 6, tzinfo=UTC))
    '2026-12-05'
    """
    day = _day_that_begins(moment, zone)
    if day is None:
        return moment.astimezone(UTC).isoformat()
    return (day - timedelta(days=1)).isoformat()


def _day_that_begins(moment: datetime, zone: tzinfo) -> date | None:
    """The day of the zone whose first moment this is. It need not be midnight: where summer begins
    then, the day begins at one o'clock."""
    day = moment.astimezone(zone).date()
    begins = datetime.combine(day, time(), zone).astimezone(UTC)
    return day if begins == moment.astimezone(UTC) else None
