"""Makes docs/one_pager.pdf, one A4 page for the owner of a shop.

    python docs/one_pager.py [FILE.pdf]

Its figures are read from the built-in model's model.json and labels.json and reckoned by
`infra.sizing.cost`, its picture is the README's: make it anew when they change.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from fpdf import FPDF
from PIL import Image

from infra.sizing.cost import Bill, alarms_in, bill, read_prices
from infra.sizing.workload import Usage
from smartscale.domain.prediction import NO_ITEM

ROOT = Path(__file__).resolve().parents[1]
PDF = ROOT / "docs" / "one_pager.pdf"
_SCREENSHOT = ROOT / "docs/screenshots/shopper/answer.png"
_MODEL = ROOT / "layers" / "model" / "python" / "smartscale_model"
_FONTS = ROOT / "frontend" / "labels" / "fonts"
_KIOSKS = 1000
_CENT = Decimal("0.01")

_WIDTH, _HEIGHT, _MARGIN = 210, 297, 16
_GREEN, _DEEP, _WASH = (27, 107, 61), (20, 83, 45), (230, 243, 234)
_INK, _SOFT, _WHITE, _PALE = (23, 33, 27), (85, 99, 90), (255, 255, 255), (214, 242, 223)
_YELLOW = (255, 209, 102)


@dataclass(frozen=True)
class Figures:
    """What the page says in numbers, and where each is from."""

    items: int
    top3: Decimal
    right_when_sure: Decimal
    asked: Decimal
    photos: int
    elsewhere: Mapping[int, str]
    """By photos taught of each item: how many of 100 it names right in shops that it never saw."""
    model: str
    bill: Bill

    @classmethod
    def read(cls) -> "Figures":
        """Read them from the committed files."""
        model: dict[str, Any] = json.loads(
            (_MODEL / "model.json").read_text(encoding="utf-8"), parse_float=Decimal
        )
        labels = json.loads((_MODEL / "labels.json").read_text(encoding="utf-8"))
        measured = model["evaluation"]
        return cls(
            # What only sets beside the shelves or ImageNet have shown it is not promised.
            items=len(set(labels[: model["source"]["trained"]["labels"]]) - set(NO_ITEM)),
            top3=measured["top3"],
            right_when_sure=1 - measured["error_when_sure"],
            asked=measured["needs_confirmation"],
            photos=measured["n"],
            elsewhere=_elsewhere(measured["unseen_shops"]),
            model=f"{model['id']} {model['revision']}",
            bill=bill(
                Usage(kiosks=_KIOSKS, alarms=alarms_in(ROOT / "template.yaml")),
                read_prices("eu-central-1"),
            ),
        )


def _elsewhere(shops: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By lessons an item: the lowest and the highest top-1."""
    right = defaultdict(list)
    for shop in shops:
        right[shop["lessons"]].append(shop["top1"])
    return {
        lessons: f"{_of_hundred(min(shares))} to {_of_hundred(max(shares))}"
        for lessons, shares in right.items()
    }


class Page(FPDF):
    """The page; millimetres from its upper left corner."""

    def __init__(self) -> None:
        super().__init__(format="A4")
        self.add_font("dejavu", fname=_FONTS / "DejaVuSansCondensed.ttf")
        self.add_font("dejavu", style="B", fname=_FONTS / "DejaVuSansCondensed-Bold.ttf")
        self.set_auto_page_break(auto=False)
        self.set_margin(0)
        self.c_margin = 0
        self.set_lang("en")
        self.set_title("SmartScale for the owner of a shop")
        # The same file for the same figures.
        self.set_creation_date(datetime(2026, 11, 26, tzinfo=UTC))
        self.add_page()

    def write_at(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        width: float,
        bold: bool = False,
        colour: tuple[int, int, int] = _INK,
        align: str = "L",
        leading: float = 1.32,
    ) -> float:
        """Write a paragraph; where the next one may begin."""
        self.set_font("dejavu", style="B" if bold else "", size=size)
        self.set_text_color(*colour)
        self.set_xy(x, y)
        self.multi_cell(width, size * leading * 0.3528, text, align=align, new_x="LEFT")
        return self.get_y()

    def card(self, x: float, y: float, width: float, height: float, colour: Any) -> None:
        """A rounded area."""
        self.set_fill_color(*colour)
        self.rect(x, y, width, height, style="F", round_corners=True, corner_radius=3)


def draw(figures: Figures) -> FPDF:
    """The page with these figures."""
    page = Page()
    _head(page, figures)
    _story(page)
    _numbers(page, figures)
    _start(page)
    _sources(page, figures)
    return page


def _head(page: Page, figures: Figures) -> None:
    page.set_fill_color(*_DEEP)
    page.rect(0, 0, _WIDTH, 84, style="F")
    page.card(_MARGIN, 14, 9, 9, _GREEN)
    page.set_fill_color(*_YELLOW)
    page.ellipse(_MARGIN + 2.9, 15.4, 3.2, 3.2, style="F")
    page.set_fill_color(*_PALE)
    page.polygon(
        [(_MARGIN + 1.7, 18.4), (_MARGIN + 7.3, 18.4), (_MARGIN + 6.7, 21), (_MARGIN + 2.3, 21)],
        style="F",
    )
    page.write_at(_MARGIN + 12, 15.6, "SmartScale", size=14, width=60, bold=True, colour=_WHITE)
    y = page.write_at(
        _MARGIN,
        31,
        "Put it on the scale.\nSee the price.",
        size=22.5,
        width=86,
        bold=True,
        colour=_WHITE,
        leading=1.2,
    )
    page.write_at(
        _MARGIN,
        y + 4,
        f"A camera above your scale recognises {figures.items} kinds of fruit and vegetables, "
        "and yours when you show them. Nobody searches a menu.",
        size=11.5,
        width=76,
        colour=_PALE,
    )
    width, height = 96.0, 60.0
    x, top = _WIDTH - _MARGIN - width, 34.0
    page.card(x - 1.2, top - 1.2, width + 2.4, height + 2.4, _WHITE)
    with Image.open(_SCREENSHOT) as shot:
        small = shot.convert("RGB")
    small.thumbnail((1100, 1100))
    page.image(
        small,
        x=x,
        y=top,
        w=width,
        h=height,
        keep_aspect_ratio=True,
        alt_text="The kiosk shows bananas and their price",
    )


def _story(page: Page) -> None:
    y, width = 100.0, 66.0
    page.write_at(_MARGIN, y, "The problem", size=15, width=width, bold=True, colour=_GREEN)
    page.write_at(
        _MARGIN,
        y + 9,
        "Loose fruit has no barcode. Shoppers look for it in long menus, tap the wrong picture, or "
        "the cheaper one. Staff learn codes by heart. The queue waits, and you pay for the "
        "mistakes.",
        size=12,
        width=width,
        leading=1.45,
    )
    x = _MARGIN + width + 12
    width = _WIDTH - _MARGIN - x
    page.write_at(x, y, "What it does", size=15, width=width, bold=True, colour=_GREEN)
    _list(
        page,
        x,
        y + 9,
        width,
        (
            "It sees what lies on the scale and prices it by weight, to the cent.",
            "When it is not sure, it asks: one tap on the likeliest items.",
            "When somebody taps something much cheaper, your staff can see it.",
            "A new item? Show it a few photos: no training, no technician.",
            "Every weighing is kept, also when the power fails.",
        ),
    )


def _list(page: Page, x: float, y: float, width: float, points: Sequence[str]) -> None:
    for point in points:
        page.set_fill_color(*_GREEN)
        page.ellipse(x, y + 1.6, 2, 2, style="F")
        y = page.write_at(x + 5, y, point, size=10.5, width=width - 5, leading=1.3) + 1.9


def _numbers(page: Page, figures: Figures) -> None:
    y, gap = 166.0, 6.0
    width = (_WIDTH - 2 * _MARGIN - 2 * gap) / 3
    cards = (
        (
            _of_hundred(figures.top3),
            "of 100 times the right item is among the first three it shows ¹",
        ),
        (
            _of_hundred(figures.right_when_sure),
            f"of 100 answers are right when it is sure; in {_of_hundred(figures.asked)} of 100 "
            "weighings it asks ¹",
        ),
        (
            f"${figures.bill.per_thousand.quantize(_CENT)}",
            "for 1,000 weighings in the cloud, in a chain of 1,000 scales; on a computer of your "
            "own: no fee ²",
        ),
    )
    for number, (figure, text) in enumerate(cards):
        x = _MARGIN + number * (width + gap)
        page.card(x, y, width, 41, _WASH)
        page.write_at(x + 5, y + 4, figure, size=31, width=width - 10, bold=True, colour=_DEEP)
        page.write_at(x + 5, y + 20, text, size=9.5, width=width - 10)


def _start(page: Page) -> None:
    y, gap = 214.0, 6.0
    width = (_WIDTH - 2 * _MARGIN - 2 * gap) / 3
    page.write_at(_MARGIN, y, "Try it this afternoon", size=15, width=120, bold=True, colour=_GREEN)
    steps = (
        (
            "Take a computer",
            "Any PC or laptop with Python 3.11 to 3.13. A webcam, and a scale with a cable; "
            "to look at it first, neither.",
        ),
        (
            "Type one command",
            "In the folder of SmartScale:\nmake run\nNo account, and nothing leaves the computer.",
        ),
        (
            "Weigh something",
            "Open http://127.0.0.1:8501 and tap a picture, or hold an apple under the camera. "
            "Your prices come from a table.",
        ),
    )
    for number, (title, text) in enumerate(steps, start=1):
        x = _MARGIN + (number - 1) * (width + gap)
        page.set_fill_color(*_GREEN)
        page.ellipse(x, y + 11, 8, 8, style="F")
        page.write_at(
            x, y + 12.4, str(number), size=12, width=8, bold=True, colour=_WHITE, align="C"
        )
        page.write_at(x + 11, y + 12.4, title, size=12, width=width - 11, bold=True)
        page.write_at(x, y + 22, text, size=9.8, width=width - 1, leading=1.36)


def _sources(page: Page, figures: Figures) -> None:
    y = 267.0
    page.set_draw_color(*_SOFT)
    page.line(_MARGIN, y - 3, _WIDTH - _MARGIN, y - 3)
    prices = figures.bill.table
    page.write_at(
        _MARGIN,
        y,
        f"¹ The built-in model {figures.model} on {figures.photos} photos (model.json). They come "
        "from the shops whose other photos it learned from. In three other places it named "
        f"{figures.elsewhere[0]} of 100 right at first, {figures.elsewhere[1]} after one photo of "
        f"each item, {figures.elsewhere[3]} after three and {figures.elsewhere[10]} after ten, and "
        "asked about most until then: show it your items first. `smartscale evaluate FOLDER` "
        "measures it on photos of your own.\n"
        f"² `smartscale cost --kiosks {_KIOSKS}`: some {_ten(figures.bill.monthly)} "
        f"{prices.currency} a "
        f"month for {figures.bill.usage.weighings:,.0f} weighings, AWS list prices of "
        f"{prices.as_of:%Y-%m-%d} in {prices.region}, without taxes, storage as after a year.\n"
        "SmartScale is open source (Apache-2.0). A scale in trade has to be verified by your "
        "authority; SmartScale reads it and changes nothing on it. More: README.md.",
        size=7.6,
        width=_WIDTH - 2 * _MARGIN,
        colour=_SOFT,
        leading=1.35,
    )


def _ten(amount: Decimal) -> str:
    return f"{(amount / 10).quantize(Decimal(1)) * 10:,}"


def _of_hundred(share: Decimal) -> str:
    return str((share * 100).quantize(Decimal(1)))


def main() -> None:
    """Write the page."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PDF
    draw(Figures.read()).output(str(target))


if __name__ == "__main__":
    main()
