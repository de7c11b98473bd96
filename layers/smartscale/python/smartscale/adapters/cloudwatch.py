"""Values for the operators: published to CloudWatch, and read back for the kiosk's analytics."""

import json
import logging
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import Lock, Timer
from typing import TYPE_CHECKING, Any, TextIO

from botocore.exceptions import ClientError

from smartscale.adapters.aws import cloudwatch_client
from smartscale.adapters.metrics_sink import MetricsSink
from smartscale.adapters.store_errors import SDK_ERRORS, store_errors
from smartscale.operations.metrics.thinning import thinned
from smartscale.operations.ports.metrics import Metric, MetricQuery, Metrics
from smartscale.parallel import batched

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import (
        DimensionTypeDef,
        MetricDataQueryTypeDef,
        MetricDatumTypeDef,
    )

NAMESPACE = "SmartScale"
_STACK = "Stack"
_NO_UNIT = "None"
_MAX_OF_A_LINE = 100
"""Embedded metric format takes so many metrics in a line, and so many values of one."""
_log = logging.getLogger(__name__)
_MAX_DATA = 1000
_MAX_QUERIES = 500
_MAX_VALUES = 150
"""CloudWatch takes so many different values of a metric at a time."""
_LATE_VALUES = 20
_BY_THE_HOUR_AFTER = timedelta(days=1)
_UNREADABLE = "The figures cannot be read just now: try again in a moment."


class EmfMetrics:
    """Log lines that CloudWatch turns into metrics, free of calls: embedded metric format.

    CloudWatch charges for each byte of a log, so a line holds all that is told at once of one
    weighing. As it is one flat object, it cannot hold a metric that is called like one of its
    dimensions: `Label` by Label is a plain line, of which the template's metric filter makes a
    value. A filter counts for now, so what is told late of such a metric goes by a call.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntaxForMetricFilters.html
    """

    def __init__(self, called: Callable[[], Metrics], stack: str, out: TextIO = sys.stdout) -> None:
        self._called = called
        self._stack = stack
        self._out = out

    def emit(self, metrics: Sequence[Metric]) -> None:
        """Write a line for each weighing and set of dimensions."""
        lines: dict[tuple[Any, ...], list[Metric]] = defaultdict(list)
        late = []
        for metric in metrics:
            if metric.name not in metric.dimensions:
                of = metric.at, metric.correlation_id, tuple(metric.dimensions.items())
                lines[of].append(metric)
            elif metric.at is None:
                of_stack = _of_stack(self._stack, metric.dimensions)
                self._write({"metric": metric.name, "value": metric.value, **of_stack})
            else:
                late.append(metric)
        for together in lines.values():
            for some in batched(together, _MAX_OF_A_LINE):
                self._write(self._line(some))
        self._out.flush()
        if late:
            self._called().emit(late)

    def _line(self, metrics: Sequence[Metric]) -> dict[str, Any]:
        """What is told of one weighing, in embedded metric format."""
        one = metrics[0]
        dimensions = _of_stack(self._stack, one.dimensions)
        values: dict[str, list[float]] = defaultdict(list)
        units: dict[str, str] = {}
        for metric in metrics:
            values[metric.name].append(metric.value)
            units[metric.name] = metric.unit
        named = [
            {"Name": name} if unit == _NO_UNIT else {"Name": name, "Unit": unit}
            for name, unit in units.items()
        ]
        told_by = {} if one.correlation_id is None else {"correlation_id": one.correlation_id}
        return {
            "_aws": {
                "Timestamp": int((one.at or datetime.now(UTC)).timestamp() * 1000),
                "CloudWatchMetrics": [
                    {"Namespace": NAMESPACE, "Dimensions": [list(dimensions)], "Metrics": named}
                ],
            },
            **dimensions,
            **told_by,
            **{name: told[0] if len(told) == 1 else told for name, told in values.items()},
        }

    def _write(self, line: Mapping[str, Any]) -> None:
        self._out.write(json.dumps(line, separators=(",", ":")) + "\n")


class CloudWatchMetrics:
    """PutMetricData, for places that extract nothing from logs."""

    def __init__(self, cloudwatch: "CloudWatchClient", stack: str) -> None:
        self._cloudwatch = cloudwatch
        self._stack = stack

    def emit(self, metrics: Sequence[Metric]) -> None:
        """Publish all values in one call (CloudWatch takes 1,000), those of one time together.

        Errors are logged only: a stored weighing must not fail because its metrics did.
        """
        for data in batched(_gathered(metrics, self._stack), _MAX_DATA):
            try:
                self._cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)
            except SDK_ERRORS:
                _log.exception("metrics were lost")


class GatheredMetrics:
    """Values that go on together, once a second: a call costs a worker more than all it tells.

    For processes that go on between their invocations. What one has not told when it is killed is
    lost; the weighings themselves are not.
    """

    def __init__(self, metrics: Metrics, after_s: float = 1.0) -> None:
        self._metrics = metrics
        self._after_s = after_s
        self._waiting: list[Metric] = []
        self._lock = Lock()

    def emit(self, metrics: Sequence[Metric]) -> None:
        """Publish the values, soon."""
        at = datetime.now(UTC)
        dated = [replace(metric, at=metric.at or at) for metric in metrics]
        with self._lock:
            if dated and not self._waiting:
                timer = Timer(self._after_s, self._send)
                timer.daemon = True
                timer.start()
            self._waiting += dated

    def _send(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        self._metrics.emit(waiting)


class CloudWatchQueries:
    """GetMetricData with plain MetricStat queries, which every emulator answers too."""

    def __init__(self, cloudwatch: "CloudWatchClient", stack: str) -> None:
        self._cloudwatch = cloudwatch
        self._stack = stack

    def series(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        """For each query its values by the start of their period. Raises StoreUnavailable.

        Percentiles are asked for by themselves: LocalStack knows none, and refuses everything that
        is asked for with them. Where they are refused they have no values.
        """
        plain = [query for query in queries if not _is_percentile(query)]
        percentiles = [query for query in queries if _is_percentile(query)]
        with store_errors(_UNREADABLE):
            found = iter(self._series(plain, start, end, period_seconds))
            try:
                ranked = iter(self._series(percentiles, start, end, period_seconds))
            except ClientError as error:  # it answered: the others can be read
                _log.warning("percentiles are refused: %s", error)
                ranked = iter([{} for _ in percentiles])
        return [next(ranked if _is_percentile(query) else found) for query in queries]

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
                            "Dimensions": _dimensions(self._dimensions_of(query)),
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

    def _dimensions_of(self, query: MetricQuery) -> Mapping[str, str]:
        """Our own metrics are told by stack; those of others as they are named."""
        return query.dimensions if query.namespace else _of_stack(self._stack, query.dimensions)

    def dimension_values(self, name: str, dimension: str) -> list[str]:
        """The values a metric's dimension has had. Raises StoreUnavailable."""
        with store_errors(_UNREADABLE):
            return self._dimension_values(name, dimension)

    def _dimension_values(self, name: str, dimension: str) -> list[str]:
        pages = self._cloudwatch.get_paginator("list_metrics").paginate(
            Namespace=NAMESPACE,
            MetricName=name,
            Dimensions=[{"Name": _STACK, "Value": self._stack}, {"Name": dimension}],
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


def _is_percentile(query: MetricQuery) -> bool:
    return re.fullmatch(r"p\d+(\.\d+)?", query.statistic) is not None


def _of_stack(stack: str, dimensions: Mapping[str, str]) -> dict[str, str]:
    """A metric's dimensions with its stack's: an account's stacks share the namespace."""
    return {_STACK: stack, **dimensions}


def _gathered(metrics: Sequence[Metric], stack: str) -> Iterator["MetricDatumTypeDef"]:
    """The values by metric and minute; what is told days late, after a crash, by the hour."""
    moment = datetime.now(UTC)
    values: dict[tuple[Any, ...], list[tuple[float, float]]] = defaultdict(list)
    first: dict[tuple[Any, ...], datetime] = {}
    for metric in metrics:
        at = metric.at or moment
        minute = at.replace(second=0, microsecond=0)
        if moment - at > _BY_THE_HOUR_AFTER:
            at = minute = minute.replace(minute=0)
        of = metric.name, metric.unit, tuple(metric.dimensions.items()), minute
        first.setdefault(of, at)
        values[of].append((metric.value, 1.0))
    for of, told in values.items():
        name, unit, dimensions, _ = of
        late = moment - first[of] > _BY_THE_HOUR_AFTER
        left = thinned(told, _LATE_VALUES if late else _MAX_VALUES)
        datum: MetricDatumTypeDef = {
            "MetricName": name,
            "Timestamp": first[of],
            "Unit": unit,
            "Dimensions": _dimensions(_of_stack(stack, dict(dimensions))),
        }
        if len(told) == 1:
            yield {**datum, "Value": told[0][0]}
        else:
            yield {**datum, "Values": [one for one, _ in left], "Counts": [n for _, n in left]}


def _dimensions(dimensions: Mapping[str, str]) -> list["DimensionTypeDef"]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def count_cold_start(sink: MetricsSink, region: str, stack: str) -> None:
    """Emit the metric of a cold start."""
    metrics_for(sink, region, stack).emit([Metric("ColdStarts", 1)])


def metrics_for(sink: MetricsSink, region: str, stack: str, *, gathers: bool = False) -> Metrics:
    """The sink that a setting names.

    Args:
        sink: how they are published.
        region: of AWS.
        stack: whose they are.
        gathers: whether calls may wait for each other, in a process that lasts.
    """

    @cache  # imported and made only where needed, since making a client is slow
    def called() -> Metrics:
        return CloudWatchMetrics(cloudwatch_client(region), stack)

    if sink is MetricsSink.EMF:
        return EmfMetrics(called, stack)
    return GatheredMetrics(called()) if gathers else called()
