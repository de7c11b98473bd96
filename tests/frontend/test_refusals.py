"""Everything that a catalogue file can be refused for is said in each language of the kiosk."""

from datetime import UTC, datetime

import pytest

from frontend.words.languages import load_languages
from frontend.words.refusals import REFUSALS, fault_words
from smartscale.contract.problem import Fault
from smartscale.domain.catalogue_file import read_csv
from smartscale.domain.errors import InvalidInput
from smartscale.domain.spreadsheet import BadTable, decode_table

NOW = datetime(2026, 11, 28, tzinfo=UTC)
COLUMNS = (
    "label,plu,category,unit,unit_price,currency,tare_kg,piece_kg_min,piece_kg_max,sold_as,"
    "origin,quality_class,variety,best_before_days,valid_from,valid_to,name_en"
)
GOOD = dict.fromkeys(COLUMNS.split(","), "") | {
    "label": "Banana",
    "plu": "4011",
    "category": "fruit",
    "unit": "kg",
    "unit_price": "1.49",
    "currency": "EUR",
    "name_en": "Bananas",
}
OTHERS = [language for code, language in load_languages().items() if code != "en"]


def row(**changes: str) -> str:
    return ",".join((GOOD | changes).values())


FILES = {
    "label": [COLUMNS, row(label="?")],
    "plu": [COLUMNS, row(plu="0081")],
    "price": [COLUMNS, row(unit_price="cheap")],
    "price 0": [COLUMNS, row(unit_price="0")],
    "price decimals": [COLUMNS, row(unit_price="1.499")],
    "tare": [COLUMNS, row(tare_kg="heavy")],
    "tare limit": [COLUMNS, row(tare_kg="30")],
    "currency": [COLUMNS, row(currency="XXX1")],
    "no item": [COLUMNS, row(label="unknown")],
    "unit": [COLUMNS, row(unit="stone")],
    "sold as": [COLUMNS, row(sold_as="crate")],
    "piece": [COLUMNS, row(piece_kg_min="2", piece_kg_max="1")],
    "origin": [COLUMNS, row(origin="Spain")],
    "class": [COLUMNS, row(quality_class="III")],
    "variety": [COLUMNS, row(variety="x" * 61)],
    "days": [COLUMNS, row(best_before_days="soon")],
    "name": [COLUMNS, row(name_en="")],
    "date": [COLUMNS, row(valid_from="01.12.2026")],
    "end": [COLUMNS, row(valid_from="2026-12-02", valid_to="2026-11-01")],
    "plu twice": [COLUMNS, row(), row(label="Kaki")],
    "label twice": [COLUMNS, row(), row()],
    "rows differ": [COLUMNS, row(), row(category="other", valid_from="2026-12-01")],
    "fields": [COLUMNS, "Banana,4011"],
    "quotes": [COLUMNS, '"Banana'],
    "columns": ["label,plu,valid_form,plu,price_group,,unit"],
    "many": [COLUMNS, *[row(plu="x")] * 102],
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_each_refusal_of_a_file_is_translated(file: list[str]) -> None:
    with pytest.raises(BadTable) as refused:
        read_csv(file, NOW)
    for one in refused.value.faults:
        english = Fault(
            line=one.line, detail=str(one.error), message=one.error.message, values=one.error.values
        )
        assert one.error.message in REFUSALS
        for language in OTHERS:
            words = fault_words(english, language)
            assert str(one.error) not in words, language.code
            assert all(value in words for value in one.error.values.values())
            assert one.line is None or str(one.line) in words


def test_another_encoding_is_refused_in_each_language() -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_table("Ä".encode("cp1252"))
    assert refused.value.message in REFUSALS
    for language in OTHERS:
        assert language(refused.value.message) != refused.value.message


def test_a_message_of_a_newer_service_is_shown_as_it_is() -> None:
    fault = Fault(line=2, detail="The moon {is} full.", message="The {what} is full.")
    assert fault_words(fault, OTHERS[0]).endswith("2: The moon {is} full.")
