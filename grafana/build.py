"""Writes Grafana's dashboards and alert rules from code: `python -m grafana.build`.

Every query is a plain metric with one statistic. Emulators know neither SEARCH nor metric math, so
each label of the catalogue has a query of its own; and a 0/1 metric's average is a rate. LocalStack
knows no percentiles and refuses what is asked for with them, so a panel of them asks for nothing
else. No query names a queue or a function: everything is told in our own namespace by the name of
the stack, so the same files serve the embedded run, LocalStack and AWS. On a dashboard the stack is
chosen; alert rules know no variables, and have it from Grafana's own environment.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders.bargauge import Panel as BarGauge
from grafana_foundation_sdk.builders.cloudwatch import CloudWatchMetricsQuery
from grafana_foundation_sdk.builders.common import ReduceDataOptions, VizLegendOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, QueryVariable, ThresholdsConfig
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as Timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.cloudwatch import (
    CloudWatchQueryMode,
    MetricEditorMode,
    MetricQueryType,
)
from grafana_foundation_sdk.models.common import (
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
)

ROOT = Path(__file__).resolve().parents[1]
DASHBOARDS = Path(__file__).with_name("dashboards")
BUILTIN_LABELS = ROOT / "layers/model/python/smartscale_model/labels.json"
ALERTS = Path(__file__).with_name("provisioning") / "alerting" / "smartscale.json"
NAMESPACE = "SmartScale"
SOURCE = DataSourceRef(type_val="cloudwatch", uid="smartscale-cloudwatch")
SHOWN_STACK = "$stack"
"""The dashboards' variable."""
WATCHED_STACK = "$SMARTSCALE_STACK"
"""A variable of Grafana's environment, put in when it reads the alert rules."""
MINUTES = 300
HOUR = 3600
DAY = 86400
DRIFT = "14d"
"""What drifts does so over days: its panels show them whatever time the others show."""


@dataclass(frozen=True)
class Ask:
    """One statistic of one metric, by periods of so many seconds."""

    metric: str
    statistic: str
    legend: str = ""
    period_s: int = MINUTES
    dimensions: Mapping[str, str] = field(default_factory=dict)


def query(ask: Ask, number: int = 0, stack: str = SHOWN_STACK) -> CloudWatchMetricsQuery:
    """One metric with one statistic; panels without both editor fields show no data."""
    dimensions = {"Stack": stack, **ask.dimensions}
    labels: dict[str, str | list[str]] = {name: [value] for name, value in dimensions.items()}
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
        .metric_name(ask.metric)
        .dimensions(labels)
        .match_exact(True)
        .period(str(ask.period_s))
        .statistic(ask.statistic)
        .label(ask.legend or next(iter(ask.dimensions.values()), f"{ask.metric} {ask.statistic}"))
    )


def limits(*steps: tuple[float, str]) -> ThresholdsConfig:
    """Colours: green, and another from each value on."""
    base = [Threshold(value=None, color="green")]
    return (
        ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([*base, *(Threshold(value=value, color=color) for value, color in steps)])
    )


def stat(
    title: str,
    ask: Ask,
    *,
    unit: str = "short",
    reduce: str = "sum",
    bad_from: float | None = None,
    told: str = "",
) -> Stat:
    """One number for the whole time."""
    panel = (
        Stat()
        .title(title)
        .description(told)
        .datasource(SOURCE)
        .with_target(query(ask))
        .unit(unit)
        .reduce_options(ReduceDataOptions().calcs([reduce]).values(False))
        .no_value("0")
        .height(5)
        .span(4)
    )
    return panel if bad_from is None else panel.thresholds(limits((bad_from, "red")))


def over_time(title: str, unit: str, *asked: Ask, told: str = "", width: int = 12) -> Timeseries:
    """Lines over the time, one a metric and statistic."""
    panel = (
        Timeseries()
        .title(title)
        .description(told)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        # Show points: a lone weighing has no neighbour to draw a line to.
        .show_points(VisibilityMode.AUTO)
        .span_nulls(True)
        .legend(
            VizLegendOptions()
            .show_legend(True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .calcs([])
        )
        .height(8)
        .span(width)
    )
    for number, ask in enumerate(asked):
        panel = panel.with_target(query(ask, number))
    return panel


def by_label(title: str, ask: Ask, reduce: str, unit: str, *, most: int, told: str) -> BarGauge:
    """A bar for each label, the longest first, no more than so many."""
    column = {"sum": "Total", "mean": "Mean"}[reduce]
    panel = (
        BarGauge()
        .title(title)
        .description(told)
        .datasource(SOURCE)
        .unit(unit)
        .min(0)
        .orientation(VizOrientation.HORIZONTAL)
        .with_transformation(
            DataTransformerConfig("reduce", options={"reducers": [reduce], "mode": "seriesToRows"})
        )
        .with_transformation(
            DataTransformerConfig("sortBy", options={"sort": [{"field": column, "desc": True}]})
        )
        .with_transformation(DataTransformerConfig("limit", options={"limitField": most}))
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]).values(True))
        .height(10)
        .span(24)
    )
    for number, label in enumerate(builtin_labels()):
        of_label = replace(ask, legend=label, dimensions={"Label": label})
        panel = panel.with_target(query(of_label, number))
    return panel


def builtin_labels() -> list[str]:
    """Every label that the built-in model was trained on: each one is asked for and paid for by
    itself, so those that it only guesses have none."""
    labels: list[str] = json.loads(BUILTIN_LABELS.read_text(encoding="utf-8"))
    described = json.loads(BUILTIN_LABELS.with_name("model.json").read_text(encoding="utf-8"))
    return labels[: described["source"].get("trained", {}).get("labels")]


def dashboard(title: str, uid: str, since: str) -> Dashboard:
    """An empty dashboard."""
    stack = (
        QueryVariable("stack")
        .label("Stack")
        .datasource(SOURCE)
        .query(
            {
                "queryType": "dimensionValues",
                "region": "default",
                "namespace": NAMESPACE,
                "metricName": "Requests",
                "dimensionKey": "Stack",
                "dimensionFilters": {},
                "refId": "stack",
            }
        )
        .refresh(VariableRefresh.ON_DASHBOARD_LOAD)
        .current(VariableOption(selected=True, text="smartscale", value="smartscale"))
    )
    return (
        Dashboard(title)
        .uid(uid)
        .tags(["smartscale"])
        .refresh("1m")
        .time(since, "now")
        .with_variable(stack)
    )


def operations() -> Dashboard:
    """How the system runs."""
    return (
        dashboard("SmartScale operations", "smartscale-operations", "now-24h")
        .with_panel(stat("Total requests", Ask("Requests", "Sum")))
        .with_panel(stat("Predictions", Ask("Predictions", "Sum")))
        .with_panel(stat("Errors", Ask("Errors", "Sum"), bad_from=1, told="Failed weighings."))
        .with_panel(
            stat(
                "Dead letters",
                Ask("DeadLetters", "Sum"),
                bad_from=1,
                told="Messages that ended as dead letters; `smartscale redrive` tries them again.",
            )
        )
        .with_panel(stat("Confirmations", Ask("Confirmations", "Sum")))
        .with_panel(
            stat(
                "Cost per 1,000 weighings",
                Ask("CostPerThousand", "Average"),
                unit="currencyUSD",
                reduce="mean",
                told="At AWS's list prices: requests as `smartscale cost` counts them, and the "
                "inference that was measured. Monthly fees are not in it.",
            )
        )
        .with_panel(
            over_time(
                "Latency",
                "ms",
                Ask("PredictionLatency", "Average", "average"),
                told="From accepted to stored.",
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Latency, slowest of 20",
                "ms",
                Ask("PredictionLatency", "p95", "p95"),
                told="95 % are at least as fast. LocalStack knows no percentiles.",
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Low-confidence rate",
                "percentunit",
                Ask("LowConfidence", "Average", "asked for a confirmation"),
                told="Share of answers that a person has to confirm.",
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Queue depth",
                "short",
                Ask("QueueDepth", "Maximum", "waiting"),
                told="Messages that nobody works on yet, when a batch was done.",
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Age of the oldest message",
                "s",
                Ask("QueueAge", "Maximum", "oldest of a batch"),
                told="How long the oldest message of a batch had waited.",
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Failed weighings",
                "short",
                Ask("Errors", "Sum", "errors"),
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Cold starts",
                "short",
                Ask("ColdStarts", "Sum", "workers that began"),
                told="Workers of all functions that began.",
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Throttles",
                "short",
                Ask("Throttles", "Maximum", "turned away in 5 minutes"),
                told="Invocations that Lambda turned away in this account.",
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Dead letters and refusals",
                "short",
                # Not beside the errors: a dead letter is mostly one of them, and would hide it.
                Ask("DeadLetters", "Sum", "dead letters"),
                Ask("AdminTokenRefused", "Sum", "refused admin tokens"),
                width=8,
            )
        )
        .with_panel(
            by_label(
                "Top labels",
                # CloudWatch limits the points of an answer and each label draws a line: ask hourly.
                Ask("Label", "Sum", period_s=HOUR),
                "sum",
                "short",
                most=10,
                told="How often each label was the answer.",
            )
        )
    )


def model_quality() -> Dashboard:
    """How well it recognises."""
    return (
        dashboard("SmartScale model quality", "smartscale-model-quality", "now-24h")
        .with_panel(
            over_time(
                "Confidence distribution",
                "percentunit",
                *(Ask("Confidence", f"p{share}", f"p{share}") for share in (5, 25, 50, 75, 95)),
                told="Half of the answers lie between p25 and p75.",
            ).max(1)
        )
        .with_panel(
            over_time(
                "Corrected and suspicious",
                "percentunit",
                Ask("Corrected", "Average", "corrected"),
                Ask("Suspicious", "Average", "suspicious"),
                told="Of the confirmations: another label than the answer; something much cheaper.",
            )
        )
        .with_panel(
            over_time(
                "Risk of unasked answers",
                "percentunit",
                Ask("Risk", "Average", "wrong"),
                Ask("RiskBound", "Average", "hardly more than"),
                told="Of the answers that pass without a question: what the shop's own checked "
                "answers say is wrong, and its 95 % bound.",
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Asked",
                "percentunit",
                Ask("LowConfidence", "Average", "asked"),
                told="Share of the weighings that somebody was asked about.",
                width=8,
            ).max(1)
        )
        .with_panel(
            over_time(
                "Taps per weighing",
                "short",
                Ask("Taps", "Average", "taps"),
                told="None where the answer passed, one where it was confirmed or chosen, five "
                "where the item had to be searched.",
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Confidence: active and candidate",
                "percentunit",
                Ask("Confidence", "Average", "active"),
                Ask("CandidateConfidence", "Average", "candidate"),
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Rates: active and candidate",
                "percentunit",
                Ask("LowConfidence", "Average", "active unsure"),
                Ask("CandidateLowConfidence", "Average", "candidate unsure"),
                Ask("CandidateAgreement", "Average", "agree"),
                Ask("CandidateErrors", "Average", "fails"),
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Inference: active and candidate",
                "ms",
                Ask("InferenceLatency", "Average", "active"),
                Ask("CandidateLatency", "Average", "candidate"),
                width=8,
            )
        )
        .with_panel(
            over_time(
                "Drift: confidence",
                "percentunit",
                Ask("Confidence", "Average", "by the hour", HOUR),
                Ask("Confidence", "Average", "by the day", DAY),
                told="An hour that leaves its day, or days that fall: look at the pictures.",
                width=8,
            ).time_from(DRIFT)
        )
        .with_panel(
            over_time(
                "Drift: low confidence",
                "percentunit",
                Ask("LowConfidence", "Average", "by the hour", HOUR),
                Ask("LowConfidence", "Average", "by the day", DAY),
                width=8,
            ).time_from(DRIFT)
        )
        .with_panel(
            over_time(
                "Drift: not on the menu, or empty",
                "percentunit",
                Ask("NoItem", "Average", "by the hour", HOUR),
                Ask("NoItem", "Average", "by the day", DAY),
                told="Rises with produce that the model does not know, and with a dirty camera.",
                width=8,
            ).time_from(DRIFT)
        )
        .with_panel(
            by_label(
                "Corrected share by label",
                Ask("CorrectedByLabel", "Average", period_s=DAY),
                "mean",
                "percentunit",
                most=20,
                told="Of the confirmations of each answer: how many said something else.",
            ).max(1)
        )
    )


def rendered() -> dict[str, str]:
    """Each dashboard's file name and text."""
    built = {"operations.json": operations(), "model_quality.json": model_quality()}
    return {
        name: JSONEncoder(sort_keys=True, indent=2).encode(one.build()) + "\n"
        for name, one in built.items()
    }


@dataclass(frozen=True)
class Alert:
    """Fire when a statistic is above a value for so many minutes; no traffic is no alert.

    A count is that of the last five minutes, whenever they are asked for: CloudWatch's own five
    minutes begin anew each time, and what came just before is no longer in them.
    """

    title: str
    metric: str
    statistic: str
    above: float
    minutes: int
    severity: str
    what_to_do: str


RULES = (
    Alert(
        "Weighings fail",
        "Errors",
        "Sum",
        5,
        0,
        "critical",
        "Look at the errors in the history; the log of the dead-letter function has the reasons.",
    ),
    Alert(
        "Messages become dead letters",
        "DeadLetters",
        "Sum",
        0,
        0,
        "warning",
        "`smartscale redrive --dry-run` says what can be tried again.",
    ),
    Alert(
        "Answers are slow (p95 above 2 s)",
        "PredictionLatency",
        "p95",
        2000,
        10,
        "warning",
        "Look at queue depth, cold starts and throttles; raise InferenceConcurrency.",
    ),
    Alert(
        "Weighings wait more than a minute",
        "QueueAge",
        "Maximum",
        60,
        5,
        "critical",
        "Inference does not keep up, or fails and tries again: see its log.",
    ),
    Alert(
        "Lambda turns calls away",
        "Throttles",
        "Maximum",
        0,
        5,
        "warning",
        "Ask AWS for a higher concurrency limit of the account.",
    ),
    Alert(
        "Many answers have low confidence",
        "LowConfidence",
        "Average",
        0.8,
        60,
        "warning",
        "Clean the camera; look at recent pictures; teach new produce.",
    ),
    Alert(
        "Many answers are corrected",
        "Corrected",
        "Average",
        0.5,
        60,
        "warning",
        "Look at the corrected share by label; roll the model back if it is new.",
    ),
    Alert(
        "Somebody guesses the admin token",
        "AdminTokenRefused",
        "Sum",
        10,
        0,
        "critical",
        "Find the caller in the admin function's log; rotate the token.",
    ),
)


def rule(alert: Alert) -> dict[str, Any]:
    """An alert rule: the query, its last value, and the limit."""
    expression = {"type": "__expr__", "uid": "__expr__"}
    counts = alert.statistic == "Sum"
    ask = Ask(alert.metric, alert.statistic, period_s=60 if counts else MINUTES)
    asked = query(ask, stack=WATCHED_STACK).ref_id("A")
    since = {"from": MINUTES if counts else 900, "to": 0}
    reducer = "sum" if counts else "last"
    reduce: dict[str, Any] = {"refId": "B", "type": "reduce", "reducer": reducer, "expression": "A"}
    limit: dict[str, Any] = {
        "refId": "C",
        "type": "threshold",
        "expression": "B",
        "conditions": [{"evaluator": {"type": "gt", "params": [alert.above]}}],
    }
    return {
        "uid": f"smartscale-{alert.metric}-{alert.statistic}".lower(),
        "title": alert.title,
        "condition": "C",
        "for": f"{alert.minutes}m",
        "noDataState": "OK",
        # LocalStack refuses percentiles for good; that is no reason to alarm anybody.
        "execErrState": "KeepLast" if alert.statistic.startswith("p") else "Error",
        "labels": {"severity": alert.severity, "service": "smartscale"},
        "annotations": {"summary": alert.title, "description": alert.what_to_do},
        "data": [
            {
                "refId": "A",
                "datasourceUid": SOURCE.uid,
                "relativeTimeRange": since,
                "model": json.loads(JSONEncoder().encode(asked.build())),
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
    group = {
        "orgId": 1,
        "name": "smartscale",
        "folder": "SmartScale",
        "interval": "2m",
        "rules": [rule(alert) for alert in RULES],
    }
    return json.dumps({"apiVersion": 1, "groups": [group]}, indent=2, sort_keys=True) + "\n"


def main() -> None:
    """Write the files."""
    for name, text in rendered().items():
        (DASHBOARDS / name).write_text(text, encoding="utf-8")
    ALERTS.write_text(alerts(), encoding="utf-8")


if __name__ == "__main__":
    main()
