"""What one weighing takes: requests, calls and milliseconds. Cost and limits are reckoned from it.

The calls are those of the functions' code; tests/integration/test_sizing.py counts them. The
milliseconds are what a function is billed for on AWS and depend on its memory: assumptions, until
CloudWatch's metric `Duration` tells yours.
"""

from dataclasses import dataclass
from decimal import Decimal

DAYS_A_MONTH = Decimal(365) / 12


@dataclass(frozen=True)
class Function:
    """A Lambda function: `memory_mb` as template.yaml has it, `ms` billed for each call."""

    memory_mb: int
    ms: Decimal

    @property
    def gb_seconds(self) -> Decimal:
        """What one call is billed for."""
        return Decimal(self.memory_mb) / 1024 * self.ms / 1000


@dataclass(frozen=True)
class Calls:
    """Calls to other services by one request, or by one message of a queue."""

    s3_writes: int = 0
    """PUT and LIST, which cost the same."""
    s3_reads: int = 0
    table_reads: Decimal = Decimal(0)
    """Read units: 4 KB read consistently, or 8 KB eventually."""
    table_writes: int = 0
    """Write units: 1 KB, in the table and once more in each index."""
    queue_requests: int = 0
    topic_requests: int = 0


CALLS_ALONE = 7
"""The most calls to AWS that the inference function makes for a weighing that comes alone: the
briefing, the picture, the ledger's record, the row, the event, the metrics, and about once a minute
one more: what the worker has loaded, how deep its queue is, or what Lambda turned away."""
CALLS_OF_TEN = 40
"""The most for a batch of ten: picture, record and row are each weighing's own."""

UPLOAD = Calls(s3_writes=2)
"""The record of the Idempotency-Key, and the picture."""

ARRIVAL = Calls(
    # The ledger's record.
    s3_writes=1,
    s3_reads=1,
    # The briefing.
    table_reads=Decimal(1),
    # A row of 1 to 2 KB, and an entry in each of three indexes.
    table_writes=2 + 3,
    # S3 sends, the function receives and deletes: at worst each message alone.
    queue_requests=3,
    topic_requests=1,
)
RESULT = Calls(table_reads=Decimal(4))
"""It looks again until the answer is there."""

CONFIRMATION = Calls(
    s3_writes=1,
    # The weighing twice, the item; for the lesson's message the briefing and the weighing.
    table_reads=Decimal(2 + 1 + 2),
    # The row; what leaves one partition and enters another is written in both.
    table_writes=2 + 2 * 2 + 1,
    queue_requests=3,
    topic_requests=1,
)

ROW_KB = Decimal(2)
"""With its entries in the indexes."""
LEDGER_KB = Decimal(3)
RESULT_KB = Decimal(4)
LOG_KB = Decimal(6)
"""What all functions write about one weighing, with Lambda's own lines about each call."""

POLLED_QUEUES = 2
"""Queues that Lambda asks all the time; a third where models are imported on AWS."""
POLLS_A_MINUTE = 5 * 3
"""Five pollers for each queue, 20 seconds a poll."""


@dataclass(frozen=True)
class Usage:
    """How much is weighed, and on what.

    `weighings_per_day` is of each kiosk, `confirmed` the share that somebody confirms,
    `provisioned` the warm inference workers that are paid for whether they work or not.
    """

    kiosks: int = 1
    weighings_per_day: int = 200
    image_kb: int = 150
    confirmed: Decimal = Decimal("0.5")
    retention_days: int = 30
    history_days: int = 92
    provisioned: int = 0
    alarms: int = 0
    metrics: int = 118
    """Custom metrics: 18, and `Label` and `CorrectedByLabel` for each of 50 items weighed."""
    dashboard_hours_a_day: int = 1
    architecture: str = "arm64"
    customer_key: bool = False
    """CustomerKey: a KMS key of the account's own."""
    traced: Decimal = Decimal(0)
    """The share of requests that X-Ray follows: 5 % where Tracing is switched on."""
    upload: Function = Function(512, Decimal(60))
    inference: Function = Function(1024, Decimal(150))
    result: Function = Function(512, Decimal(350))
    confirm: Function = Function(512, Decimal(80))

    @property
    def weighings(self) -> Decimal:
        """A month's weighings."""
        return self.kiosks * self.weighings_per_day * DAYS_A_MONTH
