"""Whose kiosk it is: the shop's name, address and logo, for the screen, labels and receipts."""

import io
import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from PIL import Image, UnidentifiedImageError

MOST_LOGO_BYTES = 1_000_000
_MOST_PIXELS = 4096
"""On each side. A small file can hold a picture that fills all memory."""
_KEPT_PIXELS = 512
_FORMATS = ("PNG", "JPEG", "WEBP")
"""Pictures of pixels alone: a drawing such as SVG may hold a program, which browsers would run."""
_TEXT = re.compile(r"[^\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class Shop:
    """The shop; empty texts and no logo where it does not say. `logo` is a PNG made here."""

    name: str = ""
    address: str = ""
    logo: bytes | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """Name and address, where they are said."""
        return tuple(line for line in (self.name, self.address) if line)

    @property
    def logo_address(self) -> str:
        """Where the kiosk serves the logo; another address for another logo."""
        return f"/shop/logo.png?v={sha256(self.logo or b'').hexdigest()[:8]}"


NO_SHOP = Shop()
"""A shop that says nothing of itself."""


def check_line(text: str, most: int) -> str:
    """A text of the shop that fits on one line.

    Raises:
        ValueError: it does not; the message says what would be right.
    """
    line = text.strip()
    if len(line) > most or not _TEXT.fullmatch(line):
        raise ValueError(f"use one line of at most {most} letters")
    return line


@lru_cache(maxsize=4)
def read_logo(file: Path) -> bytes:
    """A logo as a PNG of at most 512 pixels, with nothing else of its file.

    Raises:
        ValueError: it is not a picture that can be used; the message says what would be right.
    """
    right = "use a PNG, JPEG or WebP file of at most 1 MB and 4096 pixels"
    try:
        with file.open("rb") as opened:
            read = opened.read(MOST_LOGO_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{right} that can be read ({error.strerror})") from error
    if len(read) > MOST_LOGO_BYTES:
        raise ValueError(f"{right}: this one is larger")
    try:
        with Image.open(io.BytesIO(read), formats=_FORMATS) as picture:
            if max(picture.size) > _MOST_PIXELS:
                raise ValueError(f"{right}: this one has {picture.width} x {picture.height}")
            small = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{right}: this one is none") from error
    small.thumbnail((_KEPT_PIXELS, _KEPT_PIXELS))
    out = io.BytesIO()
    small.save(out, "PNG")
    return out.getvalue()
