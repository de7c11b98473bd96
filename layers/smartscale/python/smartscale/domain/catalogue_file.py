"""The catalogue as a file: a table with a row an item and price, and a header line."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from smartscale.domain.catalogue import Item, Price
from smartscale.domain.declaration import Declaration
from smartscale.domain.errors import InvalidInput
from smartscale.domain.moments import parse_end, parse_moment, write_end, write_moment
from smartscale.domain.spreadsheet import BadTable, Fault, Table, write_table

CSV_COLUMNS = ("label", "plu", "category", "unit", "unit_price", "currency")
"""The columns that a catalogue file must have, beside `name_en`."""
CSV_OPTIONAL = (
    "tare_kg",
    "piece_kg_min",
    "piece_kg_max",
    "sold_as",
    "aliases",
    "synonyms",
    *Declaration.model_fields,
)
"""Those that it may have, beside `valid_from`, `valid_to` and `name_<language>`. What a file does
not say of an item stays as it was."""
_VALIDITY = ("valid_from", "valid_to")
_NAME = re.compile(r"name_[a-z]{2}", re.ASCII)
_NUMBERS = ("unit_price", "tare_kg", "piece_kg_min", "piece_kg_max")


def read_csv(lines: Iterable[str], imported_at: datetime, zone: tzinfo = UTC) -> list[Item]:
    """Read a catalogue file.

    An item with several prices has a row for each; they differ in price and validity alone.

    Args:
        lines: the file's lines.
        imported_at: from when a price holds whose row names no `valid_from`.
        zone: where the file's dates are meant.

    Raises:
        BadTable: a column is missing, unknown or doubled, or rows are bad (each of their lines
            is named): a field is not what it has to be, or a label or PLU comes twice.
    """
    table = Table(lines)
    table.check_columns([*CSV_COLUMNS, "name_en"], [*CSV_OPTIONAL, *_VALIDITY], _NAME)
    items: dict[str, Item] = {}
    plus: dict[str, str] = {}
    faults: list[Fault] = []
    for line in table:
        if line.fault is not None:
            faults.append(line.fault)
            continue
        cells = {
            column: table.number(cell) if column in _NUMBERS else cell
            for column, cell in line.cells.items()
        }
        try:
            _add(_read_row(cells, imported_at, zone), items, plus)
        except InvalidInput as error:
            faults.append(Fault(line.number, error))
    if faults:
        raise BadTable.of(faults)
    return list(items.values())


def _add(item: Item, items: dict[str, Item], plus: dict[str, str]) -> None:
    """Add the item of a row to those of the rows before. Raises InvalidInput."""
    if plus.setdefault(item.plu, item.label) != item.label:
        raise InvalidInput("PLU {plu} comes twice.", plu=item.plu)
    earlier = items.get(item.label)
    items[item.label] = item if earlier is None else _with_price_of(earlier, item)


def _with_price_of(item: Item, another: Item) -> Item:
    """An item with one more price, from a row of its own."""
    [price] = another.prices
    if price.order in {known.order for known in item.prices}:
        raise InvalidInput("{label} comes twice.", label=item.label)
    if another.model_copy(update={"prices": item.prices}) != item:
        raise InvalidInput(
            "{label} comes twice: rows of one item may differ in unit_price, valid_from and "
            "valid_to alone.",
            label=item.label,
        )
    prices = sorted((*item.prices, price), key=lambda one: one.order)
    return item.model_copy(update={"prices": tuple(prices)})


def _read_row(cells: dict[str, str], imported_at: datetime, zone: tzinfo) -> Item:
    names = {
        column.removeprefix("name_"): cell
        for column, cell in cells.items()
        if _NAME.fullmatch(column) and cell
    }
    valid_from, valid_to = (cells.get(column) for column in _VALIDITY)
    return Item.parse(
        **{column: cells[column] for column in CSV_COLUMNS},
        **{column: cells[column] for column in CSV_OPTIONAL if column in cells},
        names=names,
        valid_from=parse_moment(valid_from, zone) if valid_from else imported_at,
        valid_to=parse_end(valid_to, zone) if valid_to else None,
    )


def write_csv(items: Iterable[Item], moment: datetime, zone: tzinfo = UTC) -> str:
    """The items as `read_csv` reads them: with the prices that hold at a moment, and later ones."""
    wanted = list(items)
    languages = sorted({language for item in wanted for language in item.names} | {"en"})
    names = [f"name_{language}" for language in languages]
    columns = [*CSV_COLUMNS, *CSV_OPTIONAL, *_VALIDITY, *names]
    rows = (_row(item, price, zone) for item in wanted for price in item.prices_from(moment))
    return write_table([columns, *([row.get(column) for column in columns] for row in rows)])


def _row(item: Item, price: Price, zone: tzinfo) -> dict[str, str]:
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
        "synonyms": "|".join(item.synonyms),
        **{name: str(value) for name, value in item.declared.items()},
        "valid_from": write_moment(price.valid_from, zone),
        "valid_to": "" if price.valid_to is None else write_end(price.valid_to, zone),
        **{f"name_{language}": name for language, name in item.names.items()},
    }
