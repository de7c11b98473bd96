"""What the report's charts show, in data coordinates; `charts.html.jinja` draws them as SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

_TICKS = 5


@dataclass(frozen=True)
class Axis:
    """One axis: what it shows, from `low` to `high`, with marks as percentages or as numbers."""

    title: str
    low: float = 0.0
    high: float = 1.0
    percent: bool = True

    def ticks(self) -> list[float]:
        """Round values inside the axis, 1, 2 or 5 times a power of ten apart."""
        least = (self.high - self.low) / _TICKS
        power = 10.0 ** math.floor(math.log10(least))
        step = next(power * times for times in (1, 2, 5, 10) if power * times > least * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [index * step for index in range(first, last + 1)]

    def write(self, value: float) -> str:
        """A mark's text."""
        return f"{100 * value:.6g}%" if self.percent else f"{value:.6g}"

    def share(self, value: float) -> float:
        """How far along the axis a value lies, from 0 to 1 inside it."""
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Line:
    """Points joined in their order; `kind` is a style of the page."""

    points: Sequence[tuple[float, float]]
    kind: str = "main"


@dataclass(frozen=True)
class Dot:
    """A point, its radius in pixels, and what is said where a pointer rests on it."""

    x: float
    y: float
    title: str
    radius: float = 4.5


@dataclass(frozen=True)
class Bar:
    """A bar over a span of x, from one height to another."""

    left: float
    right: float
    low: float
    high: float
    kind: str
    title: str


@dataclass(frozen=True)
class Mark:
    """A dashed line across the chart at an x or a y, with a few words beside it."""

    text: str
    x: float | None = None
    y: float | None = None


@dataclass
class Plot:
    """A chart; `title` is what a screen reader says of it. Sizes in pixels of the drawing."""

    title: str
    x: Axis
    y: Axis
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    width: int = 440
    height: int = 300
    inset: tuple[int, int, int, int] = (14, 22, 44, 58)
    """Room above, to the right, below and to the left of the plane."""

    def across(self, x: float) -> float:
        """Where a value of x is drawn."""
        _, right, _, left = self.inset
        return round(left + self.x.share(x) * (self.width - left - right), 1)

    def down(self, y: float) -> float:
        """Where a value of y is drawn."""
        top, _, bottom, _ = self.inset
        return round(self.height - bottom - self.y.share(y) * (self.height - top - bottom), 1)


@dataclass(frozen=True)
class HeatMap:
    """Truths (rows) against answers (columns) over the same labels, counted."""

    title: str
    labels: Sequence[str]
    counts: Sequence[Sequence[int]]
    cell: int = 13
    margin: int = 132
