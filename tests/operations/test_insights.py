"""What the weighings of a time say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.weighing import ConfirmedBy
from smartscale.operations.metrics.insights import Confusion, insights_between, insights_of
from smartscale.operations.ports.weighings import WeighingFacts
from tests.examples import NOW, scores
from tests.shop import Shop

SURE = WeighingFacts(
    scale_id="till-1",
    created_at=NOW,
    failed=False,
    asked=False,
    label="Banana",
    confirmed_label=None,
    confirmed_by=None,
    suspicious=False,
    model=None,
    confidence=Decimal("0.9"),
    recognition_latency_ms=Decimal(40),
)
FAILED = replace(SURE, failed=True, label=None, confidence=None, recognition_latency_ms=None)


def test_what_was_confirmed_stands_against_what_was_predicted() -> None:
    right = replace(SURE, confirmed_label="Banana")
    wrong = replace(SURE, confirmed_label="Lemon")
    found = insights_of([SURE, right, wrong, wrong, FAILED])
    assert found.confirmed == 3
    assert found.confusion == (
        Confusion("Banana", "Lemon", 2),
        Confusion("Banana", "Banana", 1),
    )


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", "2026-03-29"), ("America/New_York", "2026-03-28"), ("Europe/Berlin", "2026-03-29")],
)
def test_a_day_is_one_of_the_shops(zone: str, day: str) -> None:
    late = replace(SURE, created_at=datetime(2026, 3, 29, 3, 59, tzinfo=UTC))
    next_day = replace(SURE, created_at=datetime(2026, 3, 29, 22, 0, tzinfo=UTC))
    days = [one.day.isoformat() for one in insights_of([late, next_day], ZoneInfo(zone)).confidence]
    assert days[0] == day
    assert (days[-1] == "2026-03-30") is (zone == "Europe/Berlin")


def test_confidence_is_averaged_by_day_exactly() -> None:
    unsure = replace(SURE, confidence=Decimal("0.3"), asked=True)
    yesterday = replace(SURE, created_at=NOW - timedelta(days=1))
    first, second = insights_of([SURE, unsure, yesterday, FAILED]).confidence
    assert (first.average, first.low_rate) == (Decimal("0.9000"), Decimal("0.0000"))
    assert (second.average, second.low_rate, second.weighings) == (
        Decimal("0.6000"),
        Decimal("0.5000"),
        2,
    )


def test_each_scale_has_its_health() -> None:
    later = NOW + timedelta(minutes=5)
    slow = replace(SURE, recognition_latency_ms=Decimal(400), created_at=later, asked=True)
    other = replace(FAILED, scale_id="till-2")
    one, two = insights_of([SURE] * 19 + [slow, FAILED, other]).scales
    assert (one.scale_id, one.last_seen, one.weighings) == ("till-1", later, 21)
    assert one.error_rate == Decimal("0.0476")
    assert one.low_confidence_rate == Decimal("0.0500")
    assert (one.recognition_latency_average, one.recognition_latency_p95) == (
        Decimal("58.0000"),
        Decimal(40),
    )
    assert (two.error_rate, two.low_confidence_rate, two.recognition_latency_p95) == (
        Decimal(1),
        None,
        None,
    )


@given(st.lists(st.sampled_from([SURE, FAILED, replace(SURE, asked=True)]), max_size=40))
def test_shares_are_shares_and_nothing_is_counted_twice(facts: list[WeighingFacts]) -> None:
    found = insights_of(facts)
    assert sum(scale.weighings for scale in found.scales) == len(facts) == found.weighings
    for scale in found.scales:
        assert 0 <= scale.error_rate <= 1
        assert scale.low_confidence_rate is None or 0 <= scale.low_confidence_rate <= 1


def test_a_low_confidence_is_remembered_after_its_confirmation(shop: Shop) -> None:
    shop.recogniser.answer = scores(Banana=0.5, Lemon=0.4)
    job_id = shop.upload()
    shop.recognise(job_id)
    shop.confirm.process(job_id, label="Lemon", confirmed_by=ConfirmedBy.SHOPPER)
    found = insights_between(shop.weighings, NOW - timedelta(hours=1), NOW + timedelta(hours=1))
    assert found.scales[0].low_confidence_rate == 1
    assert found.confusion == (Confusion("Banana", "Lemon", 1),)
    assert found.complete
