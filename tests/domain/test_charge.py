"""What a scale printed while it was cut off is what was paid, if it can have been printed."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain import pricing
from smartscale.domain.charge import Charge
from smartscale.domain.errors import InvalidInput
from smartscale.domain.load import Load
from tests.examples import NOW, item


def charge(**fields: str) -> Charge:
    usual = {"unit": "kg", "unit_price": "1.50", "price": "0.72", "currency": "EUR"}
    return Charge.parse(**{**usual, "tare_kg": "0.020", **fields})


LOAD = Load.parse("0.500")


def test_a_charge_stands_whatever_the_catalogue_says_now() -> None:
    now = pricing.price(item(unit_price="2.00"), LOAD, Decimal(1), NOW)
    sold = charge().settle(now, LOAD)
    assert (sold.unit_price, sold.total) == (Decimal("1.50"), Decimal("0.72"))
    assert (sold.tare_kg, sold.net_kg) == (Decimal("0.020"), Decimal("0.480"))
    assert charge().deviation(now) == (
        "The scale was cut off and charged 1.50 EUR; the catalogue had 2.00 EUR for Banana at that "
        "time."
    )
    assert charge(unit_price="2.00").deviation(now) is None


@given(
    grams=st.integers(1, 30_000),
    tare=st.integers(0, 500),
    cents=st.integers(1, 99_999),
    each=st.booleans(),
    quantity=st.integers(1, 99),
    currency=st.sampled_from(["EUR", "CHF"]),
)
def test_what_pricing_makes_can_always_be_charged(
    grams: int, tare: int, cents: int, each: bool, quantity: int, currency: str
) -> None:
    load = Load(weight_kg=Decimal(grams).scaleb(-3), quantity=quantity)
    tare_kg = Decimal(min(tare, grams - 1)).scaleb(-3)
    unit = "each" if each else "kg"
    sold = item(
        unit=unit,
        unit_price=str(Decimal(cents).scaleb(-2)),
        tare_kg=str(tare_kg),
        currency=currency,
    )
    priced = pricing.price(sold, load, Decimal(1), NOW)
    printed = Charge.parse(
        unit=unit,
        unit_price=str(priced.unit_price),
        price=str(priced.total),
        currency=currency,
        tare_kg=str(tare_kg),
    )
    assert printed.settle(priced, load) == priced


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"unit": "stone"}, "kg, 100g, lb, each"),
        ({"unit_price": "-1.00"}, "2.49"),
        ({"price": "NaN"}, "1.25"),
        ({"currency": "euro"}, "EUR"),
        ({"tare_kg": "1e3"}, "0.015"),
        ({"price": "0.01"}, "0.72 would"),
        ({"tare_kg": "0.500"}, "below the weight"),
    ],
)
def test_a_charge_that_nobody_can_have_printed_is_refused(wrong: dict[str, str], says: str) -> None:
    prediction = pricing.price(item(), LOAD, Decimal(1), NOW)
    with pytest.raises(InvalidInput, match=says):
        charge(**wrong).settle(prediction, LOAD)
