"""`smartscale backup` and `smartscale restore`: everything a shop has, out and back in."""

from typing import Annotated

import typer
from rich.console import Console

from infra.backup.place import place_of
from infra.commands.connection import connect
from infra.settings import load_settings

app = typer.Typer()
_PLACE_HELP = "A folder, or s3://BUCKET/PREFIX in the cloud of the stack."


@app.command()
def backup(
    target: Annotated[str, typer.Argument(help=_PLACE_HELP)],
    pictures: Annotated[
        bool, typer.Option(help="Copy all pictures, not only those without an outcome.")
    ] = False,
) -> None:
    """Copy tables, ledger, memory and models of a running stack to TARGET.

    Into the same place again, the days that did not change are not copied again.
    """
    settings = load_settings()
    connection = connect(settings)
    place = place_of(target, settings.region)
    with Console(stderr=True).status("backing up") as status:
        manifest = connection.back_up(place, lambda what: status.update(f"backing up: {what}")).run(
            pictures=pictures
        )
    counts = ", ".join(f"{file.count:,} {name}" for name, file in manifest.tables.items())
    total = sum(file.count for file in manifest.objects)
    typer.echo(f"Backed up to {place}: {counts}, {total:,} objects.")


@app.command()
def restore(source: Annotated[str, typer.Argument(help=_PLACE_HELP)]) -> None:
    """Copy a backup from SOURCE into a stack that has weighed nothing yet."""
    settings = load_settings()
    connection = connect(settings)
    place = place_of(source, settings.region)
    with Console(stderr=True).status("restoring") as status:
        manifest = connection.restore(place, lambda what: status.update(f"restoring: {what}")).run()
    counts = ", ".join(f"{file.count:,} {name}" for name, file in manifest.tables.items())
    typer.echo(
        f"Restored from {place}, the state of {manifest.created_at:%Y-%m-%d %H:%M} UTC: {counts}."
    )
