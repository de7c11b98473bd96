"""Which limits so many kiosks come near: the template's own, and AWS's quotas for an account."""

import math
from dataclasses import dataclass
from decimal import Decimal

from infra.sizing.workload import (
    ARRIVAL,
    CONFIRMATION,
    INDEXES,
    LOOK_REQUESTS,
    UPLOAD,
    WEIGHING_REQUESTS,
    Function,
    Usage,
)

INFERENCE_CONCURRENCY = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""The values that the template's parameter takes."""
_HISTORY_SHARDS = 4
_HEADROOM = 2
_PANELS = 20
"""Panels of the dashboards; Grafana asks for each by one request."""
_REFRESH_S = 60


@dataclass(frozen=True)
class Limit:
    """Something that is limited, and what the peak takes of it.

    `quota` is AWS's default for an account, table, prefix or partition; None where AWS sets none.
    `parameter` is the template's that sets the limit, `value` what to set it to.
    """

    what: str
    needed: int
    quota: int | None = None
    parameter: str = ""
    value: int | None = None

    @property
    def fits(self) -> bool:
        """Whether AWS's default quota is enough."""
        return self.quota is None or self.needed <= self.quota


def limits(usage: Usage, peak_per_minute: Decimal, operators: int) -> list[Limit]:
    """What the busiest minute takes, with twice that to spare.

    Args:
        usage: how many kiosks, and how long functions take.
        peak_per_minute: weighings of each kiosk in the busiest minute, all at the same time.
        operators: people who look at a dashboard, at the same time.
    """
    weighings = _HEADROOM * usage.kiosks * peak_per_minute / 60
    confirmations = weighings * usage.confirmed
    looks = Decimal(LOOK_REQUESTS * usage.kiosks) / (60 * usage.look_minutes)
    requests = WEIGHING_REQUESTS * weighings + confirmations + looks
    # What a kiosk sends at once after it was cut off: a weighing and the question for its answer.
    burst = 2 * usage.kiosks
    api = math.ceil(_busy(weighings, usage.upload) + _busy(confirmations, usage.confirm))
    inference = math.ceil(_busy(weighings + confirmations, usage.inference))
    batches = next((n for n in INFERENCE_CONCURRENCY if n >= inference), INFERENCE_CONCURRENCY[-1])
    puts = weighings * (UPLOAD.s3_writes + ARRIVAL.s3_writes)
    puts += confirmations * CONFIRMATION.s3_writes
    writes = weighings * ARRIVAL.table_writes + confirmations * CONFIRMATION.table_writes
    # One of the row and its entries is the history's; twice its share, as scales do not spread
    # evenly.
    hottest = writes / (1 + INDEXES) * 2 / _HISTORY_SHARDS
    reads = weighings * ARRIVAL.table_reads + confirmations * CONFIRMATION.table_reads
    return [
        Limit("API requests a second", math.ceil(requests), 10_000, "ApiRequestsPerSecond",
              max(1000, _round_up(requests))),
        Limit("API requests at once", burst, 5_000, "ApiBurst", max(2000, _round_up(burst))),
        Limit("requests a second of one kiosk", math.ceil(requests / usage.kiosks), None,
              "KioskRequestsPerSecond", 10),
        Limit("inference at once", inference, None, "InferenceConcurrency", batches),
        Limit("inference kept free for it", inference, None, "InferenceReservedConcurrency",
              batches),
        Limit("upload and result at once", api, None, "ApiReservedConcurrency",
              _round_up(Decimal(max(api, 10)))),
        Limit("Lambda executions at once (L-B99A9384)", batches + 3 * _round_up(
            Decimal(max(api, 10))), 1000),
        Limit("S3 writes a second under a prefix", math.ceil(puts), 3_500),
        Limit("S3 reads a second under a prefix", math.ceil(weighings * ARRIVAL.s3_reads), 5_500),
        Limit("DynamoDB write units a second, new table", math.ceil(writes), 4_000),
        Limit("DynamoDB write units a second, one partition of the history", math.ceil(hottest),
              1_000),
        Limit("DynamoDB read units a second, the catalogue's one partition", math.ceil(reads),
              3_000),
        Limit("SQS messages under way", 10 * batches, 120_000),
        Limit("SNS messages a second", math.ceil(weighings), 3_000),
        Limit("CloudWatch GetMetricData a second", math.ceil(
            Decimal(operators * _PANELS) / _REFRESH_S), 50),
    ]  # fmt: skip


def _busy(a_second: Decimal, function: Function) -> Decimal:
    """How many run at once (Little's law)."""
    return a_second * function.ms / 1000


def _round_up(value: Decimal | int) -> int:
    """To one leading digit: nobody sets a limit to 1,043."""
    step = int("1" + "0" * (len(str(math.ceil(value))) - 1))
    return math.ceil(Decimal(value) / step) * step
