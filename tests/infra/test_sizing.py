"""What AWS costs: the bill follows from the usage and the prices, exactly."""

import json
import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.weighing.pictures import prepare
from grafana.build import DASHBOARDS, RULES
from infra.settings import ROOT
from infra.sizing.cost import (
    ALERT_QUERIES,
    PRICES,
    QUERIES_OF_A_DASHBOARD,
    BadPrices,
    alarms_in,
    bill,
    read_prices,
    settings,
)
from infra.sizing.limits import INFERENCE_CONCURRENCY, limits
from infra.sizing.marginal import COSTS, costs_text
from infra.sizing.workload import Function, Usage
from smartscale.operations.metrics.figures import OF_WEIGHINGS
from tests.template import read_template

REGIONS = sorted(json.loads(PRICES.read_text())["regions"])
MOST_FOR_A_MILLION = 45
"""US dollars."""
FIXED = {
    "idle polling",
    "custom metrics",
    "alarms",
    "Grafana's dashboards",
    "Grafana's alerts",
    "admin token",
    "kiosks' secret",
}
BY_INSTANCE = {"what workers ask", "read"}
"""Of each instance that is busy at the same time, a whole number of them."""


def monthly(usage: Usage, region: str = "us-east-1") -> dict[str, Decimal]:
    """The bill by what is paid for."""
    found = bill(usage, read_prices(region))
    return {f"{line.service} {line.what}": line.monthly for line in found.lines}


def test_lines_that_can_be_reckoned_by_hand() -> None:
    usage = Usage(
        kiosks=12,
        weighings_per_day=1000,
        image_kb=150,
        confirmed=Decimal("0.5"),
        retention_days=10,
    )
    lines = monthly(usage)
    assert round(usage.weighings, 6) == 365_000
    # A request a weighing, one more where somebody confirms, at 3.50 for a million.
    assert round(lines["API Gateway weighings"], 6) == Decimal("1.91625")
    # Twelve kiosks that ask twice an hour for 14 hours, else every four hours, ask 12,045 times.
    assert round(lines["API Gateway idle kiosks"], 7) == Decimal("0.0421575")
    # 12,000 pictures a day of 150 KB for 10 days are 18 GB, at 0.023.
    assert lines["S3 pictures kept"] == Decimal("0.414")


@given(kiosks=st.integers(1, 2000), region=st.sampled_from(REGIONS))
def test_what_is_used_twice_costs_twice_and_what_is_fixed_stays(kiosks: int, region: str) -> None:
    one = bill(Usage(kiosks=kiosks), read_prices(region))
    two = bill(Usage(kiosks=2 * kiosks), read_prices(region))
    for single, double in zip(one.lines, two.lines, strict=True):
        factor = 1 if single.what in FIXED else 2
        if single.what in BY_INSTANCE:
            assert single.monthly <= double.monthly <= 2 * single.monthly
        else:
            assert round(double.monthly - factor * single.monthly, 9) == 0, single.what
    assert two.per_thousand <= one.per_thousand


def test_arm_is_cheaper_and_warm_workers_are_not() -> None:
    table = read_prices("eu-central-1")
    plain = bill(Usage(), table).monthly
    assert bill(Usage(architecture="x86_64"), table).monthly > plain
    assert bill(Usage(provisioned=1), table).monthly > plain
    assert bill(Usage(customer_key=True), table).monthly > plain
    assert bill(Usage(traced=Decimal("0.05")), table).monthly > plain
    slower = Function(Usage.inference.memory_mb, 2 * Usage.inference.ms)
    assert bill(Usage(inference=slower), table).monthly > plain


def test_every_region_prices_the_same_things_and_every_price_has_a_source() -> None:
    tables = [read_prices(region) for region in REGIONS]
    assert len({frozenset(table.prices) for table in tables}) == 1
    assert all(price > 0 for table in tables for price in table.prices.values())
    assert all(
        source.startswith("https://aws.amazon.com/") for source in tables[0].sources.values()
    )


@pytest.mark.parametrize(
    ("text", "saying"),
    [
        ("{", "no table of prices"),
        ('{"regions": {}}', "has no prices for 'us-east-1'"),
        ('{"regions": {"us-east-1": {"s3_gb_month": "cheap"}}}', "no table of prices"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_table_says_what_is_wrong(tmp_path: Path, text: str | None, saying: str) -> None:
    file = tmp_path / "prices.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadPrices, match=saying):
        read_prices("us-east-1", file)


def test_a_table_without_a_price_says_which(tmp_path: Path) -> None:
    table = json.loads(PRICES.read_text())
    del table["regions"]["us-east-1"]["s3_gb_month"]
    file = tmp_path / "prices.json"
    file.write_text(json.dumps(table))
    with pytest.raises(BadPrices, match="s3_gb_month"):
        bill(Usage(), read_prices("us-east-1", file))


def test_the_functions_know_the_prices_of_today() -> None:
    assert COSTS.read_text(encoding="utf-8") == costs_text(), "python -m infra.sizing.marginal"


@pytest.mark.parametrize("kiosks", [1, 50, 1000, 20_000])
def test_twice_the_peak_fits_into_what_the_limits_say(kiosks: int) -> None:
    usage = Usage(kiosks=kiosks, confirmed=Decimal(0))
    found = {limit.what: limit for limit in limits(usage, Decimal(3), operators=1)}
    a_second = Decimal(kiosks * 3) / 60
    assert found["API requests a second"].needed >= 2 * a_second
    at_once = 2 * a_second * usage.inference.ms / 1000
    inference = found["inference at once"]
    assert inference.needed >= at_once
    assert inference.value is not None
    assert inference.value >= at_once
    assert all(limit.fits for limit in found.values()) == (kiosks <= 1000)


def test_the_limits_are_parameters_of_the_template() -> None:
    parameters = read_template()["Parameters"]
    for limit in limits(Usage(kiosks=1000), Decimal(2), operators=10):
        if limit.parameter:
            assert limit.parameter in parameters
            assert parameters[limit.parameter]["Description"]
    allowed = parameters["InferenceConcurrency"]["AllowedValues"]
    assert tuple(map(int, allowed)) == INFERENCE_CONCURRENCY


def test_what_grafana_asks_for_is_reckoned_as_it_is() -> None:
    asked = [
        sum(len(panel["targets"]) for panel in json.loads(file.read_text("utf-8"))["panels"])
        for file in DASHBOARDS.glob("*.json")
    ]

    assert math.ceil(sum(asked) / len(asked)) == QUERIES_OF_A_DASHBOARD
    assert len(RULES) == ALERT_QUERIES


def test_a_million_weighings_of_a_thousand_kiosks_cost_no_more_than_promised() -> None:
    usage = Usage(kiosks=1000, alarms=alarms_in(ROOT / "template.yaml"))
    assert 1000 * bill(usage, read_prices("eu-central-1")).per_thousand <= MOST_FOR_A_MILLION


def test_each_setting_costs_what_the_bill_says_with_it() -> None:
    usage, table = Usage(kiosks=1000), read_prices("eu-central-1")
    costs = {one.what: one.monthly for one in settings(usage, table)}
    more = bill(replace(usage, history_days=366), table).monthly - bill(usage, table).monthly
    assert costs["HistoryDays 366"] == more > 0
    # 274 days more of 200,000 rows a day of 1.65 KB are 90.4 GB, at 0.306.
    assert round(more, 2) == Decimal("27.67")
    saved = {what for what, monthly in costs.items() if monthly < 0}
    assert saved == {"ImageRetentionDays 7", "HistoryDays 31"}
    assert all(monthly for monthly in costs.values())


def test_what_a_setting_is_called_is_what_the_template_and_the_kiosk_call_it() -> None:
    parameters = read_template()["Parameters"]
    known = {*parameters, "SMARTSCALE_LOOK_S"}
    for one in settings(Usage(), read_prices("eu-central-1")):
        name, *values = one.what.split()
        if name[0].isupper():
            assert name in known, name
            allowed = parameters.get(name, {}).get("AllowedValues")
            assert allowed is None or values[0] in map(str, allowed), one.what


def test_the_metrics_that_are_paid_for_are_those_that_are_emitted() -> None:
    by_label = {"Label", "CorrectedByLabel"}
    of_workers = {"ColdStarts", "DeadLetters", "QueueAge", "QueueDepth", "Throttles"}
    of_workers |= {"CostPerThousand", "Risk", "RiskBound"}
    plain = {*OF_WEIGHINGS, *of_workers} - by_label
    assert Usage().metrics == len(plain) + 50 * len(by_label)


def test_a_kiosks_picture_is_as_large_as_is_reckoned() -> None:
    sizes = [len(prepare(file.read_bytes()).jpeg) for file in (ROOT / "sample_data").glob("*.jpg")]
    assert 100 < sum(sizes) / len(sizes) / 1000 <= Usage().image_kb
