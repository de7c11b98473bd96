"""`smartscale limits`: which limits to raise on AWS for so many kiosks."""

from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra.sizing.limits import limits as find_limits
from infra.sizing.workload import Usage

app = typer.Typer()


@app.command()
def limits(
    kiosks: Annotated[int, typer.Option(min=1, help="How many scales.")] = 1000,
    peak_per_minute: Annotated[
        float, typer.Option(min=0.01, help="Weighings of each in the busiest minute.")
    ] = 2,
    operators: Annotated[
        int, typer.Option(min=0, help="People who watch a dashboard at the same time.")
    ] = 10,
) -> None:
    """Say what the busiest minute takes on AWS, and which parameter or quota limits it."""
    found = find_limits(Usage(kiosks=kiosks), Decimal(str(peak_per_minute)), operators)
    table = Table("limit", title=f"{kiosks:,} kiosks, {peak_per_minute:g} weighings a minute each")
    for heading in ("needed", "AWS's default", ""):
        table.add_column(heading, justify="right")
    for limit in found:
        quota = "" if limit.quota is None else f"{limit.quota:,}"
        verdict = "" if limit.quota is None else "enough" if limit.fits else "ASK FOR MORE"
        table.add_row(limit.what, f"{limit.needed:,}", quota, verdict)
    Console().print(table)
    typer.echo("Parameters of template.yaml:")
    for limit in found:
        if limit.parameter:
            typer.echo(f"  {limit.parameter}={limit.value}")
