"""`smartscale cost`: what a month on AWS costs, by service and for 1,000 weighings."""

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from infra.errors import PlainError
from infra.settings import ROOT
from infra.sizing.cost import (
    PRICES,
    BadPrices,
    Bill,
    Setting,
    alarms_in,
    bill,
    read_prices,
    settings,
)
from infra.sizing.workload import TRACED, Function, Usage

app = typer.Typer()
_CENT = Decimal("0.01")
_FINE = Decimal("0.0001")
_WHOLE_ABOVE = 100


@app.command()
def cost(
    kiosks: Annotated[int, typer.Option(min=1, help="How many scales.")] = 1,
    weighings_per_day: Annotated[
        int, typer.Option(min=1, help="Weighings a day at each.")
    ] = Usage.weighings_per_day,
    image_kb: Annotated[
        int, typer.Option(min=1, help="Size of a picture; a kiosk's has about 120 KB.")
    ] = Usage.image_kb,
    confirmed: Annotated[
        float, typer.Option(min=0, max=1, help="Share of weighings that somebody confirms.")
    ] = float(Usage.confirmed),
    retention_days: Annotated[
        int, typer.Option(min=1, help="ImageRetentionDays: days that pictures are kept.")
    ] = Usage.retention_days,
    history_days: Annotated[
        int, typer.Option(min=1, help="HistoryDays: days that a weighing has a row.")
    ] = Usage.history_days,
    look_minutes: Annotated[
        int, typer.Option(min=1, help="Minutes between an idle kiosk's looks (SMARTSCALE_LOOK_S).")
    ] = Usage.look_minutes,
    open_hours: Annotated[
        int, typer.Option(min=1, max=24, help="Hours a day in which something is weighed.")
    ] = Usage.open_hours_a_day,
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
        history_days=history_days,
        look_minutes=look_minutes,
        open_hours_a_day=open_hours,
        provisioned=provisioned_concurrency,
        alarms=alarms_in(ROOT / "template.yaml"),
        customer_key=customer_key,
        traced=TRACED if tracing else Decimal(0),
        architecture=architecture,
        inference=Function(Usage.inference.memory_mb, Decimal(inference_ms)),
    )
    try:
        table = read_prices(region, prices)
        found, chosen = bill(usage, table), settings(usage, table)
        grown = [bill(one, table) for one in _growth(usage)]
    except BadPrices as error:
        raise PlainError(str(error), 2) from error
    if as_json:
        typer.echo(json.dumps(as_document(found, chosen), indent=2))
        return
    _print(found)
    _print_settings(found, chosen)
    _print_growth(found, grown)


def _growth(usage: Usage) -> list[Usage]:
    """The same shop with ten times the kiosks, with rows of a year, and with both."""
    many = 10 * usage.kiosks
    return [
        usage,
        replace(usage, kiosks=many),
        replace(usage, history_days=366),
        replace(usage, kiosks=many, history_days=366),
    ]


def as_document(found: Bill, chosen: Sequence[Setting] = ()) -> dict[str, Any]:
    """A bill as JSON, with what settings would add; money as text."""
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
        "settings": [
            {"setting": one.what, "monthly": str(one.monthly.quantize(_FINE))} for one in chosen
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
    typer.echo(f"A million weighings cost {currency} {1000 * found.per_thousand:,.2f}.")
    typer.echo(
        f"List prices of {found.table.as_of:%Y-%m-%d}, without taxes and free tiers. "
        "What is kept of rows and ledger is that after a year."
    )


def _print_settings(found: Bill, chosen: Sequence[Setting]) -> None:
    millions, currency = found.usage.weighings / 1_000_000, found.table.currency
    table = Table("what if", title="What settings cost, each chosen otherwise than above")
    for heading in (f"{currency} a month", "for a million"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in chosen:
        table.add_row(one.what, f"{one.monthly:+,.2f}", f"{one.monthly / millions:+,.2f}")
    Console().print(table)


def _print_growth(found: Bill, grown: Sequence[Bill]) -> None:
    currency = found.table.currency
    table = Table(title="Growth, in the same table")
    for heading in ("kiosks", "HistoryDays", "rows", f"{currency} a month", "for a million"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in grown:
        usage = one.usage
        rows = usage.kiosks * usage.weighings_per_day * usage.history_days
        table.add_row(
            f"{usage.kiosks:,}",
            str(usage.history_days),
            f"{rows:,}",
            f"{one.monthly:,.2f}",
            f"{1000 * one.per_thousand:,.2f}",
        )
    Console().print(table)
