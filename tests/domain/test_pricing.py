"""The rules of pricing: what the shopper pays is exact to the cent."""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain import pricing
from smartscale.domain.catalogue import Item, Price
from smartscale.domain.load import Load
from smartscale.domain.money import to_cent, to_price
from smartscale.domain.pricing import price
from smartscale.domain.weighing import Unit
from tests.examples import NOW, item

WEIGHTS = st.decimals(min_value="0.001", max_value="30", places=3)
PRICES = st.decimals(min_value="0.01", max_value="999.99", places=2)


def total(sold: Item, weight: str, tare: str | None = None, quantity: int = 1) -> Decimal | None:
    """What a load costs as an item."""
    return price(sold, Load.parse(weight, tare, quantity), Decimal(1), NOW).total


@pytest.mark.parametrize(
    ("unit_price", "weight", "expected"),
    [
        ("2.49", "0.500", "1.25"),  # 1.245 rounds half up
        ("1.99", "0.335", "0.67"),  # 0.66665
        ("1.00", "0.004", "0.00"),
        ("1.00", "0.005", "0.01"),
        ("2.99", "1.234", "3.69"),  # 3.68966
    ],
)
def test_unit_price_times_net_weight_rounded_half_up(
    unit_price: str, weight: str, expected: str
) -> None:
    assert total(item(unit_price=unit_price), weight) == Decimal(expected)


def test_net_is_gross_less_tare() -> None:
    priced = price(item(unit_price="2.00"), Load.parse("1.000", "0.250"), Decimal(1), NOW)
    assert (priced.net_kg, priced.tare_kg) == (Decimal("0.750"), Decimal("0.250"))
    assert priced.total == Decimal("1.50")


def test_an_items_own_tare_applies_when_nobody_gave_one() -> None:
    boxed = item(unit_price="2.00", tare_kg="0.100")
    assert total(boxed, "1.000") == Decimal("1.80")
    assert total(boxed, "1.000", "0") == Decimal("2.00")
    assert total(boxed, "0.050") == Decimal("0.10"), "a tare above the weight does not apply"


def test_per_each_items_cost_by_the_piece_whatever_they_weigh() -> None:
    assert total(item(unit="each", unit_price="0.89"), "1.734", quantity=3) == Decimal("2.67")


def test_quantity_means_nothing_for_items_by_weight() -> None:
    assert total(item(unit_price="1.00"), "1.000", quantity=3) == Decimal("1.00")


def test_the_price_that_holds_at_the_weighing_counts() -> None:
    tomorrow = NOW + timedelta(days=1)
    sold = item(unit_price="1.00").model_copy(
        update={
            "prices": (
                Price(unit_price=Decimal("1.00"), valid_from=NOW - timedelta(days=9)),
                Price(unit_price=Decimal("2.00"), valid_from=tomorrow),
            )
        }
    )
    load = Load.parse("1.000")
    assert price(sold, load, Decimal(1), NOW).total == Decimal("1.00")
    assert price(sold, load, Decimal(1), tomorrow).total == Decimal("2.00")


def test_an_item_whose_first_price_has_not_started_has_no_total() -> None:
    future = item(valid_from=datetime(2999, 1, 1, tzinfo=UTC))
    assert total(future, "1.000") is None


@pytest.mark.parametrize(
    ("currency", "rounded"),
    [
        ("EUR", "1235.57"),
        ("RSD", "1235.57"),
        ("KWD", "1235.568"),
        ("IQD", "1235.568"),
        *((code, "1236") for code in ("JPY", "RWF", "KMF", "GNF", "DJF", "BIF", "VUV", "UYI")),
    ],
)
def test_each_currency_has_its_own_smallest_unit(currency: str, rounded: str) -> None:
    assert to_cent(Decimal("1235.5675"), currency) == Decimal(rounded)


@pytest.mark.parametrize(
    ("amount", "asked"),
    [("2.474", "2.45"), ("2.475", "2.50"), ("2.524", "2.50"), ("2.5", "2.50"), ("0.024", "0.00")],
)
def test_a_swiss_total_has_no_smaller_part_than_the_five_rappen_coin(
    amount: str, asked: str
) -> None:
    assert str(to_price(Decimal(amount), "CHF")) == asked
    assert to_price(Decimal(amount), "EUR") == to_cent(Decimal(amount), "EUR")


def test_a_swiss_unit_price_keeps_its_rappen_and_the_total_is_rounded() -> None:
    assert total(item(unit_price="2.99", currency="CHF"), "0.742") == Decimal("2.20")


@given(PRICES, WEIGHTS)
def test_a_total_is_within_half_a_cent_of_the_exact_amount(
    unit_price: Decimal, weight: Decimal
) -> None:
    amount = total(item(unit_price=str(unit_price)), str(weight))
    assert amount is not None
    assert -Decimal("0.005") <= unit_price * weight - amount < Decimal("0.005")
    assert amount == amount.quantize(Decimal("0.01")) >= 0


@given(PRICES, WEIGHTS, WEIGHTS)
def test_more_weight_never_costs_less(unit_price: Decimal, one: Decimal, other: Decimal) -> None:
    sold = item(unit_price=str(unit_price))
    lighter, heavier = sorted([one, other])
    assert (total(sold, str(lighter)) or 0) <= (total(sold, str(heavier)) or 0)


@given(PRICES, st.integers(1, 99))
def test_pieces_add_up_exactly(unit_price: Decimal, quantity: int) -> None:
    sold = item(unit=Unit.EACH, unit_price=str(unit_price))
    assert total(sold, "1", quantity=quantity) == unit_price * quantity


@pytest.mark.parametrize(
    ("unit", "unit_price", "weight", "expected"),
    [
        ("lb", "1.00", "0.454", "1.00"),
        ("lb", "0.59", "1.000", "1.30"),
        ("lb", "4.99", "2.268", "24.95"),
        ("lb", "999.99", "30.000", "66138.02"),
        ("100g", "1.99", "0.125", "2.49"),
        ("100g", "0.01", "0.050", "0.01"),
        ("100g", "0.01", "0.049", "0.00"),
    ],
)
def test_a_price_per_pound_or_100_g_is_exact(
    unit: str, unit_price: str, weight: str, expected: str
) -> None:
    assert total(item(unit=unit, unit_price=unit_price), weight, quantity=3) == Decimal(expected)


KG_PER = {"kg": Fraction(1), "100g": Fraction(1, 10), "lb": Fraction(45359237, 100_000_000)}


@given(st.sampled_from(sorted(KG_PER)), st.integers(1, 999_999_999), st.integers(1, 30_000))
def test_a_total_is_the_exact_product_rounded_once_half_up(
    unit: str, cents: int, grams: int
) -> None:
    exact = Fraction(cents) * Fraction(grams, 1000) / KG_PER[unit]
    found = pricing.total(
        Unit(unit), Decimal(cents).scaleb(-2), Decimal(grams).scaleb(-3), 1, "EUR"
    )
    assert found.scaleb(2) == math.floor(exact + Fraction(1, 2))
