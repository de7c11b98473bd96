"""The label says all that it has to, can be scanned, and goes out once as an original."""

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
import zxingcpp
from biip.gtin import Gtin
from escpos.printer import Dummy
from PIL import Image

from frontend.labels import printer, render
from frontend.labels.escpos import print_on
from frontend.labels.issued import Issued
from frontend.labels.label import NO_BARCODE, Label, NotSettled, label_of, receipt_text
from frontend.labels.printer import NotPrinted, Printer, printer_of
from frontend.labels.profiles import PROFILES, Profile
from frontend.labels.shop import Shop, read_logo
from frontend.words import wording
from frontend.words.languages import load_languages
from smartscale.contract.weighing import QualityClass, Result, Unit

LANGUAGES = load_languages()
NAMES = {"de": "Bananen groß", "ru": "Бананы", "ar": "موز", "fr": "Pêches", "es": "Piñas"}
SALE: dict[str, Any] = {
    "job_id": "0" * 32,
    "status": "done",
    "scale_id": "kiosk-1",
    "label": "Banana",
    "name": "Bananas",
    "weight_kg": "0.520",
    "tare_kg": "0.020",
    "net_kg": "0.500",
    "unit": "kg",
    "unit_price": "1.89",
    "price": "0.95",
    "currency": "EUR",
    "needs_confirmation": False,
    "created_at": datetime(2026, 11, 26, 14, 5, tzinfo=UTC),
}


def label(plu: str = "4011", profile: str = "de", **changes: object) -> Label:
    return label_of(Result.model_validate(SALE | changes), plu, PROFILES[profile])


def text_of(pdf: bytes) -> str:
    """What somebody else's reader finds in a PDF."""
    return str(pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_bounded())


def test_a_label_has_what_weighing_law_wants() -> None:
    says = text_of(render.pdf(label(), LANGUAGES["en"], copy=False))
    for wanted in ("Bananas", "0.500", "0.020", "1.89", "0.95", "4011", "2026-11-26", "kiosk-1"):
        assert wanted in says
    assert "COPY" not in says
    assert "COPY" in text_of(render.pdf(label(), LANGUAGES["en"], copy=True))


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_printed_barcode_can_be_scanned_in_every_language(code: str) -> None:
    drawn = render.picture(label(name=NAMES.get(code, "Bananas")), LANGUAGES[code], copy=True)
    (found,) = zxingcpp.read_barcodes(drawn)
    assert found.text == label().number
    assert Gtin.parse(found.text).value == label().number
    assert drawn.size == (render.WIDTH, render.HEIGHT)


def logo() -> bytes:
    """A logo as a shop gives it: a picture that is wider than high, and partly transparent."""
    out = io.BytesIO()
    Image.new("RGBA", (300, 200), (0, 90, 30, 128)).save(out, "PNG")
    return out.getvalue()


SHOP = Shop("Müller's Fruit", "Market Square 1, 50667 Köln", logo())
DECLARED: dict[str, Any] = {
    "origin": "ES",
    "quality_class": "I",
    "variety": "Cavendish",
    "best_before_days": 5,
    "unit_price_before": "2.49",
    "offer_until": datetime(2026, 12, 6, tzinfo=UTC),
}


def declared(profile: str = "de", **changes: object) -> Label:
    result = Result.model_validate(SALE | DECLARED | changes)
    return label_of(result, "4011", PROFILES[profile], SHOP)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_label_and_receipt_say_whose_and_what_it_is(code: str) -> None:
    t = LANGUAGES[code]
    said = (
        *SHOP.lines,
        wording.country("ES", t),
        "Cavendish",
        wording.quality(QualityClass.FIRST, t),
        t("Packed on"),
        wording.full_day(date(2026, 11, 26), t),
        t("Best before"),
        wording.full_day(date(2026, 12, 1), t),
        wording.offer_until(datetime(2026, 12, 6, tzinfo=UTC), t),
        t("was {price}", price=wording.unit_price(Decimal("2.49"), "EUR", Unit.KG, t)),
    )
    receipt = receipt_text(declared(), t)
    assert [one for one in said if one not in receipt] == []
    if t.direction == "ltr":
        on_label = " ".join(text_of(render.pdf(declared(), t, copy=False)).split())
        assert [one for one in said if " ".join(one.split()) not in on_label] == []


@pytest.mark.parametrize("profile", PROFILES)
def test_the_longest_label_can_be_scanned_by_every_profile(profile: str) -> None:
    made = declared(profile)
    drawn = render.picture(made, LANGUAGES["ar"], copy=True)
    assert drawn.height > render.HEIGHT
    assert [found.text for found in zxingcpp.read_barcodes(drawn)] == [made.number]


def test_days_are_those_of_the_shop_and_none_is_printed_without_a_wish() -> None:
    auckland = replace(LANGUAGES["en"], zone=ZoneInfo("Pacific/Auckland"))
    said = receipt_text(declared(best_before_days=0), auckland)
    assert "Packed on: Nov 27, 2026" in said
    assert "Best before: Nov 27, 2026" in said
    assert "Packed on" not in receipt_text(declared(best_before_days=None), auckland)


def test_a_shop_that_says_nothing_has_the_label_of_before() -> None:
    assert render.height_of(label(), LANGUAGES["en"]) == render.HEIGHT


def test_a_logo_is_made_small_and_says_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "logo.jpg"
    exif = Image.Exif()
    exif[0x010E] = "who took it"
    Image.new("RGB", (2000, 1000), "red").save(file, exif=exif)
    with Image.open(io.BytesIO(read_logo(file))) as kept:
        assert (kept.format, kept.size) == ("PNG", (512, 256))
        assert not kept.getexif()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "this one is none"),
        (b"\x89PNG\r\n\x1a\n broken", "this one is none"),
        (b"x" * 1_000_001, "this one is larger"),
        (None, "that can be read"),
    ],
)
def test_what_is_no_logo_is_refused(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    file = tmp_path / "logo.png"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        read_logo(file)


def test_a_logo_of_too_many_pixels_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "logo.png"
    Image.new("1", (5000, 10)).save(file)
    with pytest.raises(ValueError, match="5000 x 10"):
        read_logo(file)


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_letter_of_every_language_is_in_the_fonts(
    code: str, caplog: pytest.LogCaptureFixture
) -> None:
    t = LANGUAGES[code]
    render.pdf(label(name=NAMES.get(code, "") + t.endonym + "€£₽$¥ kr zł"), t, copy=True)
    assert "missing" not in caplog.text.lower()


def test_a_picture_for_download_can_be_scanned_and_a_long_name_fits() -> None:
    long = label(name="Vine tomatoes from the region, in a box, second choice")
    (found,) = zxingcpp.read_barcodes(
        Image.open(io.BytesIO(render.png(long, LANGUAGES["en"], copy=False)))
    )
    assert found.text == long.number
    assert "second choice" in text_of(render.pdf(long, LANGUAGES["en"], copy=False))


def test_pieces_are_counted_on_the_label() -> None:
    says = text_of(
        render.pdf(label(unit="each", quantity=3, price="5.67"), LANGUAGES["en"], copy=False)
    )
    assert "Pieces" in says
    assert "3" in says
    assert "5.67" in says


@pytest.mark.parametrize(
    "changes",
    [{"needs_confirmation": True}, {"price": None}, {"status": "failed"}, {"net_kg": None}],
)
def test_what_has_no_price_that_holds_has_no_label(changes: dict[str, Any]) -> None:
    with pytest.raises(NotSettled):
        label(**changes)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.code)
def test_every_profile_has_a_label_for_every_plu(profile: Profile) -> None:
    for plu in ("94011", "81", "4011"):
        fits = len(plu) <= profile.by_weight[0].item_digits
        assert (label(plu, profile.code).number is not None) is fits


@pytest.mark.parametrize(
    ("profile", "changes", "code"),
    [
        *(("de", {"plu": "94011"}, code) for code in LANGUAGES),
        ("dk-weight", {"plu": "94011"}, "en"),
        ("de", {"price": "1000.00"}, "de"),
        ("us", {"price": "100.00"}, "es"),
        ("fi", {"unit": "each", "quantity": 2}, "ar"),
    ],
)
def test_what_no_barcode_can_hold_is_said_in_letters(
    profile: str, changes: dict[str, Any], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    t = LANGUAGES[code]
    made = label(profile=profile, **changes)
    assert made.number is None
    assert "has no barcode" in caplog.text
    assert t(NO_BARCODE) in receipt_text(made, t)
    drawn = render.picture(made, t, copy=False)
    assert not zxingcpp.read_barcodes(drawn)
    says = text_of(render.pdf(made, t, copy=False))
    assert says.count(f"PLU {made.plu}") == 2
    if t.direction == "ltr":
        assert t(NO_BARCODE) in says


@pytest.mark.parametrize(
    ("unit", "what", "each"),
    [
        ("kg", "Price per kg", "/kg"),
        ("lb", "Price per lb", "/lb"),
        ("100g", "Price per 100 g", "/100"),
    ],
)
def test_the_label_says_what_its_price_is_the_price_of(unit: str, what: str, each: str) -> None:
    says = text_of(render.pdf(label(unit=unit), LANGUAGES["en"], copy=False))
    assert what in says
    assert f"€1.89{each}" in says
    assert "0.500" in says
    assert what in receipt_text(label(unit=unit), LANGUAGES["en"])


def test_the_code_for_the_phone_holds_the_receipt() -> None:
    says = receipt_text(label(), LANGUAGES["en"])
    assert says.splitlines()[0] == "Bananas"
    assert (label().number or "none") in says


def test_a_second_label_of_a_sale_is_a_copy_also_after_a_restart(tmp_path: Path) -> None:
    issued = Issued(tmp_path / "labels.sqlite")
    assert not issued.issue(label().sale)
    assert issued.issue(label().sale)
    assert not issued.issue(label(price="1.00").sale), "another price is another label"
    issued.close()
    again = Issued(tmp_path / "labels.sqlite")
    assert again.issue(label().sale)
    again.take_back(label().sale, copy=False)
    assert not again.issue(label().sale)
    again.close()


def test_a_label_is_printed_as_it_is_drawn_and_cut_off() -> None:
    dummy = Dummy()
    drawn = render.picture(label(), LANGUAGES["ar"], copy=False)
    Printer(lambda: dummy).print(drawn)
    raster = b"\x1dv0\x00" + (render.WIDTH // 8).to_bytes(2, "little")
    assert raster + render.HEIGHT.to_bytes(2, "little") in dummy.output
    start = dummy.output.index(raster) + 8
    dots = Image.frombytes("1", drawn.size, dummy.output[start : start + 48 * render.HEIGHT])
    (found,) = zxingcpp.read_barcodes(dots.point(lambda dot: 255 - dot).convert("L"))
    assert found.text == label().number
    assert dummy.output.endswith(b"\x1dV\x00")


def test_a_device_file_and_a_printer_in_the_network_get_the_same(tmp_path: Path) -> None:
    drawn = render.picture(label(), LANGUAGES["en"], copy=False)
    device = tmp_path / "lp0"
    on_file = printer_of(f"file://{device}")
    assert on_file is not None
    on_file.print(drawn)

    with listening(answers=b"\x12") as (in_network, got):
        in_network.print(drawn)
    assert device.read_bytes() == bytes(got)
    assert len(got) > 48 * render.HEIGHT


AUTOMATIC_STATUS = b"\x10\x00\x00\x00"
"""What printers send unasked (`GS a`): here a printer that is ready."""
NO_PAPER_STATUS = b"\x1c\x00\x6c\x00"
"""The same of one whose cover is open; its third byte looks like an empty roll."""


@pytest.mark.parametrize(
    ("unasked", "answers"),
    [
        (b"", b""),
        (AUTOMATIC_STATUS, b""),
        (NO_PAPER_STATUS * 3, b""),
        (AUTOMATIC_STATUS, b"\x12"),
        (NO_PAPER_STATUS, b"\x1e"),  # the roll is near its end
    ],
)
def test_only_a_printer_that_answers_that_its_paper_is_out_does_not_print(
    unasked: bytes, answers: bytes
) -> None:
    drawn = render.picture(label(), LANGUAGES["en"], copy=False)
    with listening(unasked=unasked, answers=answers) as (in_network, got):
        in_network.print(drawn)
    assert len(got) > 48 * render.HEIGHT


def test_a_printer_in_the_network_without_paper_says_so() -> None:
    drawn = render.picture(label(), LANGUAGES["en"], copy=False)
    with (
        listening(unasked=AUTOMATIC_STATUS, answers=b"\x7e") as (in_network, got),
        pytest.raises(NotPrinted, match=printer.NO_PAPER),
    ):
        in_network.print(drawn)
    assert got == b""


@contextmanager
def listening(*, unasked: bytes = b"", answers: bytes) -> Iterator[tuple[Printer, bytearray]]:
    """A printer in the network, and what it was sent to print."""
    got, server = bytearray(), socket.create_server(("127.0.0.1", 0))

    def listen() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(unasked)
            connection.recv(3)
            connection.sendall(answers)
            while heard := connection.recv(4096):
                got.extend(heard)

    listener = threading.Thread(target=listen)
    listener.start()
    in_network = printer_of(f"network://127.0.0.1:{server.getsockname()[1]}")
    assert in_network is not None
    try:
        yield in_network, got
    finally:
        listener.join(5)
        server.close()


class Torn(Dummy):  # type: ignore[misc]  # escpos has no types
    """A printer whose line is cut in one step."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step
        setattr(self, step, self._torn)

    def _torn(self, *_: object, **__: object) -> None:
        delattr(self, self._step)
        raise OSError("the line was cut")


def test_a_label_that_is_out_is_printed_although_its_line_is_cut_then() -> None:
    drawn = render.picture(label(), LANGUAGES["en"], copy=False)
    for step in ("cut", "close"):
        print_on(Torn(step), drawn)
    with pytest.raises(OSError, match="cut"):
        print_on(Torn("image"), drawn)


def test_a_printer_that_is_away_says_so() -> None:
    drawn = render.picture(label(), LANGUAGES["en"], copy=False)
    away = printer_of("file:///nowhere/lp0")
    assert away is not None
    with pytest.raises(NotPrinted, match=printer.AWAY[:20]):
        away.print(drawn)


@pytest.mark.parametrize("url", ["lp0", "file://lp0", "file:///", "network://", "http://host"])
def test_a_printer_setting_that_is_none_says_what_would_be_right(url: str) -> None:
    with pytest.raises(ValueError, match="network://host"):
        printer_of(url)


def test_a_total_keeps_its_exact_digits() -> None:
    assert label(price="0.95").total == Decimal("0.95")
