"""`smartscale redrive`: another try for what failed or lies among the dead letters."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console

from infra.commands.connection import connect
from infra.errors import PlainError
from infra.settings import load_settings
from smartscale.clock import now
from smartscale.domain.errors import InvalidInput
from smartscale.domain.moments import parse_moment
from smartscale.operations.mending.redrive import Decision

app = typer.Typer()
_DAYS = 30


@app.command()
def redrive(
    since: Annotated[
        str | None,
        typer.Option(help=f"Weighings since this moment (ISO 8601); default: {_DAYS} days ago."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent again.")
    ] = False,
) -> None:
    """Try again what failed: weighings, dead letters, and imports of models.

    What would fail as it did before is left alone; the ledger's records stay as they are.
    """
    again = left = 0
    settings = load_settings()
    try:
        start = parse_moment(since, settings.time_zone) if since else now() - timedelta(days=_DAYS)
    except InvalidInput as error:
        raise PlainError(f"--since: {error}", 2) from error
    operation = connect(settings).redrive()
    with Console(stderr=True).status("looking through what failed") as status:
        for decision in operation.run(start, dry_run=dry_run):
            again += decision.left is None
            left += decision.left is not None
            status.update(f"looking through what failed: {again + left}")
            typer.echo(_line(decision, dry_run=dry_run))
    would = "would be sent" if dry_run else "sent"
    typer.echo(f"{again} {would} again, {left} left as they are.")


def _line(decision: Decision, *, dry_run: bool) -> str:
    what = f"{decision.kind} {decision.name}"
    because = f" (failed: {decision.failed_because})" if decision.failed_because else ""
    if decision.left is None:
        return f"{'would send' if dry_run else 'sent'} again: {what}{because}"
    return f"left: {what}: {decision.left}"
