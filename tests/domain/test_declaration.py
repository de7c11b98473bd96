"""Origin, class, variety and how long it keeps: in the catalogue, its file, and what was sold."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from smartscale.domain import pricing
from smartscale.domain.catalogue import Item, Offer
from smartscale.domain.catalogue_changes import ItemChange
from smartscale.domain.catalogue_file import CSV_COLUMNS, CSV_OPTIONAL, read_csv, write_csv
from smartscale.domain.declaration import Declaration, QualityClass
from smartscale.domain.errors import InvalidInput
from smartscale.domain.load import Load
from smartscale.domain.weighing import Weighing, priced_as
from tests.examples import NOW, item

DECLARED = {"origin": "ES", "quality_class": "I", "variety": "Cavendish", "best_before_days": "5"}
WEEK = timedelta(days=7)


def offered(price: str, before: Item, *, since: datetime = NOW, days: int = 7) -> Item:
    """An item with an offer on top."""
    [one] = item(unit_price=price, valid_from=since).prices
    offer = one.model_copy(update={"valid_to": since + timedelta(days=days)})
    return item(unit_price=price).model_copy(update={"prices": (offer,)}).succeed(before)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"origin": "Spain"}, "ISO 3166, such as ES for Spain"),
        ({"origin": "ZZ"}, "'ZZ' must be a country's code"),
        ({"quality_class": "III"}, "must be one of: extra, I, II"),
        ({"variety": "x" * 61}, "at most 60 letters"),
        ({"variety": "a\nb"}, "at most 60 letters"),
        ({"best_before_days": "-1"}, "from 0 to 730"),
        ({"best_before_days": "1.5"}, "from 0 to 730"),
        ({"best_before_days": "731"}, "from 0 to 730"),
    ],
)
def test_what_is_not_right_is_named(fields: dict[str, str], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        item(**fields)  # type: ignore[arg-type]


def test_people_write_classes_and_countries_as_they_like() -> None:
    declared = Declaration.read(origin="nl", quality_class="EXTRA", best_before_days="0")
    assert (declared.origin, declared.quality_class) == ("NL", QualityClass.EXTRA)
    assert declared.best_before_days == 0


def test_a_file_says_it_and_one_without_its_columns_keeps_it() -> None:
    sold = item(**DECLARED)  # type: ignore[arg-type]
    text = write_csv([sold], NOW)
    assert "origin,quality_class,variety,best_before_days" in text
    [read] = read_csv(text.splitlines(keepends=True), NOW)
    assert read.declared == sold.declared != {}
    old = [*CSV_COLUMNS, *(one for one in CSV_OPTIONAL if one not in DECLARED), "name_en"]
    row = ["Banana", "4011", "fruit", "kg", "2.50", "EUR", *[""] * 6, "Banana"]
    [new] = read_csv([",".join(old) + "\n", ",".join(row)], NOW)
    assert new.succeed(sold).declared == sold.declared


def test_a_change_of_it_is_told() -> None:
    sold = item(**DECLARED)  # type: ignore[arg-type]
    change = ItemChange.of(item(origin="MA"), sold)
    assert [(one.field, one.before, one.after) for one in change.fields] == [("origin", "ES", "MA")]


def test_an_item_of_an_older_version_loads() -> None:
    older = item().model_dump_json(exclude=set(Declaration.model_fields))
    assert Item.model_validate_json(older) == item()


def test_what_was_sold_keeps_what_was_shown() -> None:
    sold = item(**DECLARED)  # type: ignore[arg-type]
    priced = pricing.price(sold, Load.parse("0.500"), Decimal(1), NOW)
    assert priced.declared == sold.declared
    kept = priced_as(priced)
    assert (kept["origin"], kept["best_before_days"]) == ("ES", 5)
    assert kept.keys() <= Weighing.model_fields.keys()


def test_an_offer_is_lower_than_the_lowest_price_of_the_month_before() -> None:
    usual = item(unit_price="2.49")
    assert usual.offer_at(NOW) is None
    assert offered("1.99", usual).offer_at(NOW) == Offer(
        price_before=Decimal("2.49"), until=NOW + WEEK
    )
    assert offered("1.99", usual).offer_at(NOW + WEEK) is None, "it is over"
    last_week = offered("2.29", usual, since=NOW - WEEK - timedelta(days=1))
    assert offered("1.99", last_week).offer_at(NOW) == Offer(
        price_before=Decimal("2.29"), until=NOW + WEEK
    )
    long_ago = offered("1.49", usual, since=NOW - 8 * WEEK)
    assert offered("1.99", long_ago).offer_at(NOW) == Offer(
        price_before=Decimal("2.49"), until=NOW + WEEK
    )


def test_what_is_not_lower_is_no_offer() -> None:
    assert offered("2.99", item(unit_price="2.49")).offer_at(NOW) is None
    cheap_last_week = offered("1.99", item(unit_price="2.49"), since=NOW - WEEK)
    assert offered("1.99", cheap_last_week).offer_at(NOW) is None


def test_an_offer_of_a_new_item_is_lower_than_its_usual_price() -> None:
    offer = offered("1.99", item(unit_price="2.49", valid_from=NOW)).offer_at(NOW)
    assert offer is not None
    assert offer.price_before == Decimal("2.49")


def test_the_price_before_is_kept_with_what_was_sold() -> None:
    priced = pricing.price(
        offered("1.99", item(unit_price="2.49")), Load.parse("0.500"), Decimal(1), NOW
    )
    assert (priced.unit_price_before, priced.offer_until) == (Decimal("2.49"), NOW + WEEK)
    assert priced_as(priced)["unit_price_before"] == Decimal("2.49")


def test_a_moment_long_ago_has_no_offer() -> None:
    assert item().offer_at(datetime(2020, 1, 1, tzinfo=UTC)) is None
