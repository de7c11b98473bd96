"""The two ways of a metric: the same names and values, as a log line and as a call."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from smartscale.adapters.cloudwatch import CloudWatchMetrics, EmfMetrics
from smartscale.domain import correlation
from smartscale.operations.ports.metrics import Metric
from tests.fakes import FakeMetrics

AT = datetime(2026, 11, 26, 3, tzinfo=UTC)
TOLD = [
    Metric("Confidence", 0.97, "None", at=AT),
    Metric("PredictionLatency", 120.5, "Milliseconds", at=AT),
    Metric("CorrectedByLabel", 1, dimensions={"Label": "Banana"}, at=AT),
]


class FakeCloudWatch:
    """Remembers what was put."""

    def __init__(self) -> None:
        self.put: list[dict[str, Any]] = []

    def put_metric_data(self, **said: Any) -> None:
        self.put.append(said)


def test_both_ways_tell_the_same() -> None:
    out, cloud = io.StringIO(), FakeCloudWatch()
    EmfMetrics(FakeMetrics, out).emit(TOLD)
    CloudWatchMetrics(cloud).emit(TOLD)  # type: ignore[arg-type]
    by_line = []
    for line in map(json.loads, out.getvalue().splitlines()):
        [definition] = line["_aws"]["CloudWatchMetrics"]
        [metric], [names] = definition["Metrics"], definition["Dimensions"]
        moment = datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC)
        by_line.append(
            (
                (definition["Namespace"], metric["Name"], metric["Unit"]),
                {name: line[name] for name in names},
                (line[metric["Name"]], moment),
            )
        )
    [said] = cloud.put
    by_call = [
        (
            (said["Namespace"], datum["MetricName"], datum["Unit"]),
            {one["Name"]: one["Value"] for one in datum["Dimensions"]},
            (datum["Value"], datum["Timestamp"]),
        )
        for datum in said["MetricData"]
    ]
    assert by_line == by_call


def test_a_line_of_metrics_carries_the_correlation_id_but_not_as_a_dimension() -> None:
    out = io.StringIO()
    with correlation.correlated("till-7.0815"):
        metric = Metric("Requests", 1)
    EmfMetrics(FakeMetrics, out).emit([metric])
    line = json.loads(out.getvalue())
    assert line["correlation_id"] == "till-7.0815"
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]


def test_a_metric_that_is_called_like_its_dimension_does_not_fit_into_a_line() -> None:
    out, called = io.StringIO(), FakeMetrics()
    label = Metric("Label", 1, dimensions={"Label": "Banana"})
    EmfMetrics(lambda: called, out).emit([label, Metric("Requests", 1)])
    assert called.metrics == [label]
    [line] = out.getvalue().splitlines()
    assert json.loads(line)["Requests"] == 1


def test_metrics_that_cannot_be_told_fail_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Away(FakeCloudWatch):
        def put_metric_data(self, **_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    CloudWatchMetrics(Away()).emit(TOLD)  # type: ignore[arg-type]
    assert "metrics were lost" in caplog.text
