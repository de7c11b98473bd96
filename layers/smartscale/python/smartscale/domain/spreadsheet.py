"""Tables as spreadsheets read and write them: the one rule for every CSV file that comes or goes.

What is written is UTF-8 with a byte order mark (else Excel takes it for another encoding), with
commas and CRLF (RFC 4180). What is read may also have semicolons or tabs, a first line `sep=;`, and
decimal commas, as Excel writes them where people write decimal commas.
"""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from smartscale.domain.errors import DomainError, InvalidInput

BOM = "\ufeff"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GUARD = "'"
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  as they are
"""How a cell starts that a spreadsheet runs as a formula, or that it takes apart."""
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[0-9]+,[0-9]+", re.ASCII)
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<sign>[;,\t|])"?', re.IGNORECASE)
_DELIMITERS = (",", ";", "\t")
_MOST_TOLD = 100


def guard_cell(text: str) -> str:
    """A cell as a spreadsheet shows it and never runs it; numbers stay numbers.

    >>> guard_cell("=1+1"), guard_cell("-2.5")
    ("'=1+1", '-2.5')
    """
    if _NUMBER.fullmatch(text):
        return text
    return f"{_GUARD}{text}" if text.startswith((*_RISKY, _GUARD)) else text


def unguard_cell(text: str) -> str:
    """A cell as it was before `guard_cell`."""
    guarded = text.startswith(_GUARD) and text[1:].startswith((*_RISKY, _GUARD))
    return text[1:] if guarded else text


def write_table(rows: Iterable[Iterable[object]]) -> str:
    """Rows, the first of which has the columns' names, as a CSV file; None is an empty cell."""
    out = io.StringIO()
    out.write(BOM)
    table = csv.writer(out)
    for row in rows:
        table.writerow("" if cell is None else guard_cell(str(cell)) for cell in row)
    return out.getvalue()


def decode_table(data: bytes) -> str:
    """The text of a file: UTF-8, or the UTF-16 of Excel's "Unicode text".

    Raises:
        InvalidInput: it is in another encoding.
    """
    utf_16 = len(data) > len(_UTF_16[0]) and data.startswith(_UTF_16)
    try:
        return data.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            "The file is not UTF-8 text: in Excel, save it as `CSV UTF-8`."
        ) from error


@dataclass(frozen=True)
class Fault:
    """What is wrong with one line of a file, counted from 1; with all of it where that is None."""

    line: int | None
    error: DomainError

    def __str__(self) -> str:
        return str(self.error) if self.line is None else f"line {self.line}: {self.error}"


class BadTable(InvalidInput):
    """A file cannot be used. It names everything that is wrong with it, at most 100 lines."""

    def __init__(self, message: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)

    @classmethod
    def of(cls, faults: Sequence[Fault]) -> Self:
        """The error that names these faults."""
        named = list(faults[:_MOST_TOLD])
        if (more := len(faults) - _MOST_TOLD) > 0:
            named.append(Fault(None, InvalidInput("And {n} lines more.", n=more)))
        return cls(" ".join(map(str, named)), named)


@dataclass(frozen=True)
class Line:
    """One line of a table by its columns; `fault` says why it has no cells."""

    number: int
    cells: dict[str, str]
    fault: Fault | None = None


class Table:
    """A table that is read line by line."""

    def __init__(self, lines: Iterable[str]) -> None:
        """
        Raises:
            InvalidInput: it has no line with the columns' names.
        """
        text = list(lines)
        if text:
            text[0] = text[0].removeprefix(BOM)
        separator = _SEPARATOR_LINE.fullmatch(text[0].strip(" \r\n")) if text else None
        self._first = 2 if separator else 1
        rest = text[self._first - 1 :]
        head = next((line for line in rest if line.strip()), "")
        self.delimiter = separator["sign"] if separator else _delimiter(head)
        self._reader = csv.reader(rest, delimiter=self.delimiter, strict=True)
        try:
            names = next((row for row in self._reader if any(map(str.strip, row))), [])
        except csv.Error as error:
            raise BadTable.of([self._broken(error)]) from error
        # A spreadsheet often adds empty columns behind the last one.
        self.columns = _without_empty_end([name.strip().lower() for name in names])

    def check_columns(
        self, required: Collection[str], optional: Collection[str], pattern: re.Pattern[str]
    ) -> None:
        """Refuse a table that lacks columns, or has unknown or doubled ones.

        Args:
            required: those that must be there.
            optional: those that may be.
            pattern: what else a column may be called.

        Raises:
            BadTable: it names every column that is wrong.
        """
        known = [*required, *optional]
        missing = sorted(set(required) - set(self.columns))
        doubled = [name for name, times in Counter(self.columns).items() if times > 1]
        unknown = [
            name for name in self.columns if name not in known and not pattern.fullmatch(name)
        ]
        wrong = [_unknown(name, known) for name in unknown]
        if doubled:
            columns = ", ".join(name or "''" for name in doubled)
            wrong.insert(0, InvalidInput("These columns come twice: {columns}.", columns=columns))
        if missing:
            columns = ", ".join(missing)
            lacks = "The catalogue file lacks the columns: {columns}."
            wrong.insert(0, InvalidInput(lacks, columns=columns))
        if wrong:
            raise BadTable.of([Fault(None, error) for error in wrong])

    def __iter__(self) -> Iterator[Line]:
        while True:
            try:
                row = next(self._reader, None)
            except csv.Error as error:
                # Where quotes do not match, nobody knows where the next line begins.
                yield Line(self._line, {}, self._broken(error))
                return
            if row is None:
                return
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            number = self._line
            cells = cells[: len(self.columns)] + _without_empty_end(cells[len(self.columns) :])
            if len(cells) != len(self.columns):
                differs = InvalidInput("the number of fields differs from the header's.")
                yield Line(number, {}, Fault(number, differs))
                continue
            yield Line(number, dict(zip(self.columns, map(unguard_cell, cells), strict=True)))

    def number(self, cell: str) -> str:
        """A cell that should hold a number, with a decimal point.

        A comma is a decimal one only where it does not also separate the cells: there it would be
        that of thousands.
        """
        if self.delimiter != "," and _DECIMAL_COMMA.fullmatch(cell):
            return cell.replace(",", ".")
        return cell

    @property
    def _line(self) -> int:
        return self._reader.line_num + self._first - 1

    def _broken(self, error: csv.Error) -> Fault:
        return Fault(self._line, InvalidInput("not valid CSV: {reason}.", reason=error))


def _delimiter(head: str) -> str:
    """What separates the cells of a line: what makes most cells of it."""
    counts = {sign: len(next(csv.reader([head], delimiter=sign), [])) for sign in _DELIMITERS}
    return max(_DELIMITERS, key=lambda sign: counts[sign])


def _without_empty_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells = cells[:-1]
    return cells


def _unknown(column: str, known: Sequence[str]) -> InvalidInput:
    if not column:
        return InvalidInput("A column has no name.")
    if near := get_close_matches(column, known, 1):
        return InvalidInput(
            "The column {column} is not known: is it {near}?", column=column[:40], near=near[0]
        )
    return InvalidInput("The column {column} is not known.", column=column[:40])
