"""`smartscale reconcile`: rebuild what tables and queue have lost from what the bucket holds."""

from typing import Annotated

import typer
from rich.console import Console

from infra.commands.connection import connect
from infra.errors import PlainError
from infra.settings import load_settings
from smartscale.clock import now
from smartscale.domain.errors import InvalidInput
from smartscale.domain.moments import parse_moment
from smartscale.operations.mending.reconcile import Reconciled

app = typer.Typer()


@app.command()
def reconcile(
    since: Annotated[
        str | None,
        typer.Option(help="Look only at what came since this moment (ISO 8601); default: all."),
    ] = None,
    resend: Annotated[
        bool, typer.Option(help="Send pictures without an outcome to the queue again.")
    ] = True,
    announce: Annotated[
        bool, typer.Option(help="Publish the events of rebuilt weighings, maybe once more.")
    ] = True,
) -> None:
    """Rebuild missing rows from the ledger, and send uploads without an outcome again."""
    settings = load_settings()
    try:
        start = parse_moment(since, settings.time_zone) if since else None
    except InvalidInput as error:
        raise PlainError(f"--since: {error}", 2) from error
    if start is not None and start > now():
        raise PlainError(f"--since: {since} is in the future: give a moment that has been", 2)
    operation = connect(settings).reconcile(announce=announce)
    with Console(stderr=True).status("reconciling") as status:
        mended = operation.run(
            start, lambda what: status.update(f"reconciling: {what}"), resend=resend
        )
    typer.echo(describe(mended))


def describe(mended: Reconciled) -> str:
    """One line on what was mended."""
    return (
        f"Reconciled: {mended.rows_rebuilt} weighings rebuilt from the ledger, "
        f"{mended.uploads_resent} uploads sent again, "
        f"{mended.catalogue_items_restored} catalogue changes restored"
        + (", the model switch restored" if mended.model_switch_restored else "")
        + (", the trial of a model restored" if mended.trial_restored else "")
        + (", what may be wrong unasked restored." if mended.asking_restored else ".")
    )
