"""What a backup says of itself."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.errors import PlainError

NAME = "manifest.json"


class BackupFile(BaseModel):
    """One file with so many rows or objects; `listing` is equal where the objects are the same."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=r"^(tables|objects)/[^/.][^/]*(/[^/.][^/]*)*$")
    """Below the backup's place: whoever may write a manifest may not name other files."""
    sha256: str
    size: int
    count: int
    listing: str = ""

    @classmethod
    def of(cls, name: str, file: Path, count: int, listing: str = "") -> Self:
        """What there is to say of a file."""
        return cls(
            name=name,
            sha256=digest(file),
            size=file.stat().st_size,
            count=count,
            listing=listing,
        )


class Manifest(BaseModel):
    """A whole backup. `created_at` (UTC) is when its copying began."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    id: str
    created_at: datetime
    stack: str
    bucket: str
    tables: dict[str, BackupFile]
    """By what they hold: weighings, catalogue, models."""
    objects: tuple[BackupFile, ...]

    def names(self) -> set[str]:
        """The names of its files."""
        return {file.name for file in (*self.tables.values(), *self.objects)}

    @classmethod
    def parse(cls, text: str, where: str) -> Self:
        """Read it. Raises PlainError."""
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            raise PlainError(
                f"{where} is no backup that this version reads: {NAME}, "
                f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            ) from error


def digest(file: Path) -> str:
    """A file's SHA-256."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
