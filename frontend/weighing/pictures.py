"""Pictures on their way to the API: upright, not larger than it needs, and small ones to show."""

import base64
import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageOps

LONGEST_SIDE = 1280
"""What the API asks its clients to shrink photos to."""
PREVIEW_SIDE = 720
MAX_FILE_BYTES = 25_000_000
_MAX_PIXELS = 60_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")
_DAMAGE = (
    Image.DecompressionBombError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Pillow's readers raise on damaged files; it has no common base class for them."""


class UnreadablePicture(ValueError):
    """The file is no picture that can be read."""


@dataclass(frozen=True)
class Picture:
    """A picture to weigh with: the JPEG that is sent, and a small one for the screen."""

    jpeg: bytes
    preview_url: str


def prepare(file: bytes) -> Picture:
    """Shrink a photo and turn it upright. Takes a while: call it off the event loop.

    Raises:
        UnreadablePicture: it is no JPEG, PNG or WebP, is cut off, or is absurdly large.
    """
    try:
        with Image.open(io.BytesIO(file), formats=_FORMATS) as photo:
            if photo.width * photo.height > _MAX_PIXELS:
                raise UnreadablePicture("too many pixels")
            # Lets the JPEG decoder skip what shrinking would throw away.
            photo.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(photo).convert("RGB")
    except _DAMAGE as error:
        raise UnreadablePicture("not a picture") from error
    jpeg = _jpeg(upright, LONGEST_SIDE, quality=90)
    preview = base64.b64encode(_jpeg(upright, PREVIEW_SIDE, quality=80)).decode()
    return Picture(jpeg, f"data:image/jpeg;base64,{preview}")


def thumbnail(file: bytes, side: int) -> bytes:
    """A small JPEG of a picture."""
    with Image.open(io.BytesIO(file), formats=_FORMATS) as photo:
        photo.draft("RGB", (side, side))
        return _jpeg(photo.convert("RGB"), side, quality=80)


def _jpeg(picture: Image.Image, side: int, *, quality: int) -> bytes:
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality)
    return out.getvalue()
