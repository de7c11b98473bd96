"""What one weighing more costs, for the functions to tell: `python -m infra.sizing.marginal`.

Monthly fees are not in it (alarms, custom metrics, secrets): they are the same however much is
weighed. Neither is the inference function's own compute, which is measured.
"""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from infra.settings import ROOT
from infra.sizing.cost import PRICES, bill, read_prices
from infra.sizing.workload import Usage

COSTS = ROOT / "layers" / "smartscale" / "python" / "smartscale" / "costs.json"
_DIGITS = Decimal("0.000001")


def costs() -> dict[str, Any]:
    """What the functions need to know of the prices."""
    regions = json.loads(PRICES.read_text(encoding="utf-8"))["regions"]
    table = read_prices(next(iter(regions)))
    return {
        "currency": table.currency,
        "as_of": table.as_of.isoformat(),
        "regions": {region: _of(region) for region in sorted(regions)},
    }


def _of(region: str) -> dict[str, str]:
    table = read_prices(region)
    usage = replace(Usage(), inference=replace(Usage.inference, ms=Decimal(0)))
    twice = replace(usage, kiosks=2 * usage.kiosks)
    more = bill(twice, table).monthly - bill(usage, table).monthly
    besides = more / (twice.weighings - usage.weighings) * 1000
    return {
        "per_thousand_besides_inference": str(besides.quantize(_DIGITS)),
        "gb_second_x86_64": str(table["lambda_gb_second_x86_64"]),
        "gb_second_arm64": str(table["lambda_gb_second_arm64"]),
    }


def costs_text() -> str:
    """The file's text."""
    return json.dumps(costs(), indent=2) + "\n"


def main() -> None:
    """Write the file."""
    COSTS.write_text(costs_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
