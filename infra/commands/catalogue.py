"""`smartscale catalogue import`: what the shop sells, from a CSV file."""

from collections import Counter
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from infra.commands.connection import Connection, connect
from infra.errors import PlainError
from infra.settings import load_settings
from smartscale.clock import now
from smartscale.domain.catalogue import Item
from smartscale.domain.catalogue_changes import ChangeKind, ItemChange
from smartscale.domain.catalogue_file import read_csv, write_csv
from smartscale.domain.errors import DomainError
from smartscale.domain.moments import write_end, write_moment
from smartscale.domain.money import to_cent
from smartscale.domain.spreadsheet import decode_table
from smartscale.operations.catalogue.edit import EditCatalogue

_OF_A_NEW_ITEM = {"plu", "unit", "unit_price"}

app = typer.Typer(name="catalogue", help="What the shop sells.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """What the shop sells."""


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file; docs/catalogue.md lists its columns.")],
    *,
    dry_run: Annotated[bool, typer.Option(help="Only say what would change.")] = False,
) -> None:
    """Add or change the items of FILE; a row's price holds from its valid_from, or from now.

    A date is a day of the shop's: SMARTSCALE_TIME_ZONE names its time zone.
    """
    moment, settings = now(), load_settings()
    items = _read(file, moment, settings.time_zone)
    edit = connect(settings).edit_catalogue()
    try:
        changes = edit.preview(items) if dry_run else _put_all(edit, items, moment)
    except DomainError as error:
        raise PlainError(f"{file}: {error}") from error
    for change in changes:
        if change.kind is not ChangeKind.UNCHANGED:
            typer.echo(_describe(change, settings.time_zone))
    kinds = Counter(change.kind for change in changes)
    counted = ", ".join(f"{kinds[kind]} {kind}" for kind in ChangeKind if kinds[kind])
    done = "would be imported" if dry_run else "imported"
    typer.echo(f"{len(items)} items {done} from {file} ({counted or 'none'}).")


def _put_all(edit: EditCatalogue, items: list[Item], moment: datetime) -> list[ItemChange]:
    """Import the items, with a progress bar on stderr."""
    bar = Progress(*Progress.get_default_columns(), console=Console(stderr=True))
    with bar:
        task = bar.add_task("Importing", total=len(items))
        return edit.put_all(items, moment=moment, progress=lambda done: bar.advance(task, done))


@app.command("export")
def export_file(
    file: Annotated[Path, typer.Argument(help="The CSV file to write; it must not be there yet.")],
) -> None:
    """Write what is sold into FILE, which can be imported again: prices of now and later ones."""
    settings = load_settings()
    text = write_csv(connect(settings).catalogue.all(), now(), settings.time_zone)
    try:
        with file.open("x", encoding="utf-8", newline="") as out:
            out.write(text)
    except OSError as error:
        raise PlainError(f"{file} cannot be written: {error.strerror}", 2) from error
    typer.echo(f"The catalogue is in {file}.")


def _describe(change: ItemChange, zone: tzinfo) -> str:
    """A change in one line: `Banana changed: unit_price 1.89 -> 1.99 from 2026-12-01`.

    For a new item, which has no earlier values, the line shows PLU, name and price.
    """
    new = change.kind is ChangeKind.ADDED
    fields = []
    for field in change.fields:
        since = f" from {write_moment(field.valid_from, zone)}" if field.valid_from else ""
        since += f" to {write_end(field.valid_to, zone)}" if field.valid_to else ""
        if not new:
            fields.append(f"{field.field} {field.before or '-'} -> {field.after or '-'}{since}")
        elif field.field in _OF_A_NEW_ITEM:
            fields.append(f"{field.field} {field.after}{since}")
    return f"{change.item.label} {change.kind}: {', '.join(fields)}"


def import_examples(connection: Connection, currency: str = "EUR") -> int:
    """Fill the table with the project's own catalogue where a shop has changed nothing yet.

    A shop's own items and prices stay as they are; the project's are examples, in its currency.
    """
    return connection.edit_catalogue().put_examples(examples(currency))


def examples(currency: str = "EUR") -> list[Item]:
    """The project's own catalogue, with the same figures in another currency."""
    own = Path(str(files("smartscale") / "catalogue.csv"))
    return [in_currency(item, currency) for item in _read(own, now())]


def in_currency(item: Item, currency: str) -> Item:
    """An item of the same figures in another currency, without decimals that it does not have."""
    prices = tuple(
        price.model_copy(update={"unit_price": to_cent(price.unit_price, currency) or Decimal(1)})
        for price in item.prices
    )
    return item.model_copy(update={"currency": currency, "prices": prices})


def _read(file: Path, moment: datetime, zone: tzinfo = UTC) -> list[Item]:
    try:
        text = decode_table(file.read_bytes())
        return read_csv(StringIO(text, newline=""), moment, zone)
    except OSError as error:
        raise PlainError(f"{file} cannot be read: {error.strerror}", 2) from error
    except DomainError as error:
        raise PlainError(f"{file}: {error}", 2) from error
