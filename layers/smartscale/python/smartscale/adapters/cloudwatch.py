"""Values for the operators: published to CloudWatch, and read back for the kiosk's analytics."""

import json
import logging
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, TextIO

from smartscale.adapters.aws import cloudwatch_client
from smartscale.adapters.store_errors import SDK_ERRORS, store_errors
from smartscale.operations.ports.metrics import Metric, MetricQuery, Metrics

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import (
        DimensionTypeDef,
        MetricDataQueryTypeDef,
        MetricDatumTypeDef,
    )

NAMESPACE = "SmartScale"
_log = logging.getLogger(__name__)
_MAX_DATA = 1000
_MAX_QUERIES = 500
_UNREADABLE = "The figures cannot be read just now: try again in a moment."


class MetricsSink(StrEnum):
    """How metrics reach CloudWatch: extracted from the log (AWS), or by calls (emulators)."""

    EMF = "emf"
    CLOUDWATCH = "cloudwatch"


class EmfMetrics:
    """Embedded metric format: a log line that CloudWatch turns into metrics, free of calls.

    A line is one flat object, so it cannot hold a metric that is called like one of its dimensions:
    `Label` by Label goes by a call on AWS too.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """

    def __init__(self, called: Callable[[], Metrics], out: TextIO = sys.stdout) -> None:
        self._called = called
        self._out = out

    def emit(self, metrics: Sequence[Metric]) -> None:
        """Write one line a value, so that no two values share a name in a line."""
        called = [metric for metric in metrics if metric.name in metric.dimensions]
        if called:
            self._called().emit(called)
        metrics = [metric for metric in metrics if metric.name not in metric.dimensions]
        for metric in metrics:
            moment = metric.at or datetime.now(UTC)
            definition = {
                "Namespace": NAMESPACE,
                "Dimensions": [list(metric.dimensions)],
                "Metrics": [{"Name": metric.name, "Unit": metric.unit}],
            }
            line = {
                "_aws": {
                    "Timestamp": int(moment.timestamp() * 1000),
                    "CloudWatchMetrics": [definition],
                },
                **metric.dimensions,
                metric.name: metric.value,
            }
            if metric.correlation_id is not None:
                line["correlation_id"] = metric.correlation_id
            self._out.write(json.dumps(line) + "\n")
        self._out.flush()


class CloudWatchMetrics:
    """PutMetricData, for places that extract nothing from logs."""

    def __init__(self, cloudwatch: "CloudWatchClient") -> None:
        self._cloudwatch = cloudwatch

    def emit(self, metrics: Sequence[Metric]) -> None:
        """Publish all values in one call (CloudWatch takes 1,000).

        Errors are logged only: a stored weighing must not fail because its metrics did.
        """
        for start in range(0, len(metrics), _MAX_DATA):
            try:
                self._cloudwatch.put_metric_data(
                    Namespace=NAMESPACE,
                    MetricData=[_datum(metric) for metric in metrics[start : start + _MAX_DATA]],
                )
            except SDK_ERRORS:
                _log.exception("metrics were lost")


class CloudWatchQueries:
    """GetMetricData with plain MetricStat queries, which every emulator answers too."""

    def __init__(self, cloudwatch: "CloudWatchClient") -> None:
        self._cloudwatch = cloudwatch

    def series(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        """For each query its values by the start of their period. Raises StoreUnavailable."""
        with store_errors(_UNREADABLE):
            return self._series(queries, start, end, period_seconds)

    def _series(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        found: dict[str, dict[datetime, float]] = defaultdict(dict)
        for first in range(0, len(queries), _MAX_QUERIES):
            asked: list[MetricDataQueryTypeDef] = [
                {
                    "Id": f"q{first + number}",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": query.namespace or NAMESPACE,
                            "MetricName": query.name,
                            "Dimensions": _dimensions(query.dimensions),
                        },
                        "Period": period_seconds,
                        "Stat": query.statistic,
                    },
                }
                for number, query in enumerate(queries[first : first + _MAX_QUERIES])
            ]
            pages = self._cloudwatch.get_paginator("get_metric_data").paginate(
                MetricDataQueries=asked, StartTime=start, EndTime=end
            )
            for page in pages:
                for result in page["MetricDataResults"]:
                    found[result["Id"]].update(
                        zip(result["Timestamps"], result["Values"], strict=True)
                    )
        return [found[f"q{number}"] for number in range(len(queries))]

    def dimension_values(self, name: str, dimension: str) -> list[str]:
        """The values a metric's dimension has had. Raises StoreUnavailable."""
        with store_errors(_UNREADABLE):
            return self._dimension_values(name, dimension)

    def _dimension_values(self, name: str, dimension: str) -> list[str]:
        pages = self._cloudwatch.get_paginator("list_metrics").paginate(
            Namespace=NAMESPACE, MetricName=name, Dimensions=[{"Name": dimension}]
        )
        return sorted(
            {
                found["Value"]
                for page in pages
                for metric in page["Metrics"]
                for found in metric["Dimensions"]
                if found["Name"] == dimension
            }
        )


def _datum(metric: Metric) -> "MetricDatumTypeDef":
    return {
        "MetricName": metric.name,
        "Timestamp": metric.at or datetime.now(UTC),
        "Value": metric.value,
        "Unit": metric.unit,
        "Dimensions": _dimensions(metric.dimensions),
    }


def _dimensions(dimensions: Mapping[str, str]) -> list["DimensionTypeDef"]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def count_cold_start(sink: MetricsSink, region: str) -> None:
    """Emit the metric of a cold start."""
    metrics_for(sink, region).emit([Metric("ColdStarts", 1)])


def metrics_for(sink: MetricsSink, region: str) -> Metrics:
    """The sink that a setting names."""

    @cache  # imported and made only where needed, since making a client is slow
    def called() -> Metrics:
        return CloudWatchMetrics(cloudwatch_client(region))

    return EmfMetrics(called) if sink is MetricsSink.EMF else called()
