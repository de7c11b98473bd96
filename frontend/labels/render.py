"""A label as PDF, and that PDF as a picture: one drawing for download, screen and printer.

The unit of the drawing is the dot of a label printer, an eighth of a millimetre (203 dpi), so that
every bar of the barcode is a whole number of dots wide.
"""

import io
from pathlib import Path
from typing import Literal

import pypdfium2
from fpdf import FPDF
from PIL import Image

from frontend.labels.barcode import modules
from frontend.labels.label import NO_BARCODE, Label, declared, issued, lines
from frontend.labels.shop import Shop
from frontend.words import wording
from frontend.words.languages import Language

WIDTH, HEIGHT = 384, 316
"""48 x 39.5 mm: what a printer for 58 mm paper can print. What a shop adds makes it longer."""
_HEADER, _LOGO = 66, 56
"""How much the shop's name, address and logo add, and the side of the square that has the logo."""
_DECLARED = 22
"""How much each line about the produce adds."""

_FONTS = Path(__file__).with_name("fonts")
_DOTS_PER_INCH = 203.2
_POINTS_PER_DOT = 72 / _DOTS_PER_INCH
_MARGIN = 10
_MODULE = 3
"""0.375 mm: 114 % of the nominal width, within the 80 to 200 % that GS1 allows."""
_BARS_HIGH, _GUARDS_HIGH = 84, 92
_QUIET = 11 * _MODULE


def pdf(label: Label, t: Language, *, copy: bool) -> bytes:
    """The label as a PDF of its own size."""
    page = Page(t, height_of(label, t))
    page.draw(label, copy=copy)
    return bytes(page.output())


def height_of(label: Label, t: Language) -> int:
    """How many dots high a label is."""
    return HEIGHT + _header(label) + _DECLARED * len(declared(label, t))


def _header(label: Label) -> int:
    return _HEADER if label.shop.lines or label.shop.logo else 0


def picture(label: Label, t: Language, *, copy: bool, scale: int = 1) -> Image.Image:
    """The label in grey, `scale` pixels to a printer's dot."""
    return drawn(pdf(label, t, copy=copy), WIDTH, height_of(label, t), scale)


def drawn(file: bytes, width: int, height: int, scale: int = 1) -> Image.Image:
    """The page of a PDF in grey, `scale` pixels to a printer's dot."""
    document = pypdfium2.PdfDocument(file)
    try:
        page = document[0].render(scale=scale / _POINTS_PER_DOT, grayscale=True)
        image: Image.Image = page.to_pil().convert("L")
        return image.crop((0, 0, width * scale, height * scale))
    finally:
        document.close()


def png(label: Label, t: Language, *, copy: bool) -> bytes:
    """The label as a PNG, fine enough for screens and for office printers."""
    out = io.BytesIO()
    dots = 2 * _DOTS_PER_INCH
    picture(label, t, copy=copy, scale=2).save(out, "PNG", dpi=(dots, dots))
    return out.getvalue()


class Page(FPDF):
    """A page as wide as the paper; what stands on it is measured in dots of the printer."""

    def __init__(self, t: Language, height: int = HEIGHT) -> None:
        super().__init__(unit=_POINTS_PER_DOT, format=(WIDTH, height))
        self._t = t
        self._rtl = t.direction == "rtl"
        self.set_auto_page_break(False)
        self.set_margin(0)
        self.c_margin = 0
        self.add_font("label", "", _FONTS / "DejaVuSansCondensed.ttf")
        self.add_font("label", "B", _FONTS / "DejaVuSansCondensed-Bold.ttf")
        self.set_text_shaping(True)
        self.set_lang(t.code)
        self.add_page()

    def draw(self, label: Label, *, copy: bool) -> None:
        t = self._t
        self.set_title(label.name)
        top = _header(label)
        if top:
            self._shop(label.shop)
        self.write_line(label.name, top + 6, 38, bold=True)
        for place, (what, figure) in enumerate(declared(label, t)):
            self.write_line(what, top + 48 + place * _DECLARED, 20, end=figure)
        top += _DECLARED * len(declared(label, t))
        for place, (what, figure) in enumerate(lines(label, t)):
            self.write_line(what, top + 50 + place * 24, 22, end=figure)
        total = wording.money(label.total, label.currency, t)
        self.write_line(t("Total"), top + 124, 38, bold=True, end=total)
        self.write_line(issued(label, t), top + 166, 18, end=t("COPY") if copy else "")
        if label.number is None:
            self.write_line(f"PLU {label.plu}", top + 196, 58, bold=True)
            self.write_line(t(NO_BARCODE), top + 266, 22)
        else:
            self._barcode(label.number, top + 190)

    def _shop(self, shop: Shop) -> None:
        """Write whose label it is, with the logo where lines end."""
        taken = 0
        if shop.logo is not None:
            taken = _LOGO + _MARGIN
            left = _MARGIN if self._rtl else WIDTH - _MARGIN - _LOGO
            self.image(io.BytesIO(shop.logo), left, 6, _LOGO, _LOGO, keep_aspect_ratio=True)
        for line, top, size in zip(shop.lines, (6, 38), (28, 20), strict=False):
            self.write_line(line, top, size, bold=size > 20, taken=taken)  # noqa: PLR2004

    def write_line(
        self, start: str, top: int, size: int, *, bold: bool = False, end: str = "", taken: int = 0
    ) -> None:
        """Write text of at most `size` dots, smaller where it would not fit, and its end; what is
        taken of the line at its end is left free."""
        room = WIDTH - 2 * _MARGIN - taken
        left = _MARGIN + (taken if self._rtl else 0)
        style: Literal["", "B"] = "B" if bold else ""
        points = float(size) * _POINTS_PER_DOT * 0.86
        gap = 12 if end else 0
        self.set_font("label", style, points)
        needed = self.get_string_width(start) + self.get_string_width(end) + gap
        if needed > room:
            self.set_font("label", style, points * room / needed)
        sides = ("R", "L") if self._rtl else ("L", "R")
        for text, side in zip((start, end), sides, strict=True):
            if text:
                self.set_xy(left, top)
                self.cell(room, size, text, align=side)

    def _barcode(self, number: str, top: int) -> None:
        bars = modules(number)
        left = (WIDTH - len(bars) * _MODULE - 4 * _MODULE) // 2 + 4 * _MODULE
        assert left >= _QUIET  # noqa: S101 - the quiet zone is part of the symbol
        for place, bar in enumerate(bars):
            if bar != "0":
                height = _GUARDS_HIGH if bar == "G" else _BARS_HIGH
                self.rect(left + place * _MODULE, top, _MODULE, height, style="F")
        self.set_font("label", "", 22 * _POINTS_PER_DOT * 0.86)
        below = top + _BARS_HIGH + 2
        self._digits(number[0], left - 9 * _MODULE, 7, below)
        self._digits(number[1:7], left + 3 * _MODULE, 42, below)
        self._digits(number[7:], left + 50 * _MODULE, 42, below)

    def _digits(self, digits: str, left: int, wide: int, top: int) -> None:
        self.set_xy(left, top)
        self.cell(wide * _MODULE, 22, digits, align="C")
