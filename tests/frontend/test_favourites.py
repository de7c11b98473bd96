"""What sells most is offered first."""

import csv
from datetime import date, timedelta
from pathlib import Path

from frontend.weighing.favourites import MOST, USUAL, Favourites
from tests.service import CATALOGUE

TODAY = date(2026, 11, 28)


def test_what_sells_now_comes_first_and_what_sold_then_last(tmp_path: Path) -> None:
    book = Favourites(tmp_path / "favourites.sqlite")
    for label, days_ago, sold in (("Kiwi", 0, 2), ("Peach", 90, 40), ("Leek", 1, 3)):
        for _ in range(sold):
            book.note(label, TODAY - timedelta(days=days_ago))
    assert book.best(TODAY)[:3] == ["Leek", "Kiwi", "Peach"]
    book.close()


def test_the_season_of_last_year_comes_again(tmp_path: Path) -> None:
    book = Favourites(tmp_path / "favourites.sqlite")
    for _ in range(10):
        book.note("Satsumas", TODAY.replace(year=2025))
        book.note("Watermelon", date(2026, 7, 1))
    book.note("Banana", TODAY)
    assert book.best(TODAY)[0] == "Satsumas"
    assert book.best(date(2027, 7, 1))[0] == "Watermelon"

    book.forget_old(date(2027, 7, 1))
    assert book.best(TODAY)[0] != "Satsumas"
    book.close()


def test_a_new_shop_begins_with_what_sells_everywhere(tmp_path: Path) -> None:
    book = Favourites(tmp_path / "favourites.sqlite")
    with CATALOGUE.open(encoding="utf-8") as table:
        shipped = {row["label"] for row in csv.DictReader(table)}
    assert set(book.best(TODAY)) <= shipped
    book.note("Leek", TODAY)
    assert book.best(TODAY)[:2] == ["Leek", USUAL[0]]
    assert len(set(book.best(TODAY))) == len(book.best(TODAY)) == MOST
    book.close()


def test_only_so_many_are_favourites_and_they_outlive_a_restart(tmp_path: Path) -> None:
    book = Favourites(tmp_path / "favourites.sqlite")
    for number in range(MOST + 5):
        book.note(f"Item-{number:02}", TODAY)
    book.close()
    again = Favourites(tmp_path / "favourites.sqlite")
    assert len(again.best(TODAY)) == MOST
    assert all(label.startswith("Item") for label in again.best(TODAY))
    again.close()
