"""Grafana's dashboards, by what its CloudWatch plugin would ask for them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grafana.build import ALERTS, DASHBOARDS, alerts, catalogue_labels, rendered
from smartscale.adapters.cloudwatch import CloudWatchMetrics
from smartscale.operations.ports import Metric
from tests.conftest import Deployed

LATENCIES = [float(value) for value in range(10, 210, 10)]


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Every panel of the committed files, with its dashboard's name."""
    return [
        (file.stem, panel)
        for file in sorted(DASHBOARDS.glob("*.json"))
        for panel in json.loads(file.read_text("utf-8"))["panels"]
    ]


def test_the_files_are_what_the_script_writes() -> None:
    assert {file.name: file.read_text("utf-8") for file in DASHBOARDS.glob("*.json")} == rendered()
    assert ALERTS.read_text("utf-8") == alerts()


def test_alerts_watch_what_a_panel_shows() -> None:
    shown = {
        (target["metricName"], target["statistic"])
        for _, panel in panels()
        for target in panel["targets"]
    }
    [group] = json.loads(ALERTS.read_text("utf-8"))["groups"]
    for rule in group["rules"]:
        asked, *steps = [step["model"] for step in rule["data"]]
        assert (asked["metricName"], asked["statistic"]) in shown
        assert [step["expression"] for step in steps] == ["A", "B"]


def test_no_panel_has_a_known_reason_for_no_data() -> None:
    for name, panel in panels():
        ids = [target["id"] for target in panel["targets"]]
        assert len(set(ids)) == len(ids) > 0, name
        for target in panel["targets"]:
            # 0: search by metric and dimensions; 0: the builder, not code.
            assert (target["metricQueryType"], target["metricEditorMode"]) == (0, 0)
            assert not target.get("expression")
            assert target["matchExact"] is True


def asked_by_grafana(target: dict[str, Any]) -> dict[str, Any]:
    """The MetricDataQuery that the plugin builds of a target with exact dimensions.

    https://github.com/grafana/grafana/blob/main/pkg/tsdb/cloudwatch/metric_data_query_builder.go
    """
    return {
        "Id": target["id"],
        "ReturnData": True,
        "Label": target["label"],
        "MetricStat": {
            "Metric": {
                "Namespace": target["namespace"],
                "MetricName": target["metricName"],
                "Dimensions": [
                    {"Name": name, "Value": values[0]}
                    for name, values in target["dimensions"].items()
                ],
            },
            "Period": int(target["period"]),
            "Stat": target["statistic"],
        },
    }


@pytest.mark.integration
def test_every_panel_comes_back_with_the_right_values(deployed: Deployed) -> None:
    # An hour ago, where no other test's figures are; on a full hour, as periods begin.
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    at = start + timedelta(minutes=1)
    count = len(LATENCIES)
    told = [Metric("Errors", 1, at=at), Metric("Requests", 1, at=at)]
    for number, latency in enumerate(LATENCIES):
        told += [
            Metric("Requests", 1, at=at),
            Metric("Predictions", 1, at=at),
            Metric("Errors", 0, at=at),
            Metric("Confirmations", 1, at=at),
            Metric("PredictionLatency", latency, "Milliseconds", at=at),
            Metric("InferenceLatency", latency / 10, "Milliseconds", at=at),
            Metric("LowConfidence", int(number % 4 == 0), at=at),
            Metric("Corrected", int(number % 5 == 0), at=at),
            Metric("Suspicious", int(number % 10 == 0), at=at),
        ]
    labels = catalogue_labels()
    told += [
        Metric("Label", 1, dimensions={"Label": label}, at=at)
        for times, label in enumerate(labels, 1)
        for _ in range(times)
    ]
    CloudWatchMetrics(deployed.cloudwatch()).emit(told)
    expected = {
        ("Requests", "Sum"): count + 1,
        ("Predictions", "Sum"): count,
        ("Errors", "Sum"): 1,
        ("Confirmations", "Sum"): count,
        ("PredictionLatency", "Average"): 105,
        ("PredictionLatency", "p95"): pytest.approx(190, abs=10),
        ("InferenceLatency", "Average"): 10.5,
        ("InferenceLatency", "p95"): pytest.approx(19, abs=1),
        ("LowConfidence", "Average"): 0.25,
        ("Corrected", "Average"): 0.2,
        ("Suspicious", "Average"): 0.1,
    }
    for name, panel in panels():
        targets = {target["id"]: target for target in panel["targets"]}
        found = deployed.cloudwatch().get_metric_data(
            MetricDataQueries=[asked_by_grafana(target) for target in targets.values()],  # type: ignore[misc]
            StartTime=start,
            EndTime=start + timedelta(minutes=10),
        )["MetricDataResults"]
        assert {result["Id"] for result in found} == set(targets)
        for result in found:
            target = targets[result["Id"]]
            [value] = result["Values"]
            if target["metricName"] == "Label":
                assert value == labels.index(target["dimensions"]["Label"][0]) + 1
            else:
                assert value == expected[target["metricName"], target["statistic"]], (name, panel)
