"""The two ways of a metric: the same names and values, as a log line and as a call."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from smartscale.adapters import cloudwatch
from smartscale.adapters.cloudwatch import (
    CloudWatchMetrics,
    CloudWatchQueries,
    EmfMetrics,
    GatheredMetrics,
)
from smartscale.domain import correlation
from smartscale.operations.ports.metrics import Metric, MetricQuery
from tests.fakes import FakeMetrics

AT = datetime(2026, 11, 20, 3, tzinfo=UTC)
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
    EmfMetrics(FakeMetrics, "shop", out).emit(TOLD)
    CloudWatchMetrics(cloud, "shop").emit(TOLD)  # type: ignore[arg-type]
    by_line = []
    for line in map(json.loads, out.getvalue().splitlines()):
        [definition] = line["_aws"]["CloudWatchMetrics"]
        [names] = definition["Dimensions"]
        moment = datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC)
        by_line += [
            (
                (definition["Namespace"], metric["Name"], metric.get("Unit", "None")),
                {name: line[name] for name in names},
                (line[metric["Name"]], moment),
            )
            for metric in definition["Metrics"]
        ]
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
    assert {dimensions["Stack"] for _, dimensions, _ in by_line} == {"shop"}


def test_what_is_told_at_once_of_a_metric_is_one_datum() -> None:
    cloud = FakeCloudWatch()
    CloudWatchMetrics(cloud, "shop").emit(  # type: ignore[arg-type]
        [Metric("LowConfidence", number % 4 == 0) for number in range(40)]
    )
    [said] = cloud.put
    [datum] = said["MetricData"]
    assert (datum["Values"], datum["Counts"]) == ([0, 1], [30, 10])


def test_what_is_told_days_late_is_few_values_of_each_hour_with_the_same_sum() -> None:
    cloud = FakeCloudWatch()
    taken = [50 + number * 37 % 101 for number in range(600)]
    CloudWatchMetrics(cloud, "shop").emit(  # type: ignore[arg-type]
        [
            Metric("PredictionLatency", ms, "Milliseconds", at=AT + timedelta(seconds=12 * number))
            for number, ms in enumerate(taken)
        ]
    )
    [said] = cloud.put
    hours = said["MetricData"]
    assert [datum["Timestamp"] for datum in hours] == [AT, AT + timedelta(hours=1)]
    assert all(len(datum["Values"]) <= 20 for datum in hours)
    told = [pair for one in hours for pair in zip(one["Values"], one["Counts"], strict=True)]
    assert sum(count for _, count in told) == 600
    assert sum(value * count for value, count in told) == pytest.approx(sum(taken))


def test_a_line_of_metrics_carries_the_correlation_id_but_not_as_a_dimension() -> None:
    out = io.StringIO()
    with correlation.correlated("till-7.0815"):
        metric = Metric("Requests", 1)
    EmfMetrics(FakeMetrics, "shop", out).emit([metric])
    line = json.loads(out.getvalue())
    assert line["correlation_id"] == "till-7.0815"
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Stack"]]


def test_what_is_told_at_once_of_a_weighing_is_one_line() -> None:
    out = io.StringIO()
    metrics = EmfMetrics(FakeMetrics, "shop", out)
    weighings = []
    for number in range(3):
        with correlation.correlated(f"till-{number}"):
            weighings += [Metric("Requests", 1), Metric("Confidence", number / 2, "None")]

    with correlation.correlated(None):  # a batch is no weighing's
        of_batch = [Metric("QueueAge", age, "Seconds") for age in (1, 5)]
    metrics.emit([*weighings, *of_batch])

    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line.get("correlation_id") for line in lines] == ["till-0", "till-1", "till-2", None]
    assert [line.get("Confidence") for line in lines] == [0, 0.5, 1, None]
    assert lines[3]["QueueAge"] == [1, 5]
    assert len(lines[3]["_aws"]["CloudWatchMetrics"][0]["Metrics"]) == 1


def test_a_line_has_no_more_values_of_a_metric_than_cloudwatch_takes() -> None:
    out = io.StringIO()
    EmfMetrics(FakeMetrics, "shop", out).emit(250 * [Metric("CostPerThousand", 0.05, "None")])
    told = [json.loads(line)["CostPerThousand"] for line in out.getvalue().splitlines()]
    assert [len(values) for values in told] == [100, 100, 50]


def test_a_metric_that_is_called_like_its_dimension_is_a_line_for_the_filter() -> None:
    out, called = io.StringIO(), FakeMetrics()
    label = Metric("Label", 1, dimensions={"Label": "Banana"})
    late = Metric("Label", 1, dimensions={"Label": "Banana"}, at=AT)
    EmfMetrics(lambda: called, "shop", out).emit([label, late, Metric("Requests", 1)])
    assert called.metrics == [late]
    counted, line = map(json.loads, out.getvalue().splitlines())
    assert counted == {"metric": "Label", "value": 1, "Stack": "shop", "Label": "Banana"}
    assert line["Requests"] == 1


def test_what_a_worker_tells_within_a_second_goes_in_one_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    due: list[Callable[[], None]] = []

    def timer(after_s: float, send: Callable[[], None]) -> SimpleNamespace:
        assert after_s == 1
        return SimpleNamespace(start=lambda: due.append(send))

    monkeypatch.setattr(cloudwatch, "Timer", timer)
    told = FakeMetrics()
    gathered = GatheredMetrics(told)
    gathered.emit([Metric("Weighings", 1)])
    gathered.emit([])
    gathered.emit([Metric("Weighings", 2), Metric("Confidence", 0.9, at=AT)])
    assert told.metrics == []
    due.pop()()
    assert [metric.value for metric in told.metrics] == [1, 2, 0.9]
    assert told.metrics[2].at == AT
    assert told.metrics[0].at is not None, "when it was told, not when it went on"
    gathered.emit([Metric("Weighings", 3)])
    due.pop()()
    assert [metric.value for metric in told.metrics[3:]] == [3]
    assert due == []


def test_metrics_that_cannot_be_told_fail_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Away(FakeCloudWatch):
        def put_metric_data(self, **_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    CloudWatchMetrics(Away(), "shop").emit(TOLD)  # type: ignore[arg-type]
    assert "metrics were lost" in caplog.text


class Refusing:
    """Like LocalStack it knows no percentiles, and refuses the whole call."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, _: str) -> "Refusing":
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        queries = asked["MetricDataQueries"]
        self.asked += queries
        if any(query["MetricStat"]["Stat"].startswith("p") for query in queries):
            raise ClientError(
                {"Error": {"Code": "InternalError", "Message": "'p95'"}}, "GetMetricData"
            )
        results = [{"Id": query["Id"], "Timestamps": [AT], "Values": [2.0]} for query in queries]
        return [{"MetricDataResults": results}]


def test_where_percentiles_are_refused_the_other_figures_are_there() -> None:
    queries = CloudWatchQueries(Refusing(), "shop")  # type: ignore[arg-type]
    asked = [MetricQuery("Requests", "Sum"), MetricQuery("PredictionLatency", "p95")]

    found = queries.series([*asked, MetricQuery("Errors", "Sum")], AT, AT, 60)

    assert found == [{AT: 2.0}, {}, {AT: 2.0}]


def test_figures_are_those_of_the_stack_alone() -> None:
    cloud = Refusing()
    theirs = MetricQuery("Throttles", "Sum", namespace="AWS/Lambda")

    CloudWatchQueries(cloud, "shop").series(  # type: ignore[arg-type]
        [MetricQuery("Label", "Sum", {"Label": "Banana"}), theirs], AT, AT, 60
    )

    ours, others = (query["MetricStat"]["Metric"]["Dimensions"] for query in cloud.asked)
    assert ours == [{"Name": "Stack", "Value": "shop"}, {"Name": "Label", "Value": "Banana"}]
    assert others == []
