"""What the functions know of the prices."""

from decimal import Decimal

import pytest

from infra.sizing.cost import bill, read_prices
from infra.sizing.marginal import COSTS, costs_text
from infra.sizing.workload import Usage
from smartscale.operations.metrics.watch import Costs


def test_the_layer_has_what_the_price_table_says() -> None:
    """`python -m infra.sizing.marginal` writes it."""
    assert COSTS.read_text("utf-8") == costs_text()


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_metric_comes_near_the_bill_of_many_weighings(machine: str) -> None:
    architecture = "arm64" if machine == "aarch64" else "x86_64"
    usage = Usage(kiosks=10_000, confirmed=Decimal(0), architecture=architecture)
    billed = bill(usage, read_prices("us-east-1")).per_thousand
    told = Costs.of("us-east-1", machine).per_thousand(usage.inference.gb_seconds)
    # The metric counts half of the weighings as confirmed, and confirming costs something.
    assert billed * Decimal("0.9") < told < billed * 2


def test_a_region_without_prices_has_those_of_another() -> None:
    assert Costs.of("mars-north-1", "x86_64") == Costs.of("us-east-1", "x86_64")
