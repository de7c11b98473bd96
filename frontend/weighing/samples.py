"""The sample pictures, each with a weight: they stand for an item on a kiosk without hardware."""

import json
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter

from smartscale.recognition.photo import thumbnail

THUMBNAIL_SIDE = 240


class _Entry(BaseModel):
    file: str
    label: str
    weight_kg: Decimal
    tare_kg: Decimal | None = None
    title: dict[str, str]


class Sample(BaseModel):
    """A picture with the weight that goes with it."""

    model_config = ConfigDict(frozen=True)

    path: Path
    weight_kg: Decimal
    tare_kg: Decimal | None
    title: dict[str, str]

    @property
    def thumbnail_url(self) -> str:
        """Where the kiosk serves its small picture."""
        return f"/samples/{self.path.stem}.jpg"

    def title_in(self, language: str) -> str:
        """Its title in a language, else in English."""
        return self.title.get(language) or self.title.get("en") or self.path.stem

    def read(self) -> bytes:
        """The bytes of its picture."""
        return self.path.read_bytes()


def load_samples(folder: Path) -> tuple[Sample, ...]:
    """The samples of a folder's manifest; none when there is no manifest."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return ()
    entries = TypeAdapter(list[_Entry]).validate_python(
        # Figures written as JSON numbers would pass through float otherwise.
        json.loads(manifest.read_text("utf-8"), parse_float=Decimal)
    )
    return tuple(
        Sample(
            path=folder / entry.file,
            weight_kg=entry.weight_kg,
            tare_kg=entry.tare_kg or None,
            title=entry.title,
        )
        for entry in entries
    )


@lru_cache(maxsize=64)
def small_picture(path: Path) -> bytes:
    """A sample's thumbnail; it is made once and then remembered."""
    return thumbnail(path.read_bytes(), THUMBNAIL_SIDE)
