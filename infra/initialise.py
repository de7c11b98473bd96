"""Prepares a stack before it serves, and once a day: fills the catalogue, rebuilds what a kill has
lost, deletes expired pictures, and wakes a worker.

`python -m infra.initialise [SINCE]`: SINCE is the moment the tables were last saved (ISO 8601).
"""

import sys

import typer

from infra.commands.catalogue import import_missing
from infra.commands.connection import connect
from infra.commands.reconcile import describe
from infra.errors import PlainError
from infra.expiry import expire
from infra.settings import load_settings
from smartscale.clock import now
from smartscale.domain.moments import parse_moment
from smartscale.operations.messages import WAKE_UP


def main() -> None:
    """Fill the catalogue's gaps, rebuild rows, send unanswered uploads again, expire pictures."""
    since = parse_moment(sys.argv[1]) if len(sys.argv) > 1 else None
    settings = load_settings()
    try:
        connection = connect(settings)
        imported = import_missing(connection, settings.currency)
        if imported:
            typer.echo(f"Imported {imported} catalogue items.")
        typer.echo(describe(connection.reconcile().run(since)))
        expired = expire(connection.bucket, settings.image_retention_days, now())
        if expired:
            typer.echo(f"Expired {expired} pictures and idempotency keys.")
        # The first shopper should not wait for a worker to start.
        connection.weighings_queue.send(WAKE_UP)
    except PlainError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
