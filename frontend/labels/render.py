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
from frontend.labels.label import NO_BARCODE, Label, issued, lines
from frontend.words import wording
from frontend.words.languages import Language

WIDTH, HEIGHT = 384, 316
"""48 x 39.5 mm: what a printer for 58 mm paper can print."""

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
    page = Page(t)
    page.draw(label, copy=copy)
    return bytes(page.output())


def picture(label: Label, t: Language, *, copy: bool, scale: int = 1) -> Image.Image:
    """The label in grey, `scale` pixels to a printer's dot."""
    return drawn(pdf(label, t, copy=copy), WIDTH, HEIGHT, scale)


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
        self.write_line(label.name, 6, 38, bold=True)
        top = 50
        for what, figure in lines(label, t):
            self.write_line(what, top, 22, end=figure)
            top += 24
        total = wording.money(label.total, label.currency, t)
        self.write_line(t("Total"), 124, 38, bold=True, end=total)
        self.write_line(issued(label, t), 166, 18, end=t("COPY") if copy else "")
        if label.number is None:
            self.write_line(f"PLU {label.plu}", 196, 58, bold=True)
            self.write_line(t(NO_BARCODE), 266, 22)
        else:
            self._barcode(label.number, 190)

    def write_line(
        self, start: str, top: int, size: int, *, bold: bool = False, end: str = ""
    ) -> None:
        """Write text of at most `size` dots, smaller where it would not fit, and its end."""
        room = WIDTH - 2 * _MARGIN
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
                self.set_xy(_MARGIN, top)
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
