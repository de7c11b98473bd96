"""One preparation of a photo, for everything that takes, shows, keeps or recognises one.

A photo comes from anybody who can reach the API, the bucket or the kiosk. Its content decides what
it is (never its name or its declared type), its header is checked before a pixel is decoded, and
whatever goes wrong is an `ImageError` with a sentence that says what would be right. Of EXIF only
the orientation is read, and nothing is ever written back.

Pixels are limited by what decoding them takes: a JPEG is decoded at an eighth of its size where a
small picture is enough, every other format takes 4 to 16 bytes a pixel. Large pictures wait for
each other, so whatever arrives at once, a process decodes it in less than 250 MB.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from threading import Lock

import pi_heif
from PIL import Image, ImageStat, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from smartscale import ram
from smartscale.recognition.pixels_only import is_progressive, pixels_only

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "HEIF": "image/heic",
}
MAX_PIXELS = 40_000_000
"""Of a JPEG; other pictures may have less."""

_NAMES = {"JPEG": "JPEG", "PNG": "PNG", "WEBP": "WebP", "HEIF": "HEIC"}
_PROGRESSIVE = "progressive JPEG"
_LIMITS = {
    "JPEG": MAX_PIXELS,
    _PROGRESSIVE: 24_500_000,  # up to 8 bytes a pixel
    "PNG": 20_000_000,  # up to 8
    "WebP": 12_500_000,  # 16
    "HEIC": 24_500_000,  # 7
}
_SMALL_PIXELS = 1_500_000
"""Pictures of up to this many pixels do not wait for large ones."""
DARK, FLAT = 20.0, 3.0
"""The mean brightness below which a picture is dark, and the spread below which it shows
nothing."""
_LIGHT_SIDE = 64
_STORED_SIDE = 2048
"""Pixels of the longer side of a picture that had to be written anew to be stored."""

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_GREY_STEPS = {"1": 255, "L;2": 85, "L;4": 17}
"""What Pillow multiplies grey of few bits by, but not the grey that counts as transparent."""

DAMAGE = (
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
"""What Pillow's readers raise on hostile or damaged files; it has no common base class for them."""

pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)

_large, _small = Lock(), Lock()

ram.keep_nothing_large()


class ImageError(ValueError):
    """A picture that cannot be used; its text is fit to be shown to who sent it."""


class UnsupportedImage(ImageError):
    """The content is not JPEG, PNG, WebP or HEIC."""


class CorruptImage(ImageError):
    """The content is cut short or damaged."""


class TooManyPixels(ImageError):
    """The picture has more pixels than are decoded here, or than anybody needs."""


@dataclass(frozen=True)
class ImageInfo:
    """What a picture's header says; width and height in pixels, as stored (before rotation)."""

    format: str
    width: int
    height: int
    media_type: str


@dataclass(frozen=True)
class StoredPicture:
    """A picture as it is stored: nothing but what is needed to draw it."""

    data: bytes
    media_type: str


@lru_cache
def no_picture() -> StoredPicture:
    """What stands in the store for a picture that nobody took: a plain grey one."""
    out = BytesIO()
    Image.new("RGB", (320, 240), (226, 230, 227)).save(out, "JPEG")
    return StoredPicture(out.getvalue(), MEDIA_TYPES["JPEG"])


def inspect(data: bytes) -> ImageInfo:
    """Say what `data` holds from its header alone (microseconds).

    Raises:
        UnsupportedImage, CorruptImage, TooManyPixels
    """
    image = _open(data)
    name = _format(image)
    return ImageInfo(name, image.width, image.height, MEDIA_TYPES[name])


def decode(data: bytes, shortest_side: int) -> Image.Image:
    """Decode a picture, upright and in RGB, with transparency laid on white.

    A JPEG is decoded at the smallest of the scales 1, 1/2, 1/4, 1/8 that leaves its shorter side
    at least `shortest_side` pixels: that makes a phone's photo ten times cheaper.

    Raises:
        UnsupportedImage, CorruptImage, TooManyPixels
    """
    image = _open(data)
    with _turn(image):
        return _decode(image, shortest_side)


def without_metadata(data: bytes) -> StoredPicture:
    """A picture as it may be stored: whole, and nothing but its pixels.

    An upright JPEG, PNG or WebP keeps its pixels as they are, and never grows. Any other picture is
    written anew: upright, as a JPEG of at most 2048 pixels a side, which has less than 10 MB.

    That a kept JPEG goes on to its end shows from its parts. It is not decoded for that: who
    recognises it decodes it anyway, which costs a fifth of a whole weighing, and says so if it
    turns out to be damaged within.

    Raises:
        UnsupportedImage, CorruptImage, TooManyPixels
    """
    image = _open(data)
    name = _format(image)
    with _turn(image), closing(image):  # its pixels go before the next one's come
        # It may lie behind a PNG's pixels, which are then decoded to find it.
        kept = None if _orientation(image) in _UPRIGHT else pixels_only(data, name)
        if kept is not None:
            if name != "JPEG":
                _load(image, shortest_side=1)
            return StoredPicture(kept, MEDIA_TYPES[name])
        image.close()
        written = _jpeg(_decode(_open(data), _STORED_SIDE), _STORED_SIDE, quality=92)
    return StoredPicture(written, MEDIA_TYPES["JPEG"])


def says_nothing_else(data: bytes) -> bool:
    """Whether a picture may be stored as it is: upright, and with nothing but its pixels."""
    image = _open(data)
    with _turn(image), closing(image):
        upright = _orientation(image) not in _UPRIGHT
    return upright and pixels_only(data, _format(image)) == data


def shrink(data: bytes, shortest_side: int = 384) -> bytes:
    """A picture small enough to keep for good, as a JPEG without what else the file said.

    Raises:
        ImageError: the bytes are no picture that can be used.
    """
    out = BytesIO()
    decode(data, shortest_side).save(out, "JPEG", quality=92)
    return out.getvalue()


def thumbnail(data: bytes, longest_side: int, quality: int = 82) -> bytes:
    """A picture to look at, as a JPEG without what else the file said; never made larger.

    Raises:
        ImageError: the bytes are no picture that can be used.
    """
    image = _open(data)
    with _turn(image), closing(image):
        return _jpeg(_decode(image, longest_side), longest_side, quality)


def _open(data: bytes) -> Image.Image:
    """Read the header; no pixel is decoded yet."""
    try:
        image = Image.open(BytesIO(data), formats=tuple(MEDIA_TYPES))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise TooManyPixels(
            "The picture has far too many pixels: shrink it to about 1280 pixels."
        ) from error
    except UnidentifiedImageError as error:
        if _starts_like_an_image(data):
            raise CorruptImage("The picture is damaged; send it again.") from error
        raise UnsupportedImage("The file is not a picture in JPEG, PNG, WebP or HEIC.") from error
    except DAMAGE as error:
        raise CorruptImage("The picture is damaged; send it again.") from error
    _check_pixels(image, data)
    return image


def _check_pixels(image: Image.Image, data: bytes) -> None:
    name = _format(image)
    kind, pixels = _NAMES[name], image.width * image.height
    if name == "JPEG" and pixels > _LIMITS[_PROGRESSIVE] and is_progressive(data):
        kind = _PROGRESSIVE
    if pixels > _LIMITS[kind]:
        raise TooManyPixels(
            f"The picture has {pixels / 1e6:.1f} megapixels; a {kind} may have at most "
            f"{_LIMITS[kind] / 1e6:g} megapixels: shrink it to about 1280 pixels."
        )


def _format(image: Image.Image) -> str:
    # MPO is what Pillow calls a JPEG with a second picture behind it, as many phones write.
    return "JPEG" if image.format == "MPO" else str(image.format)


def _starts_like_an_image(data: bytes) -> bool:
    return (
        data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
        or (data.startswith(b"RIFF") and data[8:12] == b"WEBP")
        or data[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1"}
    )


@contextmanager
def _turn(image: Image.Image) -> Iterator[None]:
    """Wait for the one decoder of large pictures, or for the one of small ones."""
    with _large if image.width * image.height > _SMALL_PIXELS else _small:
        yield


def _decode(image: Image.Image, shortest_side: int) -> Image.Image:
    stored_as = image.tile[0].args if isinstance(image, ImageFile) and image.tile else ""
    _load(image, shortest_side)
    try:
        turn = _UPRIGHT.get(_orientation(image))
        image = _eight_bits(image, stored_as)
        # What `draft` cannot shrink is shrunk before any copy of it is made: 20 megapixels are
        # 80 MB, and turning and converting would take that several times.
        spare = min(image.size) // (2 * shortest_side)
        if spare > 1:
            image = image.reduce(spare)
        image = _on_white(image)
        return image if turn is None else image.transpose(turn)
    except DAMAGE as error:
        raise CorruptImage("The picture is damaged; send it again.") from error


def _load(image: Image.Image, shortest_side: int) -> None:
    """Decode every pixel; a file that ends early is refused, never filled up with grey."""
    try:
        image.draft(None, (shortest_side, shortest_side))
        image.load()
    except DAMAGE as error:
        raise CorruptImage("The picture is cut short or damaged; send it again.") from error


def _orientation(image: Image.Image) -> int:
    """How EXIF says the picture is turned, 1 to 8. Broken EXIF is no reason to refuse a picture."""
    if image.format == "HEIF":  # its decoder turns by what the container says
        return 1
    try:
        orientation = image.getexif().get(_ORIENTATION)
        return int(orientation) if orientation in _UPRIGHT else 1
    except DAMAGE:
        return 1


def _eight_bits(image: Image.Image, stored_as: object) -> Image.Image:
    """The picture in a mode that can be shrunk: grey or colour of 8 bits, with its transparency.

    Args:
        image: decoded.
        stored_as: Pillow's name of how the file holds a pixel, such as `L;2`.
    """
    transparent = image.info.get("transparency")
    if image.mode.startswith("I"):  # 16-bit grey, which convert() would clip to white
        image = image.convert("I")
        grey = image.point([value >> 8 for value in range(1 << 16)], "L")
        if not isinstance(transparent, int):
            return grey
        opaque = [0 if value == transparent else 255 for value in range(1 << 16)]
        return Image.merge("LA", (grey, image.point(opaque, "L")))
    if image.mode in {"1", "L"} and isinstance(transparent, int):
        image.info["transparency"] = transparent * _GREY_STEPS.get(str(stored_as), 1)
    elif isinstance(transparent, tuple) and stored_as == "RGB;16B":
        image.info["transparency"] = tuple(value >> 8 for value in transparent)
    if image.has_transparency_data and image.mode not in {"LA", "RGBA"}:
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode in {"1", "P"} else image


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in {"LA", "RGBA"}:
        white = Image.new("RGB", image.size, "white")
        layer = image if image.mode == "RGBA" else image.convert("RGBA")
        white.paste(layer, (0, 0), layer)
        return white
    return image if image.mode == "RGB" else image.convert("RGB")


def _jpeg(image: Image.Image, longest_side: int, quality: int) -> bytes:
    image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    out = BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def light_of(image: bytes) -> tuple[float, float]:
    """How bright a picture is and how far that spreads, each of 255. Raises ImageError."""
    seen = ImageStat.Stat(decode(image, _LIGHT_SIDE).convert("L"))
    return seen.mean[0], seen.stddev[0]


def shows_nothing(image: bytes) -> bool:
    """Whether a picture is dark or all of one colour. Raises ImageError."""
    brightness, spread = light_of(image)
    return brightness < DARK or spread < FLAT
