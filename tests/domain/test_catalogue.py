"""What the shop sells, and the file it comes from."""

import re
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.catalogue import Catalogue, Item, Price, SoldAs
from smartscale.domain.catalogue_file import read_csv, write_csv
from smartscale.domain.errors import InvalidInput
from smartscale.domain.moments import parse_moment
from smartscale.domain.names import plain_name
from smartscale.domain.prediction import NO_ITEM
from smartscale.domain.weighing import Unit
from smartscale.recognition.builtin import builtin_package
from tests.examples import NOW, item

HEADER = "label,plu,category,unit,unit_price,currency,tare_kg,valid_from,name_en,name_de"
ROW = "Banana,4011,fruit,kg,1.99,EUR,0.000,2026-01-01,Banana,Banane"


def test_a_file_becomes_items() -> None:
    [banana] = read_csv([HEADER, ROW], NOW)
    assert (banana.label, banana.plu, banana.names["de"]) == ("Banana", "4011", "Banane")
    assert str(banana.unit_price_at(NOW)) == "1.99"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (ROW.replace("1.99", "1,99"), "line 2"),
        (ROW.replace("1.99", "-1"), "unit_price"),
        (ROW.replace("1.99", "0"), "above 0"),
        (ROW.replace("4011", "940110"), "plu"),
        (ROW.replace("4011", "0081"), "without leading zeros"),
        (ROW.replace("4011", "0"), "plu"),
        (ROW.replace(",kg,", ",pound,"), "kg, 100g, lb, each"),
        (ROW.replace("2026-01-01", "01.01.2026"), "not a date"),
        (ROW.replace(",Banana,", ",,"), "English"),
        (ROW.rpartition(",")[0], "number of fields"),
        (ROW + ",more", "number of fields"),
    ],
)
def test_a_bad_row_is_named(row: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        read_csv([HEADER, row], NOW)


@pytest.mark.parametrize("unit", list(Unit))
@pytest.mark.parametrize("plu", ["81", "4011", "94011"])
def test_every_unit_and_plu_comes_back_out_of_a_file(unit: Unit, plu: str) -> None:
    row = ROW.replace(",kg,", f",{unit},").replace("4011", plu)
    sold = read_csv([HEADER, row], NOW)
    assert (sold[0].unit, sold[0].plu) == (unit, plu)
    assert read_csv(write_csv(sold, NOW).splitlines(keepends=True), NOW) == sold


def test_a_label_or_plu_comes_once() -> None:
    with pytest.raises(InvalidInput, match="line 3: Banana comes twice"):
        read_csv([HEADER, ROW, ROW], NOW)
    with pytest.raises(InvalidInput, match="PLU 4011 comes twice"):
        read_csv([HEADER, ROW, ROW.replace("Banana,4011", "Plantain,4011")], NOW)


def test_missing_columns_are_named() -> None:
    with pytest.raises(InvalidInput, match="currency, name_en, plu"):
        read_csv(["label,category,unit,unit_price,tare_kg"], NOW)


def test_a_file_may_say_what_a_piece_weighs() -> None:
    header = HEADER + ",piece_kg_min,piece_kg_max,sold_as"
    [known, unsaid] = read_csv(
        [header, ROW + ",0.1,0.22,bulk", ROW.replace("Banana,4011", "Plantain,4235") + ",,,"], NOW
    )
    assert (str(known.piece_kg_min), str(known.piece_kg_max)) == ("0.100", "0.220")
    assert known.sold_as is SoldAs.BULK
    assert (unsaid.piece_kg_min, unsaid.piece_kg_max, unsaid.sold_as) == (None, None, None)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("0.1,,bulk", "line 2: piece_kg_max"),
        (",0.1,bulk", "line 2: piece_kg_min"),
        ("0.2,0.1,bulk", "at most piece_kg_max"),
        ("0,0.1,bulk", "above 0"),
        ("0.1,30.001,bulk", "at most 30"),
        ('"0,1",0.2,bulk', "piece_kg_min"),
        ("0.1,0.2,crate", "single, bulk"),
    ],
)
def test_a_bad_piece_weight_is_named(said: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        read_csv([HEADER + ",piece_kg_min,piece_kg_max,sold_as", f"{ROW},{said}"], NOW)


def test_new_prices_do_not_forget_what_a_piece_weighs() -> None:
    known = item(piece_kg_min="0.100", piece_kg_max="0.220", sold_as="bulk")
    [priced] = read_csv([HEADER, ROW], NOW)
    kept = priced.succeed(known)
    assert (kept.piece_kg_min, kept.piece_kg_max) == (known.piece_kg_min, known.piece_kg_max)
    assert kept.sold_as is SoldAs.BULK
    smaller = item(piece_kg_min="0.080", piece_kg_max="0.120").succeed(kept)
    assert str(smaller.piece_kg_max) == "0.120"


def test_an_item_that_was_stored_before_pieces_were_known_still_loads() -> None:
    stored = item().model_dump_json(exclude={"piece_kg_min", "piece_kg_max", "sold_as"})
    assert Item.model_validate_json(stored) == item()


def test_the_projects_own_catalogue_says_what_a_piece_of_everything_weighs() -> None:
    for one in own_catalogue():
        assert one.piece_kg_min is not None, one.label
        assert one.piece_kg_max is not None
        assert one.piece_kg_max <= 10 * one.piece_kg_min or one.label == "Ginger"
        assert one.sold_as is not None


def test_a_shop_starts_with_everything_about_at_least_150_items() -> None:
    items = own_catalogue()
    assert len(items) >= 150
    assert len({one.plu for one in items}) == len(items)
    for one in items:
        assert set(one.names) == {"en", "de", "fr", "es", "ru", "ar"}, one.label
        assert re.search("[\u0430-\u044f]", one.names["ru"]), one.label
        assert re.search("[\u0621-\u064a]", one.names["ar"]), one.label
        assert 3000 <= int(one.plu) <= 4999, "IFPS gives produce 3000 to 4999"
        [price] = one.prices
        assert isinstance(price.unit_price, Decimal)
        assert one.category in {"fruit", "vegetables", "herbs", "nuts"}
    for language in ("en", "de", "fr", "es", "ru", "ar"):
        names = Counter(one.names[language] for one in items)
        assert not [name for name, often in names.items() if often > 1], language


def test_no_model_label_could_be_two_items_of_the_examples() -> None:
    owners = Counter(
        name
        for one in own_catalogue()
        for name in {plain_name(one.label), *map(plain_name, one.aliases)}
    )
    assert not [name for name, often in owners.items() if often > 1]


def test_the_examples_hold_what_the_first_fifty_lacked() -> None:
    labels = {one.label for one in own_catalogue()}
    assert labels >= {
        *("White-Grape", "Strawberry", "Cherry", "Blueberry", "Raspberry", "Broccoli"),
        *("Cauliflower", "Iceberg-Lettuce", "Spinach", "Radish", "Celery", "Pumpkin", "Corn"),
        *("Red-Onion", "Spring-Onion", "Parsley", "Basil", "Red-Chilli", "Persimmon", "Fig"),
        *("Apricot", "Elstar", "Braeburn", "Red-Potato", "Cherry-Tomato"),
    }


def own_catalogue() -> list[Item]:
    """The file that ships."""
    text = (files("smartscale") / "catalogue.csv").read_text(encoding="utf-8")
    return read_csv(text.splitlines(), NOW)


def test_the_projects_own_catalogue_sells_every_label_of_the_built_in_model() -> None:
    items = own_catalogue()
    assert {i.label for i in items} >= set(builtin_package().labels) - NO_ITEM
    assert all(i.unit_price_at(NOW) for i in items)


@pytest.mark.parametrize("name", ["Apple\nGala", "x" * 81, "Bell\x07"])
def test_a_name_is_one_line_that_a_label_has_room_for(name: str) -> None:
    with pytest.raises(InvalidInput, match="one line of at most 80 letters"):
        named(name)


@pytest.mark.parametrize(
    "name", ["Pommes\u00a0de terre", "mi\u200cwa", "moz\u200f", "Zucker\u00admais"]
)
def test_a_name_may_have_signs_that_are_not_seen(name: str) -> None:
    assert named(name).names["en"] == name


def named(name: str) -> Item:
    return Item.parse(
        label="Banana", plu="4011", category="fruit", names={"en": name},
        unit="kg", unit_price="1.99", currency="EUR", valid_from=NOW,
    )  # fmt: skip


def test_a_retired_item_is_not_sold() -> None:
    shop = Catalogue([item("Banana").model_copy(update={"retired": True}), item("Lemon")])
    assert shop.find("Banana") is None
    assert shop.find_plu("4011") == item("Lemon")
    assert [one.label for one in shop] == ["Lemon"]


def test_a_new_price_keeps_the_earlier_ones() -> None:
    old = item(unit_price="1.00", valid_from=NOW - timedelta(days=2))
    new = item(unit_price="1.50", valid_from=NOW).succeed(old)
    assert [str(price.unit_price) for price in new.prices] == ["1.00", "1.50"]
    corrected = item(unit_price="1.60", valid_from=NOW).succeed(new)
    assert [str(price.unit_price) for price in corrected.prices] == ["1.00", "1.60"]


def test_a_file_that_raises_a_price_and_takes_it_back_later_does_both() -> None:
    known = item(unit_price="2.49", valid_from=NOW)
    months = [NOW + timedelta(days=30 * month) for month in range(3)]
    file = item(unit_price="2.99", valid_from=months[1])
    back = item(unit_price="2.49", valid_from=months[2])
    both = file.model_copy(update={"prices": (*file.prices, *back.prices)}).succeed(known)
    assert [str(both.unit_price_at(month)) for month in months] == ["2.49", "2.99", "2.49"]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), max_size=4),
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), min_size=1, max_size=4),
)
def test_every_price_of_a_file_holds_from_its_day_and_a_second_import_changes_nothing(
    stored: list[tuple[int, int]], file: list[tuple[int, int]]
) -> None:
    def priced(rows: list[tuple[int, int]]) -> Item:
        prices = [
            Price(unit_price=Decimal(euros), valid_from=NOW + timedelta(days=day))
            for day, euros in dict(rows).items()
        ]
        return item().model_copy(update={"prices": tuple(prices)})

    imported = priced(file).succeed(priced(stored))
    for day, euros in dict(file).items():
        assert imported.unit_price_at(NOW + timedelta(days=day)) == euros
    assert priced(file).succeed(imported).says_the_same(imported)


def test_a_date_without_a_zone_is_utc() -> None:
    assert parse_moment("2026-11-25T08:30:00") == NOW
    assert parse_moment("2026-11-25T09:30:00+01:00") == NOW
