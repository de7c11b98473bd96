"""The kiosk's languages: complete, and with every figure in its place."""

import csv
import json
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import frontend
from frontend.words.languages import LOCALE, N_, load_languages
from tests.service import CATALOGUE

FRONTEND = Path(frontend.__file__).parent
SAMPLES = FRONTEND.parent / "sample_data/manifest.json"
SPOKEN = ("en", "de", "es", "fr", "ru", "ar")
TRANSLATED = SPOKEN[1:]
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("t", "_t", "language", "N_")),
    **dict.fromkeys(("plural", "N_plural"), (1, 2)),
}
PLACE = re.compile(r"{\w+}")

Said = str | tuple[str, ...]


@cache
def said() -> frozenset[Said]:
    """Every message of the kiosk's source; those that count with both their forms."""
    found = extract_from_dir(FRONTEND, keywords=KEYWORDS)
    return frozenset(message for _, _, message, _, _ in found)


@cache
def catalogue(code: str) -> Catalog:
    with (LOCALE / code / "LC_MESSAGES/kiosk.po").open("rb") as text:
        return read_po(text, locale=code, domain="kiosk")


def forms(text: object) -> tuple[str, ...]:
    """A message's text, all its plural forms."""
    return tuple(map(str, text)) if isinstance(text, list | tuple) else (str(text or ""),)


def places(text: str) -> list[str]:
    return sorted(PLACE.findall(text))


def test_the_kiosk_speaks_six_languages() -> None:
    languages = load_languages()
    assert set(languages) == set(SPOKEN)
    assert languages["ar"].direction == "rtl"
    assert next(iter(languages)) == "en"
    assert {one.endonym for one in languages.values()} == {
        "English", "Deutsch", "Español", "Français", "Русский", "العربية",
    }  # fmt: skip


def test_the_source_says_something() -> None:
    assert len(said()) > 200
    assert any(isinstance(message, tuple) for message in said())


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_message_is_translated(code: str) -> None:
    known = {message.id: message for message in catalogue(code) if message.id}
    lacking = [message for message in said() if message not in known]
    assert not lacking, f"{code} lacks {lacking}"
    assert set(known) == set(said()), "no longer said"
    for message in known.values():
        assert all(forms(message.string)), f"{code}: {message.id!r} is not translated"
        assert not message.fuzzy, f"{code}: nobody has looked at {message.id!r}"


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_placeholder_is_kept(code: str) -> None:
    for message in filter(lambda one: one.id, catalogue(code)):
        wanted, counted = places(forms(message.id)[-1]), isinstance(message.id, tuple)
        for form in forms(message.string):
            # The form for one, two or none may say the number in a word.
            loose = {"{n}"} if counted else set()
            assert set(places(form)) | loose == set(wanted) | loose, f"{code}: {form!r}"
        if counted:
            assert len(forms(message.string)) == catalogue(code).num_plurals
            assert "{n}" in forms(message.string)[-1], f"{code}: {message.id!r}"


@pytest.mark.parametrize(
    ("code", "sentences"),
    [
        ("en", {1: "1 photo", 2: "2 photos", 5: "5 photos"}),
        ("ru", {1: "1 фотография", 3: "3 фотографии", 5: "5 фотографий", 21: "21 фотография"}),
        ("ar", {2: "صورتان", 3: "3 صور", 11: "11 صورة"}),
    ],
)
def test_each_number_has_its_form(code: str, sentences: dict[int, str]) -> None:
    language = load_languages()[code]
    for number, sentence in sentences.items():
        assert language.plural("{n} photo", "{n} photos", number) == sentence


def test_a_message_that_nobody_has_translated_is_said_in_english() -> None:
    assert load_languages()["fr"](N_("Weigh") + "?") == "Weigh?"


@pytest.mark.parametrize("code", SPOKEN)
def test_every_item_and_every_sample_has_a_name(code: str) -> None:
    with CATALOGUE.open(encoding="utf-8") as table:
        assert all(row[f"name_{code}"].strip() for row in csv.DictReader(table))
    assert all(one["title"].get(code) for one in json.loads(SAMPLES.read_text("utf-8")))


def test_no_two_items_have_the_same_name() -> None:
    with CATALOGUE.open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    for code in SPOKEN:
        names = [row[f"name_{code}"].casefold() for row in rows]
        assert len(set(names)) == len(names), code


def test_a_catalogue_is_read_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    load_languages.__wrapped__()
    assert capsys.readouterr().out == ""
