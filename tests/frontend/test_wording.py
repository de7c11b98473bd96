"""Figures as people read and write them."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.words import wording
from frontend.words.languages import Language, load_languages, load_languages_in
from frontend.words.wording import BadFigure, read_tare, read_weight
from smartscale.contract.weighing import Result, Status, Unit

EN, DE, RU = (load_languages()[code] for code in ("en", "de", "ru"))


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("0.5", "0.500"),
        ("0,5", "0.500"),
        (".5", "0.500"),
        (" 1 ", "1.000"),
        ("1.", "1.000"),
        ("0.125 kg", "0.125"),
        ("2KG", "2.000"),
        ("30", "30.000"),
        ("0.5000", "0.500"),
        ("0.001", "0.001"),
    ],
)
def test_weights_as_people_type_them(text: str, weight: str) -> None:
    assert read_weight(text) == Decimal(weight)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", wording.NOT_A_WEIGHT),
        ("abc", wording.NOT_A_WEIGHT),
        ("NaN", wording.NOT_A_WEIGHT),
        ("1e999", wording.NOT_A_WEIGHT),
        ("1,234.5", wording.NOT_A_WEIGHT),
        ("\u0665", wording.NOT_A_WEIGHT),
        ("0", wording.NOT_ABOVE_ZERO),
        ("-1", wording.NOT_ABOVE_ZERO),
        ("30.001", wording.TOO_HEAVY),
        ("9" * 400, wording.TOO_HEAVY),
        ("0.0001", wording.TOO_PRECISE),
    ],
)
def test_what_is_no_weight(text: str, message: str) -> None:
    with pytest.raises(BadFigure, match=f"^{message}$"):
        read_weight(text)


@given(st.integers(min_value=1, max_value=30_000), st.sampled_from([EN, DE]))
def test_a_weight_is_read_as_it_is_shown(grams: int, language: Language) -> None:
    weight = Decimal(grams) / 1000
    assert read_weight(wording.editable(weight, language)) == weight


@given(st.text(max_size=20))
def test_anything_typed_is_a_weight_or_a_sentence(text: str) -> None:
    try:
        weight = read_weight(text)
    except BadFigure as error:
        assert str(error).startswith(("Please", "The weight", "This scale"))
    else:
        assert 0 < weight <= 30


def test_a_tare_is_optional_and_below_the_weight() -> None:
    assert read_tare("  ", Decimal(1)) is None
    assert read_tare("0,02", Decimal(1)) == Decimal("0.02")
    assert read_tare("5", None) == 5
    for text in ("1", "-0.1", "bag"):
        with pytest.raises(BadFigure):
            read_tare(text, Decimal(1))


@pytest.mark.parametrize(
    ("amount", "currency", "english", "german"),
    [
        ("1.25", "EUR", "€1.25", "1,25 €"),
        ("1234.5", "EUR", "€1,234.50", "1.234,50 €"),
        ("0.0125", "EUR", "€0.0125", "0,0125 €"),
        ("250", "JPY", "¥250", "250 ¥"),
        ("1.234", "KWD", "KWD 1.234", "1,234 KWD"),
        ("1.23", "CHF", "CHF 1.23", "1,23 CHF"),
    ],
)
def test_money(amount: str, currency: str, english: str, german: str) -> None:
    assert wording.money(Decimal(amount), currency, EN) == english.replace(" ", "\u00a0")
    assert wording.money(Decimal(amount), currency, DE) == german.replace(" ", "\u00a0")


@pytest.mark.parametrize(
    ("code", "price", "weight"),
    [
        ("fr", "1\u202f234,50 €", "0,742\u202fkg"),
        ("es", "1.234,50 €", "0,742 kg"),
        ("ru", "1 234,50 €", "0,742 кг"),
        ("ar", "\u200f1,234.50 €", "0.742 كغم"),
    ],
)
def test_each_language_writes_figures_its_own_way(code: str, price: str, weight: str) -> None:
    language = load_languages()[code]
    assert wording.money(Decimal("1234.50"), "EUR", language) == price.replace(" ", "\u00a0")
    assert wording.kilograms(Decimal("0.742"), language) == weight.replace(" ", "\u00a0")


def test_a_price_by_weight_says_how_it_came_about() -> None:
    result = Result(
        job_id="1",
        status=Status.DONE,
        unit=Unit.KG,
        unit_price=Decimal("2.49"),
        net_kg=Decimal("0.5"),
        price=Decimal("1.25"),
        currency="EUR",
    )
    said = wording.calculation(result, EN).replace("\u00a0", " ")
    assert said == "€2.49/kg × 0.500 kg = €1.25"


def test_a_price_by_piece_says_how_it_came_about() -> None:
    result = Result(
        job_id="1",
        status=Status.DONE,
        unit=Unit.EACH,
        quantity=3,
        unit_price=Decimal("1.29"),
        net_kg=Decimal("0.5"),
        price=Decimal("3.87"),
        currency="EUR",
    )
    said = wording.calculation(result, DE).replace("\u00a0", " ")
    assert said == "3 × 1,29 €/Stück = 3,87 €"


def test_what_has_no_price_has_a_dash() -> None:
    nothing = Result(job_id="1", status=Status.DONE)
    assert wording.price(nothing, EN) == wording.EM_DASH
    assert wording.net_weight(nothing, EN) == wording.EM_DASH


@pytest.mark.parametrize(
    ("share", "words", "percent"),
    [
        (0.97, "Very sure", "97%"),
        (0.7, "Quite sure", "70%"),
        (0.55, "Not quite sure", "55%"),
        (0.2, "Not sure", "20%"),
        (0.001, "Not sure", "<1%"),
        (0.0, "Not sure", "0%"),
    ],
)
def test_confidence(share: float, words: str, percent: str) -> None:
    assert wording.confidence(share, EN) == words
    assert wording.percent(share, EN) == percent


def test_who_asks_is_not_very_sure() -> None:
    assert wording.confidence(0.97, EN, asks=True) == "Quite sure"
    assert wording.confidence(0.3, EN, asks=True) == "Not sure"


def test_answers_that_are_no_item_have_a_name() -> None:
    assert wording.item_name("unknown", "unknown", DE) == "Unbekannter Artikel"
    assert wording.item_name("Leek", "Leeks", EN) == "Leeks"
    assert wording.item_name("Leek", None, EN) == "Leek"


def test_a_screen_reader_says_what_is_no_item_in_a_sentence() -> None:
    unknown, empty = (Result(job_id="1", status=Status.DONE, label=x) for x in ("unknown", "empty"))
    assert wording.spoken(unknown, EN) == "I don't know this item"
    assert wording.spoken(empty, DE) == "Auf der Waage liegt nichts"


def test_a_screen_reader_says_what_is_bought_and_what_it_costs() -> None:
    sold = {"job_id": "1", "status": Status.DONE, "currency": "EUR", "net_kg": Decimal("0.5")}
    bananas = Result(name="Bananas", unit=Unit.KG, price=Decimal("0.95"), **sold)
    assert wording.spoken(bananas, EN) == "Bananas, 0.500\u00a0kg, €0.95"
    price = {"unit_price": Decimal("1.29"), "price": Decimal("3.87"), "quantity": 3}
    avocado = Result(name="Avocado", unit=Unit.EACH, **price, **sold)
    assert wording.spoken(avocado, DE) == "Avocado, 3 × 1,29\u00a0€/Stück, 3,87\u00a0€"


def test_rates_and_latencies() -> None:
    assert wording.rate(0.12512, EN) == "12.5%"
    assert wording.rate(0.5, DE) == "50\u00a0%"
    assert wording.milliseconds(83.6, EN) == "84\u00a0ms"
    assert wording.milliseconds(1210, DE) == "1,2\u00a0Sek."
    assert wording.milliseconds(None, EN) == wording.EM_DASH
    assert wording.milliseconds(83.6, RU) == "84\u00a0мс"  # noqa: RUF001


def test_times_are_the_shops() -> None:
    moment = datetime(2026, 11, 25, 12, 5, tzinfo=UTC)
    assert wording.clock_time(moment, DE) == "25. Nov., 12:05"
    new_york = load_languages_in(ZoneInfo("America/New_York"))["de"]
    assert wording.clock_time(moment, new_york) == "25. Nov., 07:05"
    assert wording.day_and_time(moment.replace(month=7), new_york) == "25. Juli 2026, 08:05"
