"""Tables go to spreadsheets and come back, whatever a name begins with and however Excel writes."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.catalogue_changes import ChangeKind, ItemChange
from smartscale.domain.catalogue_file import read_csv, write_csv
from smartscale.domain.errors import InvalidInput
from smartscale.domain.spreadsheet import (
    BOM,
    decode_table,
    guard_cell,
    unguard_cell,
    write_table,
)
from tests.examples import NOW, item

COLUMNS = "label,plu,category,unit,unit_price,currency,tare_kg,name_en"
BANANA = "Banana,4011,fruit,kg,1.49,EUR,0.015,Bananas"
DAY = datetime(2026, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])  # noqa: RUF001
def test_no_cell_begins_as_a_formula_does(sign: str) -> None:
    assert guard_cell(f"{sign}cmd|' /C calc'!A0").startswith(f"'{sign}")


@given(st.text())
def test_a_guarded_cell_comes_back_as_it_was(text: str) -> None:
    assert unguard_cell(guard_cell(text)) == text
    assert not guard_cell(text).startswith(("=", "@", "\t", "\r", "\n"))


def test_excel_knows_the_encoding_and_numbers_stay_numbers() -> None:
    text = write_table([["name", "value"], ["Äpfel", "-2.5"], ["=1", None]])
    assert text == f"{BOM}name,value\r\nÄpfel,-2.5\r\n'=1,\r\n"


@pytest.mark.parametrize("sign", [";", "\t", ","])
@pytest.mark.parametrize("first", ["", "sep={}\r\n", '"sep={}"\r\n'])
def test_what_excel_writes_is_read(sign: str, first: str) -> None:
    out = io.StringIO()
    table = csv.writer(out, delimiter=sign)
    cells = BANANA.split(",")
    if sign != ",":
        cells[4], cells[6] = "1,49", "0,015"
    # Excel adds cells that were touched once, and lines of nothing.
    table.writerows([[*COLUMNS.split(","), "", ""], [*cells, "", ""], [""] * 10])
    text = BOM + first.format(sign) + out.getvalue()
    [banana] = read_csv(io.StringIO(text, newline=""), NOW)
    assert (str(banana.unit_price_at(NOW)), str(banana.tare_kg)) == ("1.49", "0.015")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_excels_encodings_are_read(encoding: str) -> None:
    assert decode_table("Äpfel".encode(encoding)) == "Äpfel"


def test_another_encoding_says_how_to_save_the_file() -> None:
    with pytest.raises(InvalidInput, match="CSV UTF-8"):
        decode_table("Äpfel".encode("cp1252"))


def test_a_comma_between_cells_is_no_decimal_comma() -> None:
    with pytest.raises(InvalidInput, match=r"line 2: unit_price '1,249' must be a price"):
        read_csv([COLUMNS, BANANA.replace("1.49", '"1,249"')], NOW)


def test_columns_that_are_not_known_or_come_twice_are_refused_together() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_csv([f"{COLUMNS},valid_form,unit_price,price_group".replace(",plu", "")], NOW)
    said = str(caught.value)
    assert "lacks the columns: plu" in said
    assert "come twice: unit_price" in said
    assert "The column valid_form is not known: is it valid_from?" in said
    assert "The column price_group is not known." in said


def test_all_bad_lines_are_told_at_once() -> None:
    lines = [
        COLUMNS,
        BANANA.replace("1.49", "cheap"),
        BANANA,
        BANANA.replace("Banana,4011", "Kaki,4011"),
        "Lemon,4053,fruit",
        BANANA.replace("Banana,4011,fruit,kg", "Lime,4048,fruit,box"),
    ]
    with pytest.raises(InvalidInput) as caught:
        read_csv(lines, NOW)
    said = str(caught.value)
    for told in ("line 2: unit_price", "line 4: PLU 4011", "line 5: the number", "line 6: unit"):
        assert told in said
    assert "line 3" not in said


def test_a_line_is_counted_as_an_editor_counts_it() -> None:
    text = f'sep=,\n\n{COLUMNS}\n"Ban\nana",4011,fruit,kg,1.49,EUR,0.015,"Ban\nanas"\nLime,x\n'
    with pytest.raises(InvalidInput, match="line 7: the number of fields"):
        read_csv(io.StringIO(text), NOW)


def test_what_a_file_does_not_say_stays_as_it_was() -> None:
    known = item(tare_kg="0.015", unit_price="1.49").model_copy(
        update={"names": {"en": "Bananas", "de": "Bananen"}}
    )
    header = COLUMNS.replace(",tare_kg", "")
    [wanted] = read_csv([header, BANANA.replace(",0.015", "").replace("1.49", "1.59")], NOW)
    after = ItemChange.of(wanted, known).item
    assert after.names == {"en": "Bananas", "de": "Bananen"}
    assert (str(after.tare_kg), str(after.unit_price_at(NOW))) == ("0.015", "1.59")
    [empty] = read_csv([COLUMNS + ",name_de", BANANA.replace("0.015", "") + ","], NOW)
    assert ItemChange.of(empty, known).item.names["de"] == "Bananen"
    assert str(ItemChange.of(empty, known).item.tare_kg) == "0.015"
    [new] = read_csv([COLUMNS, BANANA.replace("0.015", "")], NOW)
    assert str(new.tare_kg) == "0.000"
    [zero] = read_csv([COLUMNS, BANANA.replace("0.015", "0")], NOW)
    assert str(ItemChange.of(zero, known).item.tare_kg) == "0.000"


OFFER = BANANA.replace("1.49", "0.99") + ",2026-12-01,2026-12-05"
USUAL = BANANA + ",,"
WITH_VALIDITY = COLUMNS + ",valid_from,valid_to"


def test_an_offer_that_ends_falls_back_to_the_price_before_it() -> None:
    [banana] = read_csv([WITH_VALIDITY, USUAL, OFFER], NOW)
    moments = [
        datetime(2026, 11, 30, 23, 59, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
        datetime(2026, 12, 5, 23, 59, tzinfo=UTC),
        datetime(2026, 12, 6, tzinfo=UTC),
    ]
    prices = [str(banana.unit_price_at(moment)) for moment in moments]
    assert prices == ["1.49", "0.99", "0.99", "1.49"]
    schedule = [(str(one.unit_price), one.valid_from) for one in banana.schedule_from(DAY)]
    assert schedule == [("0.99", moments[1]), ("1.49", moments[3])]


@pytest.mark.parametrize("day", range(1, 8))
def test_a_file_that_is_imported_again_changes_nothing_during_its_offer(day: int) -> None:
    [known] = read_csv([WITH_VALIDITY, USUAL, OFFER], NOW)
    later = datetime(2026, 12, day, 12, tzinfo=UTC)
    [again] = read_csv([WITH_VALIDITY, USUAL, OFFER], later)
    assert ItemChange.of(again, known).kind is ChangeKind.UNCHANGED
    exported = write_csv([known], later)
    [read] = read_csv(io.StringIO(exported, newline=""), later)
    assert ItemChange.of(read, known).kind is ChangeKind.UNCHANGED


def test_an_offer_must_end_after_it_began() -> None:
    with pytest.raises(InvalidInput, match="line 2: valid_to must be after valid_from"):
        read_csv([WITH_VALIDITY, OFFER.replace("12-05", "11-05")], NOW)
