"""What one weighing takes: requests, calls and milliseconds. Cost and limits are reckoned from it.

The calls are those of the functions' code; tests/integration/test_sizing.py counts them. The
milliseconds are what a function is billed for on AWS and depend on its memory: assumptions, until
CloudWatch's metric `Duration` tells yours.
"""

import math
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
    table_writes: int | Decimal = 0
    """Write units: 1 KB, in the table and once more in each index."""
    queue_requests: int = 0
    topic_requests: int = 0


WEIGHING_REQUESTS = 1
"""A kiosk sends the picture, and the API holds the request until the answer is there. (One that
takes longer than five seconds is asked for by another.)"""
LOOK_REQUESTS = 2
"""A kiosk asks for the catalogue and for what was taught, day and night."""
UNUSED_LOOKS = 4
"""It asks so many times less often where nobody has weighed since."""

CALLS_ALONE = 7
"""The most calls to AWS that the inference function makes for a weighing that comes alone: the
briefing, the picture, the ledger's record, the row, the event, on emulators the metrics, and about
once a minute one more: what the worker has loaded, how deep its queue is, or what Lambda turned
away."""
CALLS_OF_TEN = 40
"""The most for a batch of ten: picture, record and row are each weighing's own."""

UPLOAD = Calls(s3_writes=1, table_reads=Decimal(2))
"""The picture; and four looks whether the answer is there, half a unit each. A kiosk's
Idempotency-Key is the weighing's id, so the picture is its record; for keys of other forms a record
is written, too."""

INDEXES = 3
"""In which each weighing has an entry: by what it needs, by item, by scale."""
ARRIVAL = Calls(
    # The ledger's record.
    s3_writes=1,
    s3_reads=1,
    # The briefing.
    table_reads=Decimal(1),
    # A row of less than 1 KB, and an entry in each index.
    table_writes=1 + INDEXES,
    # S3 sends, the function receives and deletes: at worst each message alone.
    queue_requests=3,
    topic_requests=1,
)
CONFIRMATION = Calls(
    s3_writes=1,
    # The weighing twice, the item; for the lesson's message the briefing and the weighing.
    table_reads=Decimal(2 + 1 + 2),
    # The row and its entries, of which the history's leaves a partition and enters another, and the
    # item's in one of five, where the answer was wrong.
    table_writes=1 + INDEXES + 1 + Decimal("0.2"),
    queue_requests=3,
    topic_requests=1,
)
LOOK = Calls(table_reads=Decimal(3))
"""The catalogue's changes; the memory's number and the threshold. What is new is read only then."""

ROW_KB = Decimal("1.65")
"""Stored of a weighing: its row and three entries, with the 100 bytes that are added to each."""
LEDGER_KB = Decimal("2.8")
RESULT_KB = Decimal("2.5")
"""An answer with its headers."""
LOOK_KB = Decimal("0.5")
LOG_KB = Decimal("1.5")
"""What all functions write of one weighing, half of them confirmed, with their figures."""
LOG_SAMPLED_KB = Decimal("1.2")
"""What they write besides of the share of weighings that LogSample takes."""
ACCESS_LOG_KB = Decimal("0.45")
"""A line of the gateway's own log, which AccessLogs switches on."""

TRACED = Decimal("0.05")
"""The share of requests that X-Ray follows where Tracing is switched on."""
POLLED_QUEUES = 2
"""Queues that Lambda asks all the time; a third where models are imported on AWS."""
POLLS_A_MINUTE = 5 * 3
"""Five pollers for each queue, 20 seconds a poll."""
SECRETS_READ_A_MINUTE = 1
"""By each instance of the result function, for the kiosks' proofs."""
METRICS_READ_A_MINUTE = Decimal("0.5")
"""By each inference worker: what Lambda turned away."""


@dataclass(frozen=True)
class Usage:
    """How much is weighed, and on what.

    `weighings_per_day` is of each kiosk, `confirmed` the share that somebody confirms or that a
    kiosk voids, which takes no more, `provisioned` and `provisioned_api` the warm instances (of
    inference, and of each of upload and result) that are paid for whether they work or not.
    """

    kiosks: int = 1
    weighings_per_day: int = 200
    image_kb: int = 120
    """What a kiosk makes of a photo of a camera."""
    confirmed: Decimal = Decimal("0.5")
    retention_days: int = 30
    history_days: int = 92
    provisioned: int = 0
    provisioned_api: int = 0
    alarms: int = 0
    metrics: int = 120
    """Custom metrics: 20, and `Label` and `CorrectedByLabel` for each of 50 items weighed."""
    open_hours_a_day: int = 14
    """CloudWatch charges for a metric by the hours in which it has values."""
    dashboard_hours_a_day: int = 1
    look_minutes: int = 60
    """SMARTSCALE_LOOK_S of the kiosks: how often each asks for what is new."""
    log_retention_days: int = 30
    log_sample: Decimal = Decimal("0.1")
    """LogSample: the share of weighings that went well of which functions write more."""
    access_logs: bool = False
    firewall: bool = False
    """WebAclArn: an ACL with two rules looks at each request."""
    rows_restorable: bool = False
    """Point-in-time recovery of the weighings' table, which the template leaves out."""
    architecture: str = "arm64"
    customer_key: bool = False
    """CustomerKey: a KMS key of the account's own."""
    traced: Decimal = Decimal(0)
    """The share of requests that X-Ray follows: 5 % where Tracing is switched on."""
    upload: Function = Function(512, Decimal(320))
    """With the wait for the answer, which is most of it."""
    inference: Function = Function(1024, Decimal(120))
    """The network takes 15 ms of a processor, of which 1,024 MB are 0.58; then six calls."""
    lesson: Function = Function(1024, Decimal(40))
    """The inference function again, that looks whether a confirmation teaches: no network runs."""
    confirm: Function = Function(512, Decimal(80))
    look: Function = Function(512, Decimal(15))

    @property
    def weighings(self) -> Decimal:
        """A month's weighings."""
        return self.kiosks * self.weighings_per_day * DAYS_A_MONTH

    @property
    def confirmations(self) -> Decimal:
        """A month's confirmations."""
        return self.weighings * self.confirmed

    @property
    def looks(self) -> Decimal:
        """How often a month kiosks ask for what is new: less often while nobody weighs."""
        hours = self.open_hours_a_day + Decimal(24 - self.open_hours_a_day) / UNUSED_LOOKS
        return self.kiosks * DAYS_A_MONTH * hours * 60 / self.look_minutes

    @property
    def requests(self) -> Decimal:
        """A month's requests to the API."""
        asked = WEIGHING_REQUESTS * self.weighings + self.confirmations
        return asked + LOOK_REQUESTS * self.looks

    def at_once(self, function: Function) -> int:
        """How many instances of a function are busy at the same time when the shops are open."""
        a_second = self.weighings / DAYS_A_MONTH / self.open_hours_a_day / 3600
        return math.ceil(a_second * function.ms / 1000)
