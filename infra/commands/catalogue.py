"""`smartscale catalogue import`: what the shop sells, from a CSV file."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from infra.commands.connection import Connection, connect
from infra.errors import PlainError
from infra.settings import load_settings
from smartscale.clock import now
from smartscale.domain.catalogue import Item, read_csv
from smartscale.domain.errors import DomainError

app = typer.Typer(help="What the shop sells.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What the shop sells."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file; docs/catalogue.md lists its columns.")],
) -> None:
    """Add or change the items of FILE; a row's price holds from its valid_from, or from now."""
    items = _read(file)
    try:
        count = connect(load_settings()).edit_catalogue().put_all(items)
    except DomainError as error:
        raise PlainError(f"{file}: {error}") from error
    typer.echo(f"{count} items imported from {file}.")


def import_missing(connection: Connection) -> int:
    """Put the project's own catalogue into the table, but for labels that are there.

    A shop's own prices stay as they are.
    """
    own = Path(str(files("smartscale") / "catalogue.csv"))
    return connection.edit_catalogue().put_missing(_read(own))


def _read(file: Path) -> list[Item]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return read_csv(lines, now())
    except OSError as error:
        raise PlainError(f"{file} cannot be read: {error.strerror}", 2) from error
    except UnicodeDecodeError as error:
        raise PlainError(f"{file} is not UTF-8 text.", 2) from error
    except DomainError as error:
        raise PlainError(f"{file}: {error}", 2) from error
