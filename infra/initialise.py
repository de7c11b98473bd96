"""What a stack needs before it serves: its catalogue, and what it lost when it was killed.

`python -m infra.initialise [SINCE]`: SINCE is the moment the tables were last saved (ISO 8601).
"""

import sys

import typer

from infra.commands.catalogue import import_missing
from infra.commands.connection import connect
from infra.commands.reconcile import describe
from infra.errors import PlainError
from infra.settings import load_settings
from smartscale.domain.catalogue import parse_moment


def main() -> None:
    """Fill the catalogue's gaps, then rebuild rows and send unanswered uploads again."""
    since = parse_moment(sys.argv[1]) if len(sys.argv) > 1 else None
    try:
        connection = connect(load_settings())
        imported = import_missing(connection)
        if imported:
            typer.echo(f"Imported {imported} catalogue items.")
        typer.echo(describe(connection.reconcile().run(since, lambda _: None, resend=True)))
    except PlainError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
