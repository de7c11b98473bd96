"""How the system is doing: figures of a time and of its periods, and what the weighings say."""

from datetime import date, datetime

from pydantic import Field

from smartscale.contract.document import Document


class Latency(Document):
    """Milliseconds from accepted to stored; None when nothing was recognised."""

    average: float | None
    p95: float | None


class LabelCount(Document):
    """How often a label was the answer."""

    label: str
    name: str
    count: int


class Point(Document):
    """The figures of one period; latency is milliseconds from accepted to stored."""

    at: datetime
    requests: int
    latency_average: float | None
    latency_p95: float | None
    low_confidence_rate: float | None
    errors: int
    taps: float | None = None


class Asking(Document):
    """What the shop asks about, and what answers that pass without a question risk.

    Shares are from 0 to 1; they are null while there is nothing to tell them from.
    """

    wanted: float
    """The share of the answers that pass unasked that may be wrong."""
    threshold: float | None
    """From which confidence on answers pass; null where the model's package says it."""
    risk: float | None
    """The share of them that is wrong, estimated from those that somebody has checked."""
    risk_bound: float | None
    """What that share hardly exceeds (95 %)."""
    checked: int
    """How many answers the estimate rests on, older ones with less weight."""
    audited: float
    """The share of the answers that could pass but are asked about, to keep the estimate honest."""
    asked: float | None = None
    """The share of the time's answers that somebody was asked about."""
    taps: float | None = None
    """Taps per weighing in that time."""
    at: datetime | None
    """When the threshold was found."""


class Confusion(Document):
    """How often something was recognised as one item and confirmed as another, or the same."""

    predicted: str
    predicted_name: str
    confirmed: str
    confirmed_name: str
    count: int


class ConfidenceOfDay(Document):
    """How sure the answers of a day of the shop were, and the share that needed a confirmation."""

    day: date
    weighings: int
    average: float
    low_rate: float


class ScaleHealth(Document):
    """How one scale does; recognition latency is milliseconds from accepted to recognised, None
    where nothing was recognised."""

    scale_id: str
    last_seen: datetime
    weighings: int
    error_rate: float
    low_confidence_rate: float | None
    recognition_latency_average: float | None
    recognition_latency_p95: float | None


class Insights(Document):
    """What the weighings of the time say; of the newest ones where they are too many."""

    weighings: int
    complete: bool
    since: datetime | None
    confirmed: int
    confusion: tuple[Confusion, ...]
    confidence: tuple[ConfidenceOfDay, ...]
    scales: tuple[ScaleHealth, ...]


class Analytics(Document):
    """How the system is doing."""

    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    period_seconds: int
    total_requests: int
    latency_ms: Latency
    low_confidence_rate: float | None
    errors: int
    top_labels: tuple[LabelCount, ...]
    series: tuple[Point, ...]
    asking: Asking
    insights: Insights
