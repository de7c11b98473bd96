"""Catalogue search, pictures, samples, charts, languages: the parts without a screen."""

import csv
import io
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from PIL import Image

from frontend.api.catalogue import Index
from frontend.api.client import ApiClient
from frontend.api.errors import ApiRefused, ApiUnreachable
from frontend.kiosk import ARTWORK
from frontend.staff.analytics.chart import Chart, Series
from frontend.weighing.pictures import UnreadablePicture, prepare
from frontend.weighing.samples import load_samples
from frontend.words.languages import load_languages
from smartscale.contract.catalogue import CatalogueItem
from smartscale.domain.catalogue import Item, Price
from smartscale.domain.catalogue_file import read_csv
from smartscale.domain.weighing import Unit
from smartscale.present import catalogue as shown
from tests.examples import NOW
from tests.frontend.conftest import jpeg, photo
from tests.service import CATALOGUE


def item(label: str, plu: str, english: str, german: str) -> CatalogueItem:
    names = {"en": english, "de": german}
    sold = Item(
        label=label,
        plu=plu,
        category="fruit",
        names=names,
        unit=Unit.KG,
        currency="EUR",
        prices=(Price(unit_price=Decimal(1), valid_from=NOW),),
    )
    return shown.item(sold, NOW)


ITEMS = (
    item("Royal-Gala", "4174", "Royal Gala apple", "Royal-Gala-Apfel"),
    item("Pineapple", "4430", "Pineapple", "Ananas"),
    item("Apricot", "4218", "Apricots", "Aprikosen"),
    item("Red-Beet", "4539", "Beetroot", "Rote Bete"),
    item("Leek", "4629", "Leeks", "Lauch"),
)


@pytest.mark.parametrize(
    ("text", "language", "labels"),
    [
        ("ap", "en", ["Apricot", "Royal-Gala", "Pineapple"]),
        ("apfel", "de", ["Royal-Gala"]),
        ("LAUCH ", "de", ["Leek"]),
        ("leek", "de", ["Leek"]),
        ("44", "en", ["Pineapple"]),
        ("4174", "de", ["Royal-Gala"]),
        ("xyz", "en", []),
    ],
)
def test_search(text: str, language: str, labels: list[str]) -> None:
    assert [found.label for found in Index(ITEMS, language).find(text)] == labels


FOUND = {
    "pepper red": "Red-Bell-Pepper",
    "Red peppers": "Red-Bell-Pepper",
    "capsicum": "Red-Bell-Pepper",
    "Birne": "Conference",
    "birnen": "Conference",
    "BIRNEN CONFERENCE": "Conference",
    "Äpfel": "Royal-Gala",
    "aepfel": "Royal-Gala",
    "Apfel Gala": "Royal-Gala",
    "suesskartoffel": "Sweet-Potato",
    "eggplants": "Aubergine",
    "melanzani": "Aubergine",
    "courgette": "Zucchini",
    "tomate": "Vine-Tomato",
    "limones": "Lemon",
    "яблоко": "Royal-Gala",
    "груша": "Conference",
    "картошка": "Solid-Potato",
    "помидор": "Vine-Tomato",
    "огурцы": "Cucumber",
    "التفاح": "Royal-Gala",
    "موزة": "Banana",
    "4011": "Banana",
    "gelbe": "Yellow-Onion",
    "spuds": "Solid-Potato",
}
"""What people type, and something that is sold for it, whatever language the kiosk speaks."""


@pytest.fixture(scope="module")
def indexes() -> dict[str, Index[CatalogueItem]]:
    """What ships, to be searched in each language."""
    items = read_csv(CATALOGUE.open(encoding="utf-8"), NOW)
    sold = [shown.item(one, NOW) for one in items]
    return {code: Index(sold, code) for code in load_languages()}


@pytest.mark.parametrize("text", FOUND)
def test_what_people_call_it_is_found_in_every_language(
    indexes: dict[str, Index[CatalogueItem]], text: str
) -> None:
    for code, index in indexes.items():
        assert FOUND[text] in [item.label for item in index.find(text)], code


def test_every_name_and_synonym_of_what_ships_is_found(
    indexes: dict[str, Index[CatalogueItem]],
) -> None:
    index = indexes["en"]
    for item in index.items:
        for text in (*item.names.values(), *item.synonyms, item.plu):
            assert item in index.find(text), text
            assert item in index.find(" ".join(reversed(text.split()))), text


def test_names_of_the_shoppers_language_come_first(
    indexes: dict[str, Index[CatalogueItem]],
) -> None:
    assert indexes["en"].find("pepper")[0].name_in("en").endswith("pepper")
    assert "Birne" in indexes["de"].find("birne")[0].name_in("de")
    assert indexes["fr"].find("poire")[0].name_in("fr").startswith("Poire ")


def test_search_takes_no_notice_of_accents() -> None:
    assert Index([item("Lime", "4048", "Limón", "Limette")], "en").find("limon")


def test_a_photo_is_turned_upright_and_shrunk() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # held sideways
    prepared = prepare(jpeg(photo(4000, 3000), exif=exif))
    with Image.open(io.BytesIO(prepared.jpeg)) as sent:
        assert sent.size == (960, 1280)
        assert not sent.getexif()
    assert prepared.preview_url.startswith("data:image/jpeg;base64,")


def test_a_small_picture_stays_as_large_as_it_is() -> None:
    out = io.BytesIO()
    photo(300, 200).convert("RGBA").save(out, "PNG")
    with Image.open(io.BytesIO(prepare(out.getvalue()).jpeg)) as sent:
        assert sent.size == (300, 200)


@pytest.mark.parametrize(
    "file", [b"", b"text", jpeg(photo(900, 900))[:900], b"GIF89a\x01\x00\x01\x00"]
)
def test_what_is_no_picture(file: bytes) -> None:
    with pytest.raises(UnreadablePicture):
        prepare(file)


def test_a_picture_with_absurdly_many_pixels_is_not_decoded() -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    with pytest.raises(UnreadablePicture):
        prepare(out.getvalue())


def test_samples_come_from_the_manifest(samples: Path) -> None:
    bananas, lemons = load_samples(samples)
    assert bananas.weight_kg == Decimal("0.500")
    assert bananas.tare_kg is None
    assert lemons.tare_kg == Decimal("0.020")
    assert lemons.title_in("de") == "Zitronen im Beutel"
    assert lemons.title_in("fr") == "Lemons in a bag"


def test_without_a_manifest_there_are_no_samples(tmp_path: Path) -> None:
    assert load_samples(tmp_path) == ()


def test_a_charts_table_has_its_figures_and_runs_no_formula() -> None:
    series = Series("Errors", [1.0, None, 2.5], "bar")
    chart = Chart("errors", "Errors", ["Mon", "Tue", "=1+1"], [series], " %", "Day")
    assert chart.rows == [["Day", "Errors %"], ["Mon", "1"], ["Tue", ""], ["=1+1", "2.5"]]


def test_a_chart_can_be_hovered_and_says_its_unit() -> None:
    chart = Chart("errors", "Errors", ["Mon"], [Series("Errors", [1.0])], " %")
    options = chart.options(load_languages()["de"])
    assert options["tooltip"]["trigger"] == "axis"
    assert '+ " %"' in options["yAxis"]["axisLabel"][":formatter"]


def test_every_item_that_ships_has_a_drawing_in_one_style() -> None:
    with CATALOGUE.open(encoding="utf-8") as table:
        labels = {row["label"] for row in csv.DictReader(table)}
    for name in (*labels, "_fallback", "unknown", "empty"):
        drawing = ARTWORK / f"{name}.svg"
        assert ET.fromstring(drawing.read_text("utf-8")).attrib["viewBox"] == "0 0 32 32"  # noqa: S314 - our own
        assert drawing.stat().st_size < 4096
    assert {one.stem for one in ARTWORK.glob("*.svg")} == labels | {"_fallback", "unknown", "empty"}


def answering(status: int, body: object, kind: str) -> ApiClient:
    def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=body, headers={"content-type": kind})

    return ApiClient("http://api", transport=httpx.MockTransport(answer))


@pytest.mark.asyncio
async def test_the_kiosk_sends_its_key() -> None:
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("x-api-key"))
        return httpx.Response(200, json={"items": []})

    for key in ("k-1", None):
        transport = httpx.MockTransport(answer)
        async with ApiClient("http://api", api_key=key, transport=transport) as client:
            await client.catalogue()

    assert sent == ["k-1", None]


@pytest.mark.asyncio
async def test_a_problem_is_shown_in_its_own_words() -> None:
    async with answering(422, {"detail": "Too light."}, "application/problem+json") as client:
        with pytest.raises(ApiRefused, match=r"^Too light\.$"):
            await client.catalogue()


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, "<html>", "text/html"),
        (503, {"detail": "stopping"}, "application/problem+json"),
        (403, {"detail": "Send the API key."}, "application/problem+json"),
        (500, {}, "application/problem+json"),
        (200, {"something": "else"}, "application/json"),
    ],
)
async def test_what_makes_no_sense_is_a_service_that_is_not_there(
    status: int, body: object, kind: str
) -> None:
    async with answering(status, body, kind) as client:
        with pytest.raises(ApiUnreachable):
            await client.catalogue()
