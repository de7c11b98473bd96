"""A date is a day of the shop's, whatever its clock does in that night."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.errors import InvalidInput
from smartscale.domain.moments import parse_end, parse_moment, write_end, write_moment

NEW_YORK, BERLIN, CAIRO = map(ZoneInfo, ("America/New_York", "Europe/Berlin", "Africa/Cairo"))
zones = st.sampled_from([UTC, NEW_YORK, BERLIN, CAIRO, ZoneInfo("Asia/Kathmandu")])
minutes = st.integers(0, 5 * 366 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def test_a_date_begins_when_the_shops_day_does() -> None:
    assert parse_moment("2026-12-01", NEW_YORK) == datetime(2026, 12, 1, 5, tzinfo=UTC)
    assert parse_moment("2026-07-01", NEW_YORK) == datetime(2026, 7, 1, 4, tzinfo=UTC)
    assert parse_moment("2026-12-01T08:00", BERLIN) == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert parse_moment("2026-12-01T08:00Z", BERLIN) == datetime(2026, 12, 1, 8, tzinfo=UTC)


def test_a_last_day_is_over_when_the_next_one_begins() -> None:
    assert parse_end("2026-12-05", BERLIN) == datetime(2026, 12, 5, 23, tzinfo=UTC)
    # The day on which summer ends has 25 hours, the one on which it begins 23.
    for day, hours in (("2026-10-25", 25), ("2026-03-29", 23)):
        assert parse_end(day, BERLIN) - parse_moment(day, BERLIN) == timedelta(hours=hours)
    assert parse_end("2026-12-05T20:00", BERLIN) == datetime(2026, 12, 5, 19, tzinfo=UTC)


def test_a_time_that_the_clock_skips_or_says_twice_is_read_in_one_way() -> None:
    assert parse_moment("2026-03-29T02:30", BERLIN) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert parse_moment("2026-10-25T02:30", BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    # In Cairo, the hour that is skipped is the first one of the day.
    assert parse_moment("2026-04-24", CAIRO) == datetime(2026, 4, 23, 22, tzinfo=UTC)


@given(minutes, zones)
def test_what_is_written_reads_back(moment: datetime, zone: ZoneInfo) -> None:
    assert parse_moment(write_moment(moment, zone), zone) == moment
    assert parse_end(write_end(moment, zone), zone) == moment


@given(st.dates(date(2025, 1, 1), date(2030, 1, 1)), zones)
def test_a_date_is_written_as_the_date_that_it_was(day: date, zone: ZoneInfo) -> None:
    assert write_moment(parse_moment(str(day), zone), zone) == str(day)
    assert write_end(parse_end(str(day), zone), zone) == str(day)


@pytest.mark.parametrize("text", ["0001-01-01", "0001-01-01T00:00+14:00", "1899-12-30"])
@pytest.mark.parametrize("zone", [UTC, NEW_YORK, ZoneInfo("Asia/Tokyo")])
def test_the_first_days_of_other_systems_are_no_dates(text: str, zone: ZoneInfo) -> None:
    for parse in (parse_moment, parse_end):
        with pytest.raises(InvalidInput, match="from 1900 to 9998"):
            parse(text, zone)


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59-23:59"])
def test_nor_are_their_last_ones(text: str) -> None:
    for parse in (parse_moment, parse_end):
        with pytest.raises(InvalidInput, match="from 1900 to 9998"):
            parse(text, ZoneInfo("Asia/Tokyo"))


@pytest.mark.parametrize("text", ["tomorrow", "", "2026-13-01", "1.12.2026"])
def test_what_is_no_date_says_how_to_write_one(text: str) -> None:
    for parse in (parse_moment, parse_end):
        with pytest.raises(InvalidInput, match="write it as 2026-11-25"):
            parse(text, NEW_YORK)
