"""The report as a whole: sections of charts, tables and photos, rendered into one HTML file.

Nothing in it is fetched or executed, so that it can be mailed, printed and kept.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from jinja2 import Environment, PackageLoader, StrictUndefined

from smartscale.recognition.photo import decode
from smartscale.recognition.report.charts import HeatMap, Plot

_THUMBNAIL = 176
_JPEG_QUALITY = 72

Cell: TypeAlias = "str | int | Share"


@dataclass(frozen=True)
class Share:
    """A share from 0 to 1 that a table shows as a bar with its percentage."""

    value: float


@dataclass(frozen=True)
class Headline:
    """A figure that matters: its text, its 95 % interval from 0 to 1, and what it means."""

    name: str
    value: str
    meaning: str
    share: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Chart:
    """A chart with what it says."""

    drawing: Plot | HeatMap
    caption: str

    @property
    def is_wide(self) -> bool:
        """Whether it takes the page's whole width."""
        return isinstance(self.drawing, HeatMap)


@dataclass(frozen=True)
class Table:
    """Rows of as many cells as there are headings; the first cell names the row."""

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""


@dataclass(frozen=True)
class Picture:
    """A photo as a small JPEG in a data URI, with what was answered and what it is."""

    source: str
    answer: str
    truth: str
    title: str


@dataclass(frozen=True)
class Gallery:
    """Photos side by side."""

    pictures: Sequence[Picture]
    caption: str


@dataclass(frozen=True)
class Section:
    """A part of the report that answers one question."""

    title: str
    text: str = ""
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    galleries: Sequence[Gallery] = ()

    @property
    def has_room(self) -> bool:
        """Whether there is room for its tables beside its only chart."""
        return len(self.charts) == 1 and not self.charts[0].is_wide


@dataclass(frozen=True)
class Document:
    """A report: what it is about, its headline figures, its sections."""

    title: str
    facts: Sequence[tuple[str, str]]
    headlines: Sequence[Headline]
    sections: Sequence[Section] = field(default_factory=list)


def render(document: Document) -> str:
    """The report as one HTML page."""
    environment = Environment(
        loader=PackageLoader("smartscale.recognition", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja").render(document=document)


def thumbnail(path: Path) -> str:
    """A small copy of a photo as a data URI.

    Raises:
        ImageError: the file holds no picture that can be used.
    """
    image = decode(path.read_bytes(), _THUMBNAIL)
    image.thumbnail((2 * _THUMBNAIL, _THUMBNAIL))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


def percent(value: float | None) -> str:
    """A share as people read it."""
    return "-" if value is None else f"{value:.1%}"
