"""The shop's own pictures of what it sells."""

import re

from smartscale.domain.catalogue import Item
from smartscale.domain.errors import NotFound
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.ports.catalogue import ItemPictures
from smartscale.recognition.photo import thumbnail

LONGEST_SIDE = 320
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class PictureItems:
    """Gives items pictures. A picture is shrunk, loses its metadata, and is kept for good."""

    def __init__(self, pictures: ItemPictures, edit: EditCatalogue) -> None:
        self._pictures = pictures
        self._edit = edit

    def give(self, label: str, image: bytes) -> Item:
        """Show an item on sale with a picture.

        Raises:
            ImageError: the bytes are no picture that can be used.
            NotFound: there is no such item on sale.
        """
        return self._edit.show(label, self._pictures.keep(thumbnail(image, LONGEST_SIDE)))

    def take_away(self, label: str) -> Item:
        """Show an item without a picture of its own. Raises NotFound."""
        return self._edit.show(label, None)


def read_picture(pictures: ItemPictures, sha256: str) -> bytes:
    """A picture as a JPEG. Raises NotFound."""
    if not _SHA256.fullmatch(sha256):
        raise NotFound("There is no such picture.")
    return pictures.read(sha256)
