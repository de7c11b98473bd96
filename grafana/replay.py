"""Asks CloudWatch what Grafana's CloudWatch plugin would ask for a dashboard.

Grafana itself is in no package registry; what it sends is known from its source:
https://github.com/grafana/grafana/tree/main/pkg/tsdb/cloudwatch (`metric_data_query_builder.go`,
`models/cloudwatch_query.go`).
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

SEARCH, BUILDER = 0, 0
"""`metricQueryType` and `metricEditorMode` of a metric that is named, not searched or computed."""
_PERIODS_S = (60, 300, 900, 3600, 21600, 86400)
_MOST_POINTS = 2000
_MOST_QUERIES = 500


class WouldShowNothing(Exception):
    """Grafana would send something that an emulator does not answer; the message says what."""


@dataclass(frozen=True)
class Series:
    """The answer to one query of a panel."""

    target: Mapping[str, Any]
    points: Mapping[datetime, float]

    @property
    def legend(self) -> str:
        """How the panel calls it."""
        legend: str = self.target["label"]
        return legend


@dataclass(frozen=True)
class Panel:
    """A panel, and what came back for it."""

    spec: Mapping[str, Any]
    series: list[Series] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What stands above it."""
        title: str = self.spec["title"]
        return title

    @property
    def has_data(self) -> bool:
        """Whether it shows anything."""
        return any(series.points for series in self.series)


def panels_of(dashboard: Path) -> Iterator[dict[str, Any]]:
    """The panels of a provisioned dashboard that ask for something."""
    document = json.loads(dashboard.read_text(encoding="utf-8"))
    for panel in document["panels"]:
        yield from (inner for inner in (panel, *panel.get("panels", ())) if inner["type"] != "row")


def replay(
    cloudwatch: "CloudWatchClient",
    dashboard: Path,
    start: datetime,
    end: datetime,
    stack: str = "smartscale",
) -> list[Panel]:
    """Ask for every panel of a dashboard over a time, as Grafana would for a chosen stack."""
    answered = []
    for spec in panels_of(dashboard):
        asked = {target["id"]: target for target in spec["targets"] if not target.get("hide")}
        found: dict[str, dict[datetime, float]] = {name: {} for name in asked}
        since = shown_since(spec, start, end)
        queries = [metric_data_query(target, since, end, stack) for target in asked.values()]
        for first in range(0, len(queries), _MOST_QUERIES):
            pages = cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=queries[first : first + _MOST_QUERIES],
                StartTime=since,
                EndTime=end,
                ScanBy="TimestampAscending",
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    points = zip(result["Timestamps"], result["Values"], strict=True)
                    found[result["Id"]].update(points)
        answered.append(
            Panel(spec, [Series(target, found[name]) for name, target in asked.items()])
        )
    return answered


def shown_since(panel: Mapping[str, Any], start: datetime, end: datetime) -> datetime:
    """When a panel begins on a dashboard from `start` on: it may show a time of its own."""
    own = panel.get("timeFrom")
    return start if own is None else end - timedelta(days=int(own.removesuffix("d")))


def metric_data_query(
    target: Mapping[str, Any], start: datetime, end: datetime, stack: str = "smartscale"
) -> Any:
    """The MetricDataQuery that the plugin builds of a target.

    Raises:
        WouldShowNothing: it would be no plain metric.
    """
    modes = (target.get("metricQueryType"), target.get("metricEditorMode"))
    if modes != (SEARCH, BUILDER):
        raise WouldShowNothing(f"query type and editor mode are {modes}")
    if target.get("expression") or target.get("sqlExpression"):
        raise WouldShowNothing("it is an expression")
    dimensions: Mapping[str, list[str]] = target.get("dimensions", {})
    several = [name for name, values in dimensions.items() if len(values) != 1 or "*" in values]
    if several or not target.get("matchExact", True):
        raise WouldShowNothing("it is a search")
    # The one variable that has one value: of the dashboard, or of Grafana's environment.
    dimensions = {
        name: [stack] if values in (["$stack"], ["$SMARTSCALE_STACK"]) else values
        for name, values in dimensions.items()
    }
    if "$" in json.dumps([target.get("namespace"), target.get("metricName"), dimensions]):
        raise WouldShowNothing("it names a variable of the dashboard")
    return {
        "Id": target["id"],
        "ReturnData": True,
        "Label": target["label"],
        "MetricStat": {
            "Metric": {
                "Namespace": target["namespace"],
                "MetricName": target["metricName"],
                "Dimensions": [
                    {"Name": name, "Value": values[0]} for name, values in dimensions.items()
                ],
            },
            "Period": period_of(target.get("period", ""), start, end),
            "Stat": target["statistic"],
        },
    }


def period_of(period: str, start: datetime, end: datetime) -> int:
    """The seconds of a period; `auto` depends on the time that is shown."""
    if period.lower() not in {"", "auto"}:
        return int(period)
    finest = (end - start).total_seconds() / _MOST_POINTS
    return next((one for one in _PERIODS_S if finest <= one), _PERIODS_S[-1])
