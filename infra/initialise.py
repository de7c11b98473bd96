"""Prepares a stack before it serves, and once a day: fills a new shop's catalogue, rebuilds what
a kill has lost, deletes expired pictures, and wakes a worker.

`python -m infra.initialise [restore | rows | make-room | SINCE]`: `restore` rebuilds everything,
after a crash; `rows` all but the figures, which were not lost; `make-room` only deletes the oldest
pictures; SINCE (ISO 8601) looks at what came since. The first two say when the tables can be relied
on, and then tell the figures beside the traffic.
"""

import os
import sys
import time
from pathlib import Path

import typer

from infra.commands.catalogue import import_examples
from infra.commands.connection import Connection, connect
from infra.commands.reconcile import describe
from infra.emulator import rows_file
from infra.errors import PlainError
from infra.expiry import expire
from infra.kept import FIGURES_KEPT
from infra.readiness import MAKE_ROOM, RESTORE, ROWS, Readiness
from infra.settings import load_settings
from infra.space import Space
from smartscale.clock import now
from smartscale.domain.moments import parse_moment
from smartscale.operations.mending.reconcile import Reconciled
from smartscale.operations.messages import WAKE_UP

_SAY_EVERY_S = 2.0
_BESIDE_OTHERS = 10
"""How nice a process is whose end nobody waits for."""


def main() -> None:
    """Fill a new shop's catalogue, rebuild rows, send unanswered uploads again, expire pictures."""
    what = sys.argv[1] if len(sys.argv) > 1 else None
    settings = load_settings()
    readiness = Readiness.from_environment()
    of_run = readiness.file is not None
    try:
        connection = connect(settings, of_run=of_run)
        if what == MAKE_ROOM:
            deleted = connection.make_room(Space(settings.home).room)
            typer.echo(f"The disk is nearly full: deleted the {deleted} oldest pictures.")
            return
        imported = import_examples(connection, settings.currency)
        if imported:
            typer.echo(f"Imported {imported} catalogue items.")
        if what is not None:
            rows = rows_file(settings.home)
            typer.echo(describe(_reconcile(connection, what, rows, readiness)))
        expired = expire(connection.bucket, settings.image_retention_days, now())
        if expired:
            typer.echo(f"Expired {expired} pictures and idempotency keys.")
        if not of_run:
            # The first shopper should not wait for a worker to start; those of a run start at once.
            connection.weighings_queue.send(WAKE_UP)
    except PlainError as error:
        typer.echo(str(error), err=True)
        sys.exit(error.exit_status)


def _reconcile(connection: Connection, what: str, rows: Path, readiness: Readiness) -> Reconciled:
    if what not in {RESTORE, ROWS}:
        return connection.reconcile().run(parse_moment(what))

    def restored() -> None:
        readiness.declare()
        os.nice(_BESIDE_OTHERS)

    return connection.reconcile(rows=rows).run(
        None,
        _Progress(),
        figures_since=now() - FIGURES_KEPT if what == RESTORE else None,
        restored=restored,
    )


class _Progress:
    """Says every few seconds how far it is."""

    def __init__(self) -> None:
        self._due = time.monotonic() + _SAY_EVERY_S

    def __call__(self, step: str) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _SAY_EVERY_S
            typer.echo(f"Restoring: {step}.")


if __name__ == "__main__":
    main()
