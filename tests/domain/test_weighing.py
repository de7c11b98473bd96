"""What a scale may send, and how a weighing's state grows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.errors import InvalidInput
from smartscale.domain.job_id import is_job_id, job_id_for_object, job_time, new_job_id
from smartscale.domain.load import Load, parse_scale_id

MOMENTS = st.datetimes(
    min_value=datetime(2020, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@pytest.mark.parametrize("weight", ["0.001", "0.450", "1", "30", "30.000", " 2.5 "])
def test_a_weight_above_0_and_at_most_30_kg_with_3_decimals_is_taken(weight: str) -> None:
    assert Load.parse(weight).weight_kg == Decimal(weight.strip())


@pytest.mark.parametrize(
    "weight",
    [
        None, "", "  ", "0", "0.000", "-1", "+1", "abc", "1e999", "1e-1", "0.0001",
        "NaN", "Infinity", "30.001", "31", "0,5", "1_0", "٣", "0x10", "1.", ".5", "9" * 5000,
        "1\n2",
    ],
)  # fmt: skip
def test_any_other_weight_is_refused_with_a_sentence(weight: str | None) -> None:
    with pytest.raises(InvalidInput, match="weight"):
        Load.parse(weight)


@given(st.decimals(min_value="0.001", max_value="30", places=3))
def test_every_weight_a_scale_can_show_is_kept_exactly(weight: Decimal) -> None:
    assert Load.parse(str(weight)).weight_kg == weight


@given(st.text())
def test_no_text_does_anything_but_parse_or_be_refused(text: str) -> None:
    try:
        load = Load.parse(text)
    except InvalidInput:
        return
    assert 0 < load.weight_kg <= 30


def test_tare_is_below_the_weight() -> None:
    assert Load.parse("0.500", "0.499").tare_kg == Decimal("0.499")
    with pytest.raises(InvalidInput, match="below the weight"):
        Load.parse("0.500", "0.500")
    with pytest.raises(InvalidInput, match="tare"):
        Load.parse("0.500", "-0.1")


def test_no_tare_is_not_a_tare_of_zero() -> None:
    assert Load.parse("0.500").tare_kg is None
    assert Load.parse("0.500", "0").tare_kg == 0


@pytest.mark.parametrize("quantity", ["0", "100", "1.5", "-1", "two", "²", "9" * 4000])
def test_a_quantity_is_1_to_99(quantity: str) -> None:
    with pytest.raises(InvalidInput, match="quantity"):
        Load.parse("1", None, quantity)


@pytest.mark.parametrize("scale_id", ["a b", "a/b", "é", "x" * 65, "a\n"])
def test_a_scale_id_is_plain(scale_id: str) -> None:
    if scale_id.strip() == "a":
        assert parse_scale_id(scale_id) == "a"
        return
    with pytest.raises(InvalidInput, match="scale id"):
        parse_scale_id(scale_id)


@given(MOMENTS)
def test_a_job_id_tells_its_time(moment: datetime) -> None:
    job_id = new_job_id(moment)
    assert is_job_id(job_id)
    assert timedelta(0) <= moment - job_time(job_id) < timedelta(milliseconds=1)


@given(MOMENTS, MOMENTS)
def test_job_ids_sort_by_time(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=1):
        assert (new_job_id(one) < new_job_id(other)) == (one < other)


def test_job_ids_differ_within_a_millisecond() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert len({new_job_id(moment) for _ in range(1000)}) == 1000


def test_an_object_is_one_weighing_and_the_object_written_anew_is_another() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    first = job_id_for_object("uploads/a.jpg", "etag", moment)
    assert first == job_id_for_object("uploads/a.jpg", "etag", moment)
    later = job_id_for_object("uploads/a.jpg", "etag", moment + timedelta(seconds=1))
    assert len({first, later, job_id_for_object("uploads/a.jpg", "other", moment)}) == 3
