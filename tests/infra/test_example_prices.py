"""The catalogue that a new shop begins with is in its own currency."""

from decimal import Decimal

import pytest

from infra.commands.catalogue import in_currency
from tests.examples import item


@pytest.mark.parametrize(
    ("currency", "figure", "price"),
    [("CHF", "2.79", "2.79"), ("JPY", "2.79", "3"), ("JPY", "0.39", "1"), ("KWD", "0.39", "0.390")],
)
def test_example_prices_fit_the_currency(currency: str, figure: str, price: str) -> None:
    example = in_currency(item(unit_price=figure), currency)
    assert example.currency == currency
    assert [str(one.unit_price) for one in example.prices] == [price]
    assert example.unit_price_at(example.prices[0].valid_from) == Decimal(price)
