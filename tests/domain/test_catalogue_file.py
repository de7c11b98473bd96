"""The catalogue as a file, there and back, and what a file would change."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.catalogue import Item
from smartscale.domain.catalogue_changes import ChangeKind, ItemChange, fingerprint
from smartscale.domain.catalogue_file import read_csv, write_csv
from smartscale.domain.errors import Conflict, InvalidInput, NotFound
from smartscale.domain.weighing import Unit
from tests.examples import NOW, item

HEADER = "label,plu,category,unit,unit_price,currency,tare_kg,valid_from,name_en"
ROW = "Banana,4011,fruit,kg,{price},EUR,0.000,{since},Banana"
LATER = datetime(2026, 12, 24, tzinfo=UTC)

names = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=" "), min_size=1, max_size=20
).map(lambda text: text.strip() or "x")
listed = st.lists(names.filter(lambda name: "|" not in name), unique=True).map("|".join)
cents = st.integers(1, 99999).map(lambda number: f"{number // 100}.{number % 100:02d}")


@st.composite
def items(draw: st.DrawFn) -> Item:
    """An item with some prices, of which the last ones may be still to come."""
    made = Item.parse(
        label="Banana",
        plu=draw(st.integers(1, 99_999).map(str)),
        category=draw(names),
        names={"en": draw(names), **draw(st.dictionaries(st.sampled_from(["de", "fr"]), names))},
        unit=draw(st.sampled_from([unit.value for unit in Unit])),
        unit_price=draw(cents),
        currency="EUR",
        tare_kg="0.015",
        aliases=draw(listed),
        synonyms=draw(listed),
        origin=draw(st.sampled_from(["", "ES"])),
        quality_class=draw(st.sampled_from(["", "extra", "II"])),
        variety=draw(st.one_of(st.just(""), names)),
        best_before_days=draw(st.sampled_from(["", "0", "7"])),
        valid_from=NOW - timedelta(days=draw(st.integers(0, 400))),
    )
    for days in draw(st.lists(st.integers(1, 400), unique=True, max_size=3)):
        later = made.model_copy(
            update={"prices": item(unit_price=draw(cents), valid_from=NOW + timedelta(days)).prices}
        )
        made = later.succeed(made)
    return made


@given(items())
def test_what_is_written_reads_back_and_changes_nothing(known: Item) -> None:
    [read] = read_csv(write_csv([known], NOW).splitlines(keepends=True), NOW)
    assert ItemChange.of(read, known).kind is ChangeKind.UNCHANGED


def test_a_name_that_a_spreadsheet_would_run_is_guarded() -> None:
    known = item().model_copy(update={"names": {"en": "=1+1"}})
    assert "'=1+1" in write_csv([known], NOW)


def test_an_item_may_have_a_row_for_each_price() -> None:
    rows = [ROW.format(price="1.99", since="2026-12-24"), ROW.format(price="1.49", since="")]
    [banana] = read_csv([HEADER, *rows], NOW)
    assert (str(banana.unit_price_at(NOW)), str(banana.unit_price_at(LATER))) == ("1.49", "1.99")


def test_rows_of_one_item_differ_in_their_prices_alone() -> None:
    first = ROW.format(price="1.49", since="")
    other = ROW.format(price="1.99", since="2026-12-24").replace("fruit", "vegetables")
    with pytest.raises(InvalidInput, match="line 3: Banana comes twice: rows of one item"):
        read_csv([HEADER, first, other], NOW)
    with pytest.raises(InvalidInput, match="line 3: Banana comes twice"):
        read_csv([HEADER, first, first], NOW)


def test_a_change_says_what_was_and_what_will_be() -> None:
    known = item(unit_price="2.00")
    wanted = item(unit_price="2.50", valid_from=LATER, tare_kg="0.015")
    change = ItemChange.of(wanted, known)
    assert change.kind is ChangeKind.CHANGED
    told = [(one.field, one.before, one.after, one.valid_from) for one in change.fields]
    assert told == [("tare_kg", "0.000", "0.015", None), ("unit_price", "2.00", "2.50", LATER)]


def test_what_is_new_or_comes_back_is_told_so() -> None:
    assert ItemChange.of(item(), None).kind is ChangeKind.ADDED
    assert ItemChange.of(item(), item().retire()).kind is ChangeKind.RETURNED


def test_a_price_that_holds_anyhow_is_no_new_one() -> None:
    known = item(unit_price="2.00")
    same = item(unit_price="2.00", valid_from=NOW)
    assert ItemChange.of(same, known).kind is ChangeKind.UNCHANGED
    back = item(unit_price="2.00", valid_from=LATER).succeed(
        item(unit_price="3.00", valid_from=NOW).succeed(known)
    )
    assert [str(price.unit_price) for price in back.prices] == ["2.00", "3.00", "2.00"]


def test_a_fingerprint_names_the_changes_and_not_the_minute() -> None:
    def of(price: str, moment: datetime, since: datetime | None = None) -> str:
        wanted = item(unit_price=price, valid_from=since or moment)
        return fingerprint([ItemChange.of(wanted, item())], moment)

    soon = NOW + timedelta(minutes=5)
    assert of("2.50", NOW) == of("2.50", soon)
    assert of("2.50", NOW) != of("2.51", NOW)
    assert of("2.50", NOW) != of("2.50", NOW, LATER)


def test_only_a_price_that_has_not_started_can_be_taken_back() -> None:
    planned = item(unit_price="2.50", valid_from=LATER).succeed(item())
    assert [str(one.unit_price) for one in planned.cancel_price(LATER, NOW).prices] == ["2.00"]
    with pytest.raises(Conflict, match="has started"):
        planned.cancel_price(LATER, LATER)
    with pytest.raises(NotFound):
        planned.cancel_price(NOW, NOW)
    with pytest.raises(Conflict, match="only price"):
        item(valid_from=LATER).cancel_price(LATER, NOW)
