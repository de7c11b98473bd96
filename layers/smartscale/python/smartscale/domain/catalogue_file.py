"""The catalogue as a file: a table with a row an item and price (RFC 4180, with a header line)."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, time

from smartscale.domain.catalogue import Item, Price, parse_moment
from smartscale.domain.errors import InvalidInput

CSV_COLUMNS = ("label", "plu", "category", "unit", "unit_price", "currency", "tare_kg")
"""The columns that a catalogue file must have, beside `name_<language>`."""
CSV_OPTIONAL = ("piece_kg_min", "piece_kg_max", "sold_as", "aliases")
"""Those that it may have, beside `valid_from`."""
_FORMULA = ("=", "+", "-", "@")
"""How a cell starts that a spreadsheet would run."""
_GUARD = "'"


def read_csv(lines: Iterable[str], imported_at: datetime) -> list[Item]:
    """Read a catalogue file.

    An item with several prices has a row for each; they differ in price and `valid_from` alone.

    Args:
        lines: the file's lines.
        imported_at: from when a price holds whose row names no `valid_from`.

    Raises:
        InvalidInput: a column is missing, a row is bad (its line is named), or a label or PLU
            comes twice.
    """
    reader = csv.DictReader(lines, strict=True)
    try:
        missing = {*CSV_COLUMNS, "name_en"} - set(reader.fieldnames or ())
        if missing:
            raise InvalidInput(
                f"The catalogue file lacks the columns: {', '.join(sorted(missing))}."
            )
        items: dict[str, Item] = {}
        plus: dict[str, str] = {}
        for row in reader:
            where = f"line {reader.line_num}"
            item = _read_row(row, imported_at, where)
            if plus.setdefault(item.plu, item.label) != item.label:
                raise InvalidInput(f"{where}: PLU {item.plu} comes twice.")
            earlier = items.get(item.label)
            items[item.label] = item if earlier is None else _with_price_of(earlier, item, where)
    except csv.Error as error:
        raise InvalidInput(f"line {reader.line_num}: not valid CSV: {error}.") from error
    return list(items.values())


def _with_price_of(item: Item, another: Item, where: str) -> Item:
    """An item with one more price, from a row of its own."""
    [price] = another.prices
    if price.valid_from in {known.valid_from for known in item.prices}:
        raise InvalidInput(f"{where}: {item.label} comes twice.")
    if another.model_copy(update={"prices": item.prices}) != item:
        raise InvalidInput(
            f"{where}: {item.label} comes twice: rows of one item may differ in unit_price and "
            "valid_from alone."
        )
    prices = sorted((*item.prices, price), key=lambda one: one.valid_from)
    return item.model_copy(update={"prices": tuple(prices)})


def _read_row(row: dict[str, str | None], imported_at: datetime, where: str) -> Item:
    if None in row or None in row.values():
        raise InvalidInput(f"{where}: the number of fields differs from the header's.")
    fields = {key: _unguarded((value or "").strip()) for key, value in row.items()}
    names = {
        key.removeprefix("name_"): value
        for key, value in fields.items()
        if key.startswith("name_") and value
    }
    valid_from = fields.get("valid_from")
    try:
        return Item.parse(
            **{column: fields[column] for column in CSV_COLUMNS},
            **{column: fields[column] for column in CSV_OPTIONAL if column in fields},
            names=names,
            valid_from=parse_moment(valid_from) if valid_from else imported_at,
        )
    except InvalidInput as error:
        raise InvalidInput(f"{where}: {error}") from error


def write_csv(items: Iterable[Item], moment: datetime) -> str:
    """The items as `read_csv` reads them: with the prices that hold at a moment, and later ones."""
    wanted = list(items)
    languages = sorted({language for item in wanted for language in item.names} | {"en"})
    names = [f"name_{language}" for language in languages]
    out = io.StringIO()
    table = csv.DictWriter(
        out, [*CSV_COLUMNS, *CSV_OPTIONAL, "valid_from", *names], lineterminator="\n"
    )
    table.writeheader()
    for item in wanted:
        for price in item.prices_from(moment):
            table.writerow({key: _guarded(text) for key, text in _row(item, price).items()})
    return out.getvalue()


def _row(item: Item, price: Price) -> dict[str, str]:
    return {
        "label": item.label,
        "plu": item.plu,
        "category": item.category,
        "unit": item.unit.value,
        "unit_price": f"{price.unit_price:f}",
        "currency": item.currency,
        "tare_kg": f"{item.tare_kg:f}",
        "piece_kg_min": "" if item.piece_kg_min is None else f"{item.piece_kg_min:f}",
        "piece_kg_max": "" if item.piece_kg_max is None else f"{item.piece_kg_max:f}",
        "sold_as": item.sold_as or "",
        "aliases": "|".join(item.aliases),
        "valid_from": said_moment(price.valid_from),
        **{f"name_{language}": name for language, name in item.names.items()},
    }


def said_moment(moment: datetime) -> str:
    """A moment as `parse_moment` reads it: a date alone where it is midnight in UTC."""
    utc = moment.astimezone(UTC)
    return utc.date().isoformat() if utc.time() == time() else utc.isoformat()


def _guarded(text: str) -> str:
    return f"{_GUARD}{text}" if text.startswith((*_FORMULA, _GUARD)) else text


def _unguarded(text: str) -> str:
    guarded = text.startswith(_GUARD) and text[1:].startswith((*_FORMULA, _GUARD))
    return text[1:] if guarded else text
