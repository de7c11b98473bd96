"""Things that are no produce, made from nothing: hands, and what else may lie on a scale.

The photos know cartons, tins and jars. A shop's scale also sees hands, phones, keys, cups, paper
and toys, so those are drawn here, cheaply and from a seed. Hands also reach over produce.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]
Draw = Callable[[np.random.Generator, ImageDraw.ImageDraw, float], None]
"""Draws one thing in the middle of a square canvas whose side in pixels is given."""

SKINS: tuple[Colour, ...] = (
    (247, 214, 191),
    (232, 184, 148),
    (204, 148, 110),
    (160, 106, 72),
    (112, 72, 48),
    (74, 48, 34),
)
LARGEST_SHARE, SMALLEST_SHARE = 1.0, 0.45
WORDS = ("SALE", "2.99", "Milk", "No. 7", "Receipt", "TOTAL", "hello", "EAN 400", "BIO", "Kaffee")


def render_objects(plates: NDArray[np.uint8], count: int, seed: int) -> NDArray[np.uint8]:
    """`count` things and hands on plates (N, S, S, 3): uint8 of shape (count, S, S, 3)."""
    rng = np.random.default_rng(seed)
    pictures = []
    for index in range(count):
        picture = Image.fromarray(plates[rng.integers(len(plates))]).convert("RGB")
        for _ in range(rng.integers(1, 3)):
            layer = _layer(rng, THINGS[index % len(THINGS)], picture.width)
            shadow = _shadow(layer)
            picture.paste(shadow, (0, 0), shadow)
            picture.paste(layer, (0, 0), layer)
        pictures.append(np.asarray(picture))
    return np.stack(pictures)


def render_hands(count: int, size: int, seed: int) -> NDArray[np.uint8]:
    """`count` hands that reach in from a side, to lay over produce: RGBA (count, S, S, 4)."""
    rng = np.random.default_rng(seed)
    hands = []
    for _ in range(count):
        layer = _layer(rng, _hand, size)
        angle = rng.uniform(0, 2 * math.pi)
        away = rng.uniform(0.25, 0.5) * size
        moved = layer.transform(
            layer.size,
            Image.Transform.AFFINE,
            (1, 0, away * math.cos(angle), 0, 1, away * math.sin(angle)),
        )
        hands.append(np.asarray(moved))
    return np.stack(hands)


def _layer(rng: np.random.Generator, draw: Draw, size: int) -> Image.Image:
    """One thing, turned, sized, placed and lit at random, on a transparent square."""
    side = 2 * size  # drawn large and shrunk, for smooth edges
    canvas = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    share = rng.uniform(SMALLEST_SHARE, LARGEST_SHARE)
    draw(rng, ImageDraw.Draw(canvas), side)
    shade = Image.fromarray((255 * _ramp(rng, side)).astype(np.uint8))
    lit = ImageChops.multiply(canvas.convert("RGB"), Image.merge("RGB", [shade] * 3))
    lit.putalpha(canvas.getchannel("A"))
    shrunk = lit.resize((max(8, int(size * share)),) * 2, Image.Resampling.LANCZOS)
    turned = shrunk.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC, expand=True)
    layer = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    room = size - turned.width
    low, high = min(0, room), max(0, room)
    left, top = (int(place) for place in rng.integers(low, high + 1, 2))
    layer.paste(turned, (left, top))
    return layer


def _ramp(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    """A smooth fall of light over the picture, 0.5 to 1, shape (side, side)."""
    angle = rng.uniform(0, 2 * math.pi)
    y, x = np.mgrid[0:side, 0:side] / side - 0.5
    along = x * math.cos(angle) + y * math.sin(angle)
    return np.asarray(np.clip(0.85 + rng.uniform(0.0, 0.5) * along, 0.5, 1.0))


def _shadow(layer: Image.Image) -> Image.Image:
    shadow = Image.new("RGBA", layer.size, (0, 0, 0, 0))
    soft = layer.getchannel("A").filter(ImageFilter.GaussianBlur(layer.width / 50))
    shadow.putalpha(soft.point(lambda value: value * 0.45))
    return ImageChops.offset(shadow, layer.width // 60, layer.width // 45)


def _any_colour(rng: np.random.Generator) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(10, 250, 3))
    return red, green, blue


def _darker(colour: Colour, factor: float) -> Colour:
    red, green, blue = (int(value * factor) for value in colour)
    return red, green, blue


def _text(rng: np.random.Generator, pen: ImageDraw.ImageDraw, at: tuple[float, float]) -> None:
    font = ImageFont.load_default(size=float(rng.uniform(18, 60)))
    pen.text(at, str(rng.choice(WORDS)), fill=_any_colour(rng), font=font)


def _hand(rng: np.random.Generator, pen: ImageDraw.ImageDraw, side: float) -> None:
    skin = SKINS[rng.integers(len(SKINS))]
    middle = side * 0.5
    palm = side * rng.uniform(0.14, 0.18)
    wrist = palm * rng.uniform(0.65, 0.8)
    outline = _darker(skin, 0.8)
    pen.line([(middle, middle), (middle, side)], fill=skin, width=int(2 * wrist))
    spread = rng.uniform(0.12, 0.32)
    for finger in range(5):
        thumb = finger == 0
        angle = -math.pi / 2 + (finger - 2) * spread - (0.5 if thumb else 0.0)
        long = palm * (rng.uniform(1.3, 1.6) if thumb else rng.uniform(1.7, 2.4))
        wide = palm * rng.uniform(0.36, 0.46)
        tip = (middle + long * math.cos(angle), middle + long * math.sin(angle))
        root = (middle + 0.6 * palm * math.cos(angle), middle + 0.6 * palm * math.sin(angle))
        pen.line([root, tip], fill=outline, width=int(wide * 1.12))
        pen.line([root, tip], fill=skin, width=int(wide))
        for x, y in (root, tip):
            pen.ellipse(_around(x, y, wide / 2), fill=skin)
        nail = _darker((255, 225, 215), skin[0] / 255)
        pen.ellipse(_around(tip[0], tip[1], wide / 4), fill=nail)
    pen.ellipse(_around(middle, middle, palm), fill=skin)
    for line in range(2):
        pen.arc(_around(middle, middle + line * palm / 4, palm * 0.7), 200, 320, fill=outline)


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return (x - radius, y - radius, x + radius, y + radius)


def _box(rng: np.random.Generator, pen: ImageDraw.ImageDraw, side: float) -> None:
    """A carton, a card, a book, a receipt: a rectangle with bands and print."""
    wide, tall = side * rng.uniform(0.12, 0.4), side * rng.uniform(0.2, 0.45)
    left, top, right, bottom = (side / 2 - wide, side / 2 - tall, side / 2 + wide, side / 2 + tall)
    pen.rectangle((left, top, right, bottom), fill=_any_colour(rng), outline=_any_colour(rng))
    for _ in range(rng.integers(0, 4)):
        y = rng.uniform(top, bottom)
        pen.rectangle(
            (left, y, right, min(bottom, y + rng.uniform(0.02, 0.2) * tall)), fill=_any_colour(rng)
        )
    for _ in range(rng.integers(0, 5)):
        _text(rng, pen, (rng.uniform(left, right - wide / 2), rng.uniform(top, bottom - 20)))
    if rng.random() < 0.4:  # noqa: PLR2004  a bar code
        x = left + 0.1 * wide
        while x < right - wide / 2:
            bar = rng.uniform(2, 7)
            pen.rectangle((x, bottom - 0.25 * tall, x + bar, bottom - 0.05 * tall), fill=(8, 8, 8))
            x += bar + rng.uniform(2, 8)


def _bottle(rng: np.random.Generator, pen: ImageDraw.ImageDraw, side: float) -> None:
    colour, middle = _any_colour(rng), side / 2
    wide, tall = side * rng.uniform(0.08, 0.18), side * rng.uniform(0.3, 0.46)
    neck = wide * rng.uniform(0.3, 0.7)
    pen.rounded_rectangle(
        (middle - wide, middle - tall / 2, middle + wide, middle + tall), wide / 3, fill=colour
    )
    pen.rectangle((middle - neck, middle - tall, middle + neck, middle - tall / 3), fill=colour)
    pen.rectangle(
        (middle - neck * 1.2, middle - tall, middle + neck * 1.2, middle - 0.85 * tall),
        fill=_any_colour(rng),
    )
    pen.rectangle((middle - wide, middle, middle + wide, middle + tall / 2), fill=_any_colour(rng))
    _text(rng, pen, (middle - wide, middle + tall / 8))
    gleam = tuple(min(255, value + 90) for value in colour)
    pen.rectangle(
        (middle - 0.7 * wide, middle - tall / 3, middle - 0.5 * wide, middle + 0.9 * tall),
        fill=gleam,
    )


def _phone(rng: np.random.Generator, pen: ImageDraw.ImageDraw, side: float) -> None:
    wide, tall = side * rng.uniform(0.14, 0.2), side * rng.uniform(0.3, 0.4)
    body = (side / 2 - wide, side / 2 - tall, side / 2 + wide, side / 2 + tall)
    pen.rounded_rectangle(body, side * 0.03, fill=_darker(_any_colour(rng), 0.4))
    inner = (body[0] + 8, body[1] + 14, body[2] - 8, body[3] - 14)
    pen.rounded_rectangle(inner, side * 0.02, fill=_any_colour(rng))
    for row in range(rng.integers(0, 5)):
        for column in range(3):
            x = inner[0] + (column + 0.3) * wide * 0.6
            y = inner[1] + (row + 0.4) * wide * 0.6
            pen.rounded_rectangle((x, y, x + wide / 3, y + wide / 3), 6, fill=_any_colour(rng))


def _keys(rng: np.random.Generator, pen: ImageDraw.ImageDraw, side: float) -> None:
    middle = side / 2
    pen.ellipse(_around(middle, middle, side * 0.07), outline=(150, 150, 150), width=7)
    for _ in range(rng.integers(2, 5)):
        angle, metal = rng.uniform(0, 2 * math.pi), int(rng.uniform(110, 210))
        colour = (metal, metal, int(metal * rng.uniform(0.55, 1.0)))
        reach = side * rng.uniform(0.2, 0.38)
        tip = (middle + reach * math.cos(angle), middle + reach * math.sin(angle))
        bow = (middle + reach * 0.35 * math.cos(angle), middle + reach * 0.35 * math.sin(angle))
        pen.line([bow, tip], fill=colour, width=int(side * 0.03))
        pen.ellipse(_around(*bow, side * 0.06), fill=colour)
        pen.ellipse(_around(*bow, side * 0.02), fill=(40, 40, 40))


def _cup(rng: np.random.Generator, pen: ImageDraw.ImageDraw, side: float) -> None:
    """From above: a rim, what is in it, a handle."""
    colour, middle, radius = _any_colour(rng), side / 2, side * rng.uniform(0.18, 0.33)
    handle = (
        middle + radius * 0.8,
        middle - radius / 5,
        middle + radius * 1.45,
        middle + radius / 5,
    )
    pen.rounded_rectangle(handle, radius / 6, fill=_darker(colour, 0.9))
    pen.ellipse(_around(middle, middle, radius), fill=colour)
    pen.ellipse(_around(middle, middle, radius * 0.88), fill=_darker(colour, 0.7))
    pen.ellipse(_around(middle, middle, radius * 0.8), fill=_any_colour(rng))


def _cloth(rng: np.random.Generator, pen: ImageDraw.ImageDraw, side: float) -> None:
    """Gloves, wrapping, a bag's print: an uneven patch with stripes or dots."""
    middle, points = side / 2, []
    for step in range(14):
        radius = side * rng.uniform(0.25, 0.42)
        angle = 2 * math.pi * step / 14
        points.append((middle + radius * math.cos(angle), middle + radius * math.sin(angle)))
    pen.polygon(points, fill=_any_colour(rng))
    colour, pitch = _any_colour(rng), side * rng.uniform(0.03, 0.1)
    striped = rng.random() < 0.5  # noqa: PLR2004
    for row in range(int(side * 0.5 / pitch)):
        y = side / 4 + row * pitch
        if striped:
            pen.line([(side * 0.28, y), (side * 0.72, y)], fill=colour, width=int(pitch / 3))
            continue
        for column in range(int(side * 0.44 / pitch)):
            pen.ellipse(_around(side * 0.28 + column * pitch, y, pitch / 5), fill=colour)


def _blocks(rng: np.random.Generator, pen: ImageDraw.ImageDraw, side: float) -> None:
    """Toys: bricks, pegs, wheels."""
    for _ in range(rng.integers(3, 8)):
        x, y = rng.uniform(0.25, 0.7, 2) * side
        wide, tall, colour = *rng.uniform(0.05, 0.2, 2) * side, _any_colour(rng)
        pen.rectangle(
            (x, y, x + wide, y + tall), fill=colour, outline=_darker(colour, 0.6), width=4
        )
        for peg in range(int(wide // (side * 0.05))):
            pen.ellipse(
                _around(x + (peg + 0.5) * side * 0.05, y + tall / 2, side * 0.014),
                fill=_darker(colour, 0.85),
            )


THINGS: tuple[Draw, ...] = (_hand, _box, _bottle, _phone, _keys, _cup, _cloth, _blocks, _hand, _box)
