"""The pictures of the dashboards."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

from grafana.build import DASHBOARDS
from grafana.render import picture
from grafana.replay import Panel, Series, panels_of

END = datetime(2026, 11, 26, 3, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(name: str, *values: float) -> list[str]:
    """Every text in the picture of a dashboard whose every query has these values."""
    points = {END - timedelta(minutes=5 * n): value for n, value in enumerate(values)}
    file = DASHBOARDS / f"{name}.json"
    panels = [
        Panel(spec, [Series(target, points) for target in spec["targets"]])
        for spec in panels_of(file)
    ]
    root = ET.fromstring(picture(file, panels, END - timedelta(hours=1), END))  # noqa: S314  ours
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def test_a_picture_says_what_the_panels_say() -> None:
    texts = drawn("operations", 2, 1)
    assert {"Total requests", "3", "$1.500", "p95", "empty"} <= set(texts)


def test_a_dashboard_without_values_is_drawn_too() -> None:
    texts = drawn("model_quality")
    assert "Corrected share by label" in texts
    assert "empty" not in texts
