"""`smartscale cost`: what a month on AWS costs, by service and for 1,000 weighings."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from infra.errors import PlainError
from infra.settings import ROOT
from infra.sizing.cost import PRICES, BadPrices, Bill, alarms_in, bill, read_prices
from infra.sizing.workload import Function, Usage

app = typer.Typer()
_CENT = Decimal("0.01")
_FINE = Decimal("0.0001")
_WHOLE_ABOVE = 100
_TRACED = Decimal("0.05")


@app.command()
def cost(
    kiosks: Annotated[int, typer.Option(min=1, help="How many scales.")] = 1,
    weighings_per_day: Annotated[
        int, typer.Option(min=1, help="Weighings a day at each.")
    ] = Usage.weighings_per_day,
    image_kb: Annotated[
        int, typer.Option(min=1, help="Size of a picture; a kiosk's has about 150 KB.")
    ] = Usage.image_kb,
    confirmed: Annotated[
        float, typer.Option(min=0, max=1, help="Share of weighings that somebody confirms.")
    ] = float(Usage.confirmed),
    retention_days: Annotated[
        int, typer.Option(min=1, help="ImageRetentionDays: days that pictures are kept.")
    ] = Usage.retention_days,
    provisioned_concurrency: Annotated[
        int, typer.Option(min=0, help="Inference workers that are kept warm.")
    ] = 0,
    inference_ms: Annotated[
        int, typer.Option(min=1, help="Billed milliseconds of an inference, from CloudWatch.")
    ] = int(Usage.inference.ms),
    architecture: Annotated[str, typer.Option(help="x86_64 or arm64.")] = Usage.architecture,
    customer_key: Annotated[bool, typer.Option(help="CustomerKey is true.")] = False,
    tracing: Annotated[bool, typer.Option(help="Tracing is true.")] = False,
    region: Annotated[str, typer.Option(help="A region of the price table.")] = "eu-central-1",
    prices: Annotated[Path, typer.Option(help="A price table in the form of this one.")] = PRICES,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a month on AWS costs, line by line. Asks no cloud; free tiers are left out."""
    if architecture not in {"x86_64", "arm64"}:
        raise PlainError(f"--architecture {architecture!r} must be x86_64 or arm64", 2)
    usage = Usage(
        kiosks=kiosks,
        weighings_per_day=weighings_per_day,
        image_kb=image_kb,
        confirmed=Decimal(str(confirmed)),
        retention_days=retention_days,
        provisioned=provisioned_concurrency,
        alarms=alarms_in(ROOT / "template.yaml"),
        customer_key=customer_key,
        traced=_TRACED if tracing else Decimal(0),
        architecture=architecture,
        inference=Function(Usage.inference.memory_mb, Decimal(inference_ms)),
    )
    try:
        found = bill(usage, read_prices(region, prices))
    except BadPrices as error:
        raise PlainError(str(error), 2) from error
    if as_json:
        typer.echo(json.dumps(as_document(found), indent=2))
    else:
        _print(found)


def as_document(found: Bill) -> dict[str, Any]:
    """A bill as JSON; money as text."""
    return {
        "currency": found.table.currency,
        "region": found.table.region,
        "prices_as_of": found.table.as_of.isoformat(),
        "weighings": str(found.usage.weighings.quantize(Decimal(1))),
        "monthly": str(found.monthly.quantize(_CENT)),
        "per_thousand_weighings": str(found.per_thousand.quantize(_FINE)),
        "lines": [
            {
                "service": line.service,
                "what": line.what,
                "quantity": str(line.quantity.quantize(_FINE)),
                "unit": line.unit,
                "monthly": str(line.monthly.quantize(_FINE)),
            }
            for line in found.lines
        ],
    }


def _print(found: Bill) -> None:
    currency, thousands = found.table.currency, found.usage.weighings / 1000
    title = (
        f"{found.usage.kiosks:,} kiosks, {found.usage.weighings:,.0f} weighings a month, "
        f"{found.table.region}"
    )
    table = Table("service", "what", title=title)
    for heading in ("quantity", f"{currency} a month", "for 1,000"):
        table.add_column(heading, justify="right", no_wrap=True)
    service = ""
    for line in found.lines:
        if line.service != service and service:
            table.add_section()
        table.add_row(
            "" if line.service == service else line.service,
            line.what if line.unit in line.what else f"{line.what} ({line.unit})",
            f"{line.quantity:,.{0 if line.quantity > _WHOLE_ABOVE else 2}f}",
            f"{line.monthly:,.2f}",
            f"{line.monthly / thousands:,.4f}",
        )
        service = line.service
    table.add_section()
    table.add_row("together", "", "", f"{found.monthly:,.2f}", f"{found.per_thousand:,.4f}")
    Console().print(table)
    typer.echo(
        f"List prices of {found.table.as_of:%Y-%m-%d}, without taxes and free tiers. "
        "What is kept of rows and ledger is that after a year."
    )
