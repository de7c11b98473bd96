"""What a month costs on AWS: the lines of the bill, from the workload and the prices."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import Any

from infra.sizing.workload import (
    ACCESS_LOG_KB,
    ARRIVAL,
    CONFIRMATION,
    DAYS_A_MONTH,
    LEDGER_KB,
    LOG_KB,
    LOG_SAMPLED_KB,
    LOOK,
    LOOK_KB,
    LOOK_REQUESTS,
    METRICS_READ_A_MINUTE,
    POLLED_QUEUES,
    POLLS_A_MINUTE,
    RESULT_KB,
    ROW_KB,
    SECRETS_READ_A_MINUTE,
    TRACED,
    UPLOAD,
    Calls,
    Usage,
)

PRICES = Path(__file__).with_name("prices.json")
_MILLION = Decimal(1_000_000)
_KB_A_GB = Decimal(1_000_000)
QUERIES_OF_A_DASHBOARD = 73
"""Metrics that one of the two dashboards asks for when it is drawn, on average; each bar of a label
is one."""
ALERT_QUERIES = 8
"""Metrics that Grafana's alert rules ask for every two minutes, whether somebody looks or not."""
_ALERTS_AN_HOUR = 30
_REFRESHES_AN_HOUR = 60
_ALARM = "Type: AWS::CloudWatch::Alarm"


class BadPrices(Exception):
    """A table of prices that cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True)
class PriceTable:
    """The prices of one region, by what they are a price of."""

    region: str
    currency: str
    as_of: date
    sources: Mapping[str, str]
    prices: Mapping[str, Decimal]

    def __getitem__(self, name: str) -> Decimal:
        try:
            return self.prices[name]
        except KeyError as error:
            raise BadPrices(f"there is no price {name!r} for {self.region}") from error


@dataclass(frozen=True)
class Line:
    """One line of the bill."""

    service: str
    what: str
    quantity: Decimal
    unit: str
    monthly: Decimal


@dataclass(frozen=True)
class Bill:
    """A month's bill."""

    usage: Usage
    table: PriceTable
    lines: tuple[Line, ...]

    @property
    def monthly(self) -> Decimal:
        """The sum."""
        return sum((line.monthly for line in self.lines), Decimal(0))

    @property
    def per_thousand(self) -> Decimal:
        """What 1,000 weighings cost."""
        return self.monthly / self.usage.weighings * 1000


def read_prices(region: str, file: Path = PRICES) -> PriceTable:
    """The prices of a region.

    Raises:
        BadPrices: the file is no table of prices, or lacks the region.
    """
    try:
        table: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        regions: dict[str, dict[str, str]] = table["regions"]
        if region not in regions:
            there = ", ".join(sorted(regions))
            raise BadPrices(f"{file.name} has no prices for {region!r}; it has: {there}")
        return PriceTable(
            region=region,
            currency=table["currency"],
            as_of=date.fromisoformat(table["as_of"]),
            sources=table["sources"],
            prices={name: Decimal(price) for name, price in regions[region].items()},
        )
    except OSError as error:
        raise BadPrices(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
        raise BadPrices(f"{file} is no table of prices: {error!r}") from error


def alarms_in(template: Path) -> int:
    """How many alarms a template has."""
    return template.read_text(encoding="utf-8").count(_ALARM)


def bill(usage: Usage, table: PriceTable) -> Bill:
    """What a month of this usage costs. Nothing is rounded."""
    return Bill(usage, table, tuple(_lines(usage, table)))


def _lines(usage: Usage, table: PriceTable) -> Iterator[Line]:
    weighings, confirmations, looks = usage.weighings, usage.confirmations, usage.looks
    # A confirmation sends a message to the inference function's queue.
    messages = weighings + confirmations
    calls: list[tuple[Decimal, Calls]] = [
        (weighings, UPLOAD),
        (weighings, ARRIVAL),
        (confirmations, CONFIRMATION),
        (looks, LOOK),
    ]

    def counted(name: str) -> Decimal:
        return sum((times * Decimal(getattr(one, name)) for times, one in calls), Decimal(0))

    line = partial(_line, table)
    of_looks = LOOK_REQUESTS * looks
    asked, price = usage.requests - of_looks, "api_gateway_million_requests"
    yield line("API Gateway", "weighings", asked, "requests", price, _MILLION)
    yield line("API Gateway", "idle kiosks", of_looks, "requests", price, _MILLION)

    gb_seconds = (
        weighings * (usage.upload.gb_seconds + usage.inference.gb_seconds)
        + confirmations * (usage.confirm.gb_seconds + usage.lesson.gb_seconds)
        + of_looks * usage.look.gb_seconds
    )
    invoked, price = usage.requests + messages, "lambda_million_requests"
    yield line("Lambda", "invocations", invoked, "requests", price, _MILLION)
    yield line("Lambda", "compute", gb_seconds, "GB-s", f"lambda_gb_second_{usage.architecture}")
    warm = usage.provisioned * usage.inference.memory_mb
    warm += usage.provisioned_api * (usage.upload.memory_mb + usage.confirm.memory_mb)
    if warm:
        kept = Decimal(warm) / 1024 * DAYS_A_MONTH * 24 * 3600
        price = f"lambda_provisioned_gb_second_{usage.architecture}"
        yield line("Lambda", "provisioned concurrency", kept, "GB-s", price)

    yield line(
        "S3", "writes", counted("s3_writes"), "requests", "s3_thousand_writes", Decimal(1000)
    )
    yield line("S3", "reads", counted("s3_reads"), "requests", "s3_thousand_reads", Decimal(1000))
    pictures = usage.kiosks * usage.weighings_per_day * usage.retention_days * usage.image_kb
    yield line("S3", "pictures kept", pictures / _KB_A_GB, "GB", "s3_gb_month")
    year = 12 * (weighings + confirmations)
    yield line("S3", "ledger", year * LEDGER_KB / _KB_A_GB, "GB", "s3_gb_month")

    polls = POLLED_QUEUES * POLLS_A_MINUTE * 60 * 24 * DAYS_A_MONTH
    sent = counted("queue_requests")
    yield line("SQS", "messages", sent, "requests", "sqs_million_requests", _MILLION)
    yield line("SQS", "idle polling", polls, "requests", "sqs_million_requests", _MILLION)
    published = counted("topic_requests")
    yield line("SNS", "WeighingCompleted", published, "requests", "sns_million_requests", _MILLION)

    read, written = counted("table_reads"), counted("table_writes")
    yield line("DynamoDB", "reads", read, "read units", "dynamodb_million_reads", _MILLION)
    yield line("DynamoDB", "writes", written, "write units", "dynamodb_million_writes", _MILLION)
    rows = usage.history_days / DAYS_A_MONTH * weighings * ROW_KB / _KB_A_GB
    yield line("DynamoDB", "rows and indexes", rows, "GB", "dynamodb_gb_month")
    if usage.rows_restorable:
        yield line("DynamoDB", "their recovery", rows, "GB", "dynamodb_backup_gb_month")

    yield from _watched(usage, table)
    answers = (weighings + confirmations) * RESULT_KB + of_looks * LOOK_KB
    yield line("Data transfer", "answers to kiosks", answers / _KB_A_GB, "GB", "transfer_out_gb")


def _watched(usage: Usage, table: PriceTable) -> Iterator[Line]:
    """What is paid for seeing and guarding it."""
    line = partial(_line, table)
    log_gb = usage.weighings * (LOG_KB + usage.log_sample * LOG_SAMPLED_KB) / _KB_A_GB
    if usage.access_logs:
        log_gb += usage.requests * ACCESS_LOG_KB / _KB_A_GB
    yield line("CloudWatch", "logs", log_gb, "GB", "logs_gb_ingested")
    kept_gb = log_gb * usage.log_retention_days / DAYS_A_MONTH
    yield line("CloudWatch", "logs kept", kept_gb, "GB", "logs_gb_month")
    metrics = Decimal(usage.metrics) * usage.open_hours_a_day / 24
    yield line("CloudWatch", "custom metrics", metrics, "metrics", "cloudwatch_metric_month")
    alarms = Decimal(usage.alarms)
    yield line("CloudWatch", "alarms", alarms, "alarms", "cloudwatch_alarm_month")
    shown = usage.dashboard_hours_a_day * DAYS_A_MONTH * _REFRESHES_AN_HOUR * QUERIES_OF_A_DASHBOARD
    price = "cloudwatch_thousand_metrics_read"
    yield line("CloudWatch", "Grafana's dashboards", shown, "metrics", price, Decimal(1000))
    minutes = usage.open_hours_a_day * 60 * DAYS_A_MONTH
    watched = 24 * DAYS_A_MONTH * _ALERTS_AN_HOUR * ALERT_QUERIES
    yield line("CloudWatch", "Grafana's alerts", watched, "metrics", price, Decimal(1000))
    asked = METRICS_READ_A_MINUTE * minutes * usage.at_once(usage.inference)
    yield line("CloudWatch", "what workers ask", asked, "metrics", price, Decimal(1000))

    if usage.firewall:
        yield line("WAF", "ACL with two rules", Decimal(1), "ACLs", "waf_acl_month")
        checked = usage.requests
        yield line("WAF", "checked", checked, "requests", "waf_million_requests", _MILLION)
    if usage.customer_key:
        yield line("KMS", "customer key", Decimal(1), "keys", "kms_key_month")
    if usage.traced:
        traced = usage.traced * usage.requests
        yield line("X-Ray", "traces", traced, "traces", "xray_million_traces", _MILLION)
    for secret in ("admin token", "kiosks' secret"):
        yield line("Secrets Manager", secret, Decimal(1), "secrets", "secret_month")
    read = SECRETS_READ_A_MINUTE * minutes * usage.at_once(usage.confirm)
    yield line("Secrets Manager", "read", read, "requests", "secret_thousand_reads", Decimal(1000))


@dataclass(frozen=True)
class Setting:
    """What is chosen otherwise, and what a month costs more by that."""

    what: str
    monthly: Decimal


def settings(usage: Usage, table: PriceTable) -> tuple[Setting, ...]:
    """What each setting costs, chosen otherwise than it is: one at a time, in the table's money.

    Settings that cost nothing by themselves (LedgerLockDays, DeploymentPreference, limits) are left
    out.
    """
    now = bill(usage, table).monthly
    variants = {
        "Architecture x86_64": {"architecture": "x86_64"},
        "InferenceProvisionedConcurrency 2": {"provisioned": 2},
        "ApiProvisionedConcurrency 2": {"provisioned_api": 2},
        "ImageRetentionDays 7": {"retention_days": 7},
        "ImageRetentionDays 90": {"retention_days": 90},
        "HistoryDays 31": {"history_days": 31},
        "HistoryDays 366": {"history_days": 366},
        "SMARTSCALE_LOOK_S 600": {"look_minutes": 10},
        "SMARTSCALE_LOOK_S 60": {"look_minutes": 1},
        "LogSample 1": {"log_sample": Decimal(1)},
        "LogRetention 365": {"log_retention_days": 365},
        "AccessLogs true": {"access_logs": True},
        "Tracing true": {"traced": TRACED},
        "CustomerKey true": {"customer_key": True},
        "WebAclArn of an ACL with two rules": {"firewall": True},
        "point-in-time recovery of the rows (the ledger does that)": {"rows_restorable": True},
    }
    return tuple(
        Setting(what, bill(replace(usage, **changed), table).monthly - now)  # type: ignore[arg-type]
        for what, changed in variants.items()
    )


def _line(
    table: PriceTable,
    service: str,
    what: str,
    quantity: Decimal,
    unit: str,
    price: str,
    per: Decimal = Decimal(1),
) -> Line:
    return Line(service, what, quantity, unit, quantity / per * table[price])
