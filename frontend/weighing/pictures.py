"""Pictures on their way to the API: upright, not larger than it needs, and small ones to show."""

import base64
from dataclasses import dataclass

from frontend.words.languages import N_
from smartscale.recognition.photo import MEDIA_TYPES, ImageError, TooManyPixels, thumbnail

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


class UnreadablePicture(ValueError):
    """The file is no picture that can be used; its text is a message to translate."""


@dataclass(frozen=True)
class Picture:
    """A picture to weigh with: the JPEG that is sent, and a small one for the screen."""

    jpeg: bytes
    preview_url: str


def prepare(file: bytes) -> Picture:
    """Shrink a photo and turn it upright. Takes a while: call it off the event loop.

    Raises:
        UnreadablePicture: it is no picture in a known format, is cut off, or is absurdly large.
    """
    try:
        jpeg = thumbnail(file, LONGEST_SIDE, quality=90)
    except TooManyPixels as error:
        raise UnreadablePicture(TOO_LARGE) from error
    except ImageError as error:
        raise UnreadablePicture(UNREADABLE) from error
    preview = base64.b64encode(thumbnail(jpeg, PREVIEW_SIDE)).decode()
    return Picture(jpeg, f"data:image/jpeg;base64,{preview}")
