"""Draws each dashboard from CloudWatch's answers, for the docs: `python -m grafana.render FOLDER`.

The layout, units and reductions are the dashboards' own; Grafana's looks are only resembled. It
asks the cloud that the `smartscale` commands work on.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from grafana.build import DASHBOARDS
from grafana.replay import Panel, Series, replay, shown_since
from infra.settings import load_settings
from infra.stack import session_of
from smartscale.recognition.report.charts import Axis

_COLUMN, _ROW, _GAP, _HEAD = 50, 34, 8, 40
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 34, 52
_COLORS = ("#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#b877d9")
_LETTER = 6.4
_THOUSAND = 1000


@dataclass
class Box:
    """A panel with what is drawn in it, in pixels."""

    x: float
    y: float
    width: float
    height: float
    title: str
    big: str = ""
    color: str = _COLORS[0]
    bars: list[dict[str, Any]] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)
    times: list[dict[str, Any]] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)


def written(value: float, unit: str) -> str:
    """A value as Grafana writes it in a unit."""
    match unit:
        case "percentunit":
            return f"{value:.0%}" if value in {0, 1} else f"{value:.1%}"
        case "currencyUSD":
            return f"${value:.3f}"
        case "ms" if value >= _THOUSAND:
            return f"{value / _THOUSAND:.3g} s"
        case "ms" | "s":
            return f"{value:.3g} {unit}"
        case _:
            return f"{value:.4g}"


def reduced(series: Series, calculation: str) -> float | None:
    """A series as one number; None without values."""
    values = list(series.points.values())
    if not values:
        return None
    return sum(values) if calculation == "sum" else sum(values) / len(values)


def box_of(panel: Panel, start: datetime, end: datetime) -> Box:
    """Lay a panel out."""
    grid, defaults = panel.spec["gridPos"], panel.spec["fieldConfig"]["defaults"]
    box = Box(
        x=grid["x"] * _COLUMN + _GAP,
        y=grid["y"] * _ROW + _HEAD,
        width=grid["w"] * _COLUMN - _GAP,
        height=grid["h"] * _ROW - _GAP,
        title=panel.title,
    )
    unit = defaults.get("unit", "short")
    match panel.spec["type"]:
        case "stat":
            _number(box, panel, unit, defaults)
        case "bargauge":
            _bars(box, panel, unit)
        case _:
            _lines(box, panel, unit, (shown_since(panel.spec, start, end), end))
    return box


def _number(box: Box, panel: Panel, unit: str, defaults: dict[str, Any]) -> None:
    [calculation] = panel.spec["options"]["reduceOptions"]["calcs"]
    value = reduced(panel.series[0], calculation) or 0.0
    box.big = written(value, unit)
    for step in defaults.get("thresholds", {}).get("steps", []):
        if step["value"] is not None and value >= step["value"]:
            box.color = "#f2495c"


def _bars(box: Box, panel: Panel, unit: str) -> None:
    options = {one["id"]: one["options"] for one in panel.spec["transformations"]}
    [calculation] = options["reduce"]["reducers"]
    found = [(series.legend, reduced(series, calculation)) for series in panel.series]
    rows = sorted(((v, label) for label, v in found if v is not None), reverse=True)
    rows = rows[: options["limit"]["limitField"]]
    most = max((value for value, _ in rows), default=1) or 1
    step = min(26.0, (box.height - 44) / max(len(rows), 1))
    box.bars = [
        {"label": label, "share": value / most, "text": written(value, unit), "y": 34 + n * step}
        for n, (value, label) in enumerate(rows)
    ]


def _lines(box: Box, panel: Panel, unit: str, shown: tuple[datetime, datetime]) -> None:
    start, end = shown
    highest = max((v for one in panel.series for v in one.points.values()), default=0)
    axis = Axis("", 0, highest * 1.05 or 1)

    def down(value: float) -> float:
        room = box.height - _TOP - _BOTTOM
        return round(_TOP + room * (1 - axis.share(value)), 1)

    def across(moment: datetime) -> float:
        room = box.width - _LEFT - _RIGHT
        return round(_LEFT + room * ((moment - start) / (end - start)), 1)

    box.marks = [{"y": down(tick), "text": written(tick, unit)} for tick in axis.ticks()]
    written_as = "%H:%M" if end - start <= timedelta(days=2) else "%d %b"
    spans = [start + (end - start) * share for share in (0.1, 0.3, 0.5, 0.7, 0.9)]
    box.times = [{"x": across(moment), "text": f"{moment:{written_as}}"} for moment in spans]
    legend_x = 12.0
    for series, color in zip(panel.series, _COLORS, strict=False):
        # A period is drawn at its start, which for a day may lie before the shown span.
        points = [(across(max(at, start)), down(v)) for at, v in sorted(series.points.items())]
        line = {"points": points, "color": color, "legend": series.legend, "legend_x": legend_x}
        box.lines.append(line)
        legend_x += 30 + _LETTER * len(series.legend)


def picture(dashboard: Path, panels: Sequence[Panel], start: datetime, end: datetime) -> str:
    """A dashboard as SVG."""
    boxes = [box_of(panel, start, end) for panel in panels]
    folder = Path(__file__).parent
    # Everything in it is a number or a name of ours; names are escaped all the same.
    template = Environment(loader=FileSystemLoader(folder), autoescape=True).get_template(
        "picture.svg.jinja"
    )
    return template.render(
        title=json.loads(dashboard.read_text(encoding="utf-8"))["title"],
        told=f"{start:%Y-%m-%d %H:%M} to {end:%H:%M} UTC, drawn by grafana/render.py",
        width=24 * _COLUMN + _GAP,
        height=max(box.y + box.height for box in boxes) + _GAP,
        boxes=boxes,
    )


def pictures(minutes: int) -> Iterator[tuple[str, str]]:
    """Each dashboard's name and picture."""
    end = datetime.now(UTC)
    start = end - timedelta(minutes=minutes)
    settings = load_settings()
    cloudwatch = session_of(settings).client("cloudwatch", endpoint_url=settings.aws_endpoint)
    for dashboard in sorted(DASHBOARDS.glob("*.json")):
        panels = replay(cloudwatch, dashboard, start, end, settings.stack)
        yield dashboard.stem.replace("_", "-"), picture(dashboard, panels, start, end)


def main() -> None:
    """Write a picture of each dashboard."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--minutes", type=int, default=60, help="how much time they show")
    given = arguments.parse_args()
    for name, svg in pictures(given.minutes):
        (given.folder / f"grafana-{name}.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
