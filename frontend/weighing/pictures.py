"""Pictures on their way to the API: upright, not larger than it needs, and small ones to show."""

import base64
from dataclasses import dataclass

from frontend.words.languages import N_
from smartscale.recognition.photo import (
    DARK,
    FLAT,
    MEDIA_TYPES,
    ImageError,
    TooManyPixels,
    light_of,
    thumbnail,
)

LONGEST_SIDE = 1280
"""What the API asks its clients to shrink photos to."""
PREVIEW_SIDE = 720
MAX_FILE_BYTES = 25_000_000
ACCEPTED_FILES = f'accept="{",".join(MEDIA_TYPES.values())}"'
"""What a file dialog offers."""

UNREADABLE = N_(
    "This file is not a picture that can be read. Please choose a JPEG, PNG, WebP or HEIC."
)
TOO_LARGE = N_("This picture is too large. Please choose a smaller one.")
NOT_TAKEN = N_("Please choose a JPEG, PNG, WebP or HEIC of at most 25 MB.")
"""Of a file that the browser does not send."""


class UnreadablePicture(ValueError):
    """The file is no picture that can be used; its text is a message to translate."""


_DIM = 96
"""The mean brightness, of 255, below which a picture of one colour shows nothing but what lies
close before the lens: a hand, a label, a bag."""
_QUALITY = 80
"""Of the JPEG that is sent and kept: at 90 it is half as large again, and no answer is another."""


@dataclass(frozen=True)
class Picture:
    """A picture to weigh with: the JPEG that is sent, and a small one for the screen."""

    jpeg: bytes
    preview_url: str
    blind: bool = False
    """Whether it is black or all one colour: a camera that took it is dark or covered."""


NO_PICTURE_TAKEN = Picture(b"", "")
"""Stands for the picture of an item that a person chose where no camera sees."""


def prepare(file: bytes) -> Picture:
    """Shrink a photo and turn it upright. Takes a while: call it off the event loop.

    Raises:
        UnreadablePicture: it is no picture in a known format, is cut off, or is absurdly large.
    """
    try:
        jpeg = thumbnail(file, LONGEST_SIDE, quality=_QUALITY)
    except TooManyPixels as error:
        raise UnreadablePicture(TOO_LARGE) from error
    except ImageError as error:
        raise UnreadablePicture(UNREADABLE) from error
    small = thumbnail(jpeg, PREVIEW_SIDE)
    preview = base64.b64encode(small).decode()
    return Picture(jpeg, f"data:image/jpeg;base64,{preview}", blind=_is_blind(small))


def _is_blind(jpeg: bytes) -> bool:
    """Whether a picture shows nothing: a bright one of one colour may be an empty plate."""
    brightness, spread = light_of(jpeg)
    return brightness < DARK or (brightness < _DIM and spread < FLAT)
