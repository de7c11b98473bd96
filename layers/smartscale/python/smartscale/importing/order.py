"""The input and the output of the process that converts a model; both are JSON."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from smartscale.domain.registry import ImportHints, ImportProgress
from smartscale.domain.weighing import ModelRef
from smartscale.importing.repository import Source


class ConversionOrder(BaseModel):
    """Make a package out of a downloaded model."""

    model_config = ConfigDict(frozen=True)

    ref: ModelRef
    """What the package is called."""
    commit: str
    source: Source
    repository: Path
    """The folder with the repository's files, as far as they were needed."""
    package: Path
    """The folder that the package is written into."""
    hints: ImportHints = ImportHints()
    licence: str = ""
    samples: Path | None = None
    """A folder with photos to compare the answers on, beside made-up pictures."""


class ConversionNews(BaseModel):
    """One line of what a conversion says: how far it is, or why it ends without a package."""

    model_config = ConfigDict(frozen=True)

    progress: ImportProgress | None = None
    refused: str | None = None
