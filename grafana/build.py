"""Writes Grafana's dashboards from code: `python -m grafana.build`.

Every query is a plain metric with one statistic. Emulators know neither SEARCH nor metric math, so
each label of the catalogue has a query of its own; and a 0/1 metric's average is a rate.
"""

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders.bargauge import Panel as BarGauge
from grafana_foundation_sdk.builders.cloudwatch import CloudWatchMetricsQuery
from grafana_foundation_sdk.builders.common import ReduceDataOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.cloudwatch import (
    CloudWatchQueryMode,
    MetricEditorMode,
    MetricQueryType,
)
from grafana_foundation_sdk.models.common import DataSourceRef

ROOT = Path(__file__).resolve().parents[1]
DASHBOARDS = Path(__file__).with_name("dashboards")
CATALOGUE = ROOT / "layers/smartscale/python/smartscale/catalogue.csv"
ALERTS = Path(__file__).with_name("provisioning") / "alerting" / "smartscale.json"
NAMESPACE = "SmartScale"
PERIOD_S = 300
SOURCE = DataSourceRef(type_val="cloudwatch", uid="smartscale-cloudwatch")
NO_ITEM = ("unknown", "empty")
"""Answers that are no item of the catalogue."""


def query(
    metric: str, statistic: str, number: int = 0, dimensions: Mapping[str, str] | None = None
) -> CloudWatchMetricsQuery:
    """One metric with one statistic; panels without both editor fields show no data."""
    labels: dict[str, str | list[str]] = {
        name: [value] for name, value in (dimensions or {}).items()
    }
    return (
        CloudWatchMetricsQuery()
        .datasource(SOURCE)
        .query_mode(CloudWatchQueryMode.METRICS)
        .metric_query_type(MetricQueryType.SEARCH)
        .metric_editor_mode(MetricEditorMode.BUILDER)
        .ref_id(f"Q{number}")
        .id(f"q{number}")
        .region("default")
        .namespace(NAMESPACE)
        .metric_name(metric)
        .dimensions(labels)
        .match_exact(True)
        .period(str(PERIOD_S))
        .statistic(statistic)
        .label(next(iter((dimensions or {}).values()), f"{metric} {statistic}"))
    )


def total(title: str, metric: str) -> Stat:
    """How many there were in the whole time."""
    sums = ReduceDataOptions().calcs(["sum"]).values(False)
    return (
        Stat()
        .title(title)
        .datasource(SOURCE)
        .with_target(query(metric, "Sum"))
        .reduce_options(sums)
        .no_value("0")
        .height(6)
        .span(6)
    )


def over_time(title: str, unit: str, *asked: tuple[str, str]) -> Timeseries:
    """Lines over the time, one a metric and statistic."""
    panel = Timeseries().title(title).datasource(SOURCE).unit(unit).min(0).height(8).span(12)
    for number, (metric, statistic) in enumerate(asked):
        panel = panel.with_target(query(metric, statistic, number))
    return panel


def top_labels(labels: Iterable[str]) -> BarGauge:
    """How often each label was the answer."""
    panel = (
        BarGauge()
        .title("Top labels")
        .datasource(SOURCE)
        .reduce_options(ReduceDataOptions().calcs(["sum"]).values(False))
        .height(16)
        .span(24)
    )
    for number, label in enumerate(labels):
        panel = panel.with_target(query("Label", "Sum", number, {"Label": label}))
    return panel


def catalogue_labels() -> list[str]:
    """Every label that a result may have with the shipped catalogue."""
    with CATALOGUE.open(encoding="utf-8") as table:
        return [*(row["label"] for row in csv.DictReader(table)), *NO_ITEM]


def dashboard(title: str, uid: str) -> Dashboard:
    """An empty dashboard of the last day."""
    return Dashboard(title).uid(uid).tags(["smartscale"]).refresh("1m").time("now-24h", "now")


def operations() -> Dashboard:
    """How the system runs."""
    return (
        dashboard("SmartScale operations", "smartscale-operations")
        .with_panel(total("Total requests", "Requests"))
        .with_panel(total("Predictions", "Predictions"))
        .with_panel(total("Errors", "Errors"))
        .with_panel(total("Confirmations", "Confirmations"))
        .with_panel(
            over_time(
                "Latency", "ms", ("PredictionLatency", "Average"), ("PredictionLatency", "p95")
            )
        )
        .with_panel(over_time("Low-confidence rate", "percentunit", ("LowConfidence", "Average")))
        .with_panel(top_labels(catalogue_labels()))
    )


def model_quality() -> Dashboard:
    """How well it recognises."""
    return (
        dashboard("SmartScale model quality", "smartscale-model-quality")
        .with_panel(over_time("Low-confidence rate", "percentunit", ("LowConfidence", "Average")))
        .with_panel(over_time("Corrected", "percentunit", ("Corrected", "Average")))
        .with_panel(over_time("Suspicious", "percentunit", ("Suspicious", "Average")))
        .with_panel(
            over_time(
                "Inference", "ms", ("InferenceLatency", "Average"), ("InferenceLatency", "p95")
            )
        )
    )


def rendered() -> dict[str, str]:
    """Each dashboard's file name and text."""
    built = {"operations.json": operations(), "model_quality.json": model_quality()}
    return {
        name: JSONEncoder(sort_keys=True, indent=2).encode(one.build()) + "\n"
        for name, one in built.items()
    }


def alert(title: str, metric: str, statistic: str, above: float, minutes: int) -> dict[str, Any]:
    """Fire when a statistic was above a value for so many minutes; no traffic is no alert."""
    expression = {"type": "__expr__", "uid": "__expr__"}
    encoded = JSONEncoder().encode(query(metric, statistic).ref_id("A").build())
    since = {"from": 900, "to": 0}
    reduce: dict[str, Any] = {"refId": "B", "type": "reduce", "reducer": "last", "expression": "A"}
    limit: dict[str, Any] = {
        "refId": "C",
        "type": "threshold",
        "expression": "B",
        "conditions": [{"evaluator": {"type": "gt", "params": [above]}}],
    }
    return {
        "uid": f"smartscale-{metric}-{statistic}".lower(),
        "title": title,
        "condition": "C",
        "for": f"{minutes}m",
        "noDataState": "OK",
        "execErrState": "Error",
        "data": [
            {
                "refId": "A",
                "datasourceUid": SOURCE.uid,
                "relativeTimeRange": since,
                "model": json.loads(encoded),
            },
            *(
                {
                    "refId": step["refId"],
                    "datasourceUid": "__expr__",
                    "relativeTimeRange": since,
                    "model": {**step, "datasource": expression},
                }
                for step in (reduce, limit)
            ),
        ],
    }


def alerts() -> str:
    """The alert rules as Grafana's provisioning reads them."""
    rules = [
        alert("Weighings fail", "Errors", "Sum", 5, 5),
        alert("Answers are slow (p95 above 2 s)", "PredictionLatency", "p95", 2000, 10),
        alert("Many answers have low confidence", "LowConfidence", "Average", 0.5, 15),
    ]
    group = {
        "orgId": 1,
        "name": "smartscale",
        "folder": "SmartScale",
        "interval": "1m",
        "rules": rules,
    }
    return json.dumps({"apiVersion": 1, "groups": [group]}, indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Write the files."""
    for name, text in rendered().items():
        (DASHBOARDS / name).write_text(text, encoding="utf-8")
    ALERTS.write_text(alerts(), encoding="utf-8")


if __name__ == "__main__":
    main()
