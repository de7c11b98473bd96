"""From the bytes of a photo to a picture that a network can be shown, and what it is to be shown.

`network_input.py` makes numbers of it, by numpy, which the functions that only look at pictures do
without. Training and serving share both.

A photo comes from anybody who can reach the API, so its content decides what it is (never its
name or its declared type), its header is checked before a pixel is decoded, and whatever goes
wrong is an `ImageError` with a sentence that says what would be right.
"""

import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 40_000_000
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
ORIENTATION_TAG = 0x0112

ChannelOrder = Literal["rgb", "bgr"]

# What Pillow's readers raise on hostile or damaged files; it has no common base class for them.
PILLOW_ERRORS = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class ImageError(ValueError):
    """A picture that cannot be used; its text is fit to be shown to who sent it."""


class UnsupportedImage(ImageError):
    """The content is not JPEG, PNG or WebP."""


class CorruptImage(ImageError):
    """The content is cut short or damaged."""


class TooManyPixels(ImageError):
    """The picture has more pixels than anybody needs to recognise produce."""


@dataclass(frozen=True)
class ImageInfo:
    """What a picture's header says; width and height in pixels, as stored (before rotation)."""

    format: str
    width: int
    height: int
    media_type: str


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes a network's input: part of every model package.

    The picture is cropped in its middle until its longer side is at most `max_aspect` times the
    shorter one, scaled to `size` x `size` pixels, and each channel becomes
    `(value - mean) / scale` in the order `channels`. With `mirrored_view` the network also sees
    the mirrored picture and both answers are averaged, which costs twice the time.
    """

    size: int
    max_aspect: float = 4 / 3
    mean: tuple[float, float, float] = (127.0, 127.0, 127.0)
    scale: tuple[float, float, float] = (128.0, 128.0, 128.0)
    channels: ChannelOrder = "rgb"
    mirrored_view: bool = False


def inspect(data: bytes, *, whole: bool = False) -> ImageInfo:
    """Say what `data` holds from its header alone (microseconds).

    With `whole` the picture is also decoded at the smallest scale its format allows, so that a
    file that was cut short on its way is found before anything else relies on it.

    Raises:
        UnsupportedImage, CorruptImage, TooManyPixels
    """
    image = _open(data)
    # MPO is what Pillow calls a JPEG with a second picture behind it, as many phones write.
    name = "JPEG" if image.format == "MPO" else str(image.format)
    info = ImageInfo(name, image.width, image.height, MEDIA_TYPES[name])
    if whole:
        _load(image, shortest_side=1)
    return info


def decode(data: bytes, shortest_side: int) -> Image.Image:
    """Decode a picture, upright and in RGB, with transparency laid on white.

    A JPEG is decoded at the smallest of the scales 1, 1/2, 1/4, 1/8 that leaves its shorter side
    at least `shortest_side` pixels: that makes a phone's photo ten times cheaper.

    Raises:
        UnsupportedImage, CorruptImage, TooManyPixels
    """
    image = _load(_open(data), shortest_side)
    try:
        # What `draft` cannot shrink is shrunk before any copy of it is made: 40 megapixels are
        # 160 MB, and turning and converting would take that several times.
        spare = min(image.size) // (2 * shortest_side)
        if spare > 1 and image.mode not in {"1", "P"}:
            reduced = image.reduce(spare)
            reduced.info = image.info
            image = reduced
        return _to_rgb(_upright(image))
    except PILLOW_ERRORS as error:
        raise CorruptImage("The picture is damaged; send it again.") from error


def shrink(data: bytes, shortest_side: int = 384) -> bytes:
    """A picture small enough to keep for good, as a JPEG without what else the file said.

    Raises:
        ImageError: the bytes are no picture that can be used.
    """
    out = BytesIO()
    decode(data, shortest_side).save(out, "JPEG", quality=92)
    return out.getvalue()


def thumbnail(data: bytes, longest_side: int) -> bytes:
    """A picture to look at, as a JPEG without what else the file said; never made larger.

    Raises:
        ImageError: the bytes are no picture that can be used.
    """
    image = decode(data, longest_side)
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    out = BytesIO()
    image.save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def _open(data: bytes) -> Image.Image:
    """Read the header; no pixel is decoded yet."""
    try:
        image = Image.open(BytesIO(data), formats=tuple(MEDIA_TYPES))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(_TOO_MANY) from error
    except UnidentifiedImageError as error:
        if _starts_like_an_image(data):
            raise CorruptImage("The picture is damaged; send it again.") from error
        raise UnsupportedImage("The file is not a picture in JPEG, PNG or WebP.") from error
    except PILLOW_ERRORS as error:
        raise CorruptImage("The picture is damaged; send it again.") from error
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixels(_TOO_MANY)
    return image


_TOO_MANY = f"The picture has too many pixels; send at most {MAX_PIXELS // 1_000_000} megapixels."


def _starts_like_an_image(data: bytes) -> bool:
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (
        data.startswith(b"RIFF") and data[8:12] == b"WEBP"
    )


def _load(image: Image.Image, shortest_side: int) -> Image.Image:
    """Decode every pixel; a file that ends early is refused, never filled up with grey."""
    try:
        image.draft(None, (shortest_side, shortest_side))
        image.load()
    except PILLOW_ERRORS as error:
        raise CorruptImage("The picture is cut short or damaged; send it again.") from error
    return image


def _upright(image: Image.Image) -> Image.Image:
    """Apply EXIF orientation. Broken EXIF is no reason to refuse a picture that decodes."""
    try:
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
    except PILLOW_ERRORS:
        return image
    return image if orientation == 1 else ImageOps.exif_transpose(image)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit greyscale, which convert() would clip to white
        high_byte = image.convert("I").point(lambda value: value * (1 / 256))
        return high_byte.convert("L").convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")
