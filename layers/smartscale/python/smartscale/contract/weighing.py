"""Weighings: what was taken in, what was recognised, and what it costs."""

from datetime import datetime

from pydantic import Field

from smartscale.contract.document import Document, Exact
from smartscale.domain.declaration import QualityClass
from smartscale.domain.load import MAX_WEIGHT_KG
from smartscale.domain.prediction import EMPTY, UNKNOWN
from smartscale.domain.weighing import Act, ConfirmedBy, ModelRef, StaffAct, Status, Unit

__all__ = [
    "EMPTY",
    "MAX_WEIGHT_KG",
    "UNKNOWN",
    "Accepted",
    "Act",
    "ConfirmedBy",
    "DirectUpload",
    "HistoryPage",
    "ModelRef",
    "Pieces",
    "Prediction",
    "QualityClass",
    "Result",
    "StaffAct",
    "Status",
    "Unit",
]


class Accepted(Document):
    """A weighing that was taken in."""

    job_id: str
    status: Status = Status.PENDING
    result_url: str
    result: "Result | None" = None
    """The outcome, for who preferred to wait for it."""


class DirectUpload(Accepted):
    """Where to post an image straight to the store: `fields` first, then the image as `file`."""

    url: str
    fields: dict[str, str]


class Pieces(Document):
    """How many pieces weigh what is on the scale: `least` to `most`, and likely `suggested`. A
    confirmation with more than `at_most` is refused."""

    suggested: int
    least: int
    most: int
    at_most: int


class Prediction(Document):
    """An item the picture may show; without prices when it is not sold.

    `confidence` is from 0 to 1, `net_kg` kilograms, `total` what the weighing costs as this item.
    `pieces` is there for what is sold by the piece; `needs_count` says that the weight leaves more
    than one number.
    """

    label: str
    plu: str | None
    name: str
    confidence: float
    unit: Unit | None
    unit_price: Exact | None
    quantity: int
    pieces: Pieces | None = None
    needs_count: bool = False
    net_kg: Exact | None
    total: Exact | None
    currency: str | None


class Result(Document):
    """A weighing. A pending one has only `job_id` and `status`; a failed one has `error`.

    Where `needs_count` is true, `quantity` is only what the weight suggests, and the price holds
    when somebody has confirmed a `quantity`. Weights are kilograms, `timings` milliseconds.

    What the item was declared as when it was sold is kept: `origin` (ISO 3166-1, two letters),
    `quality_class`, `variety`, and the days it keeps; and of an offer the unit price before it.
    """

    job_id: str
    status: Status
    scale_id: str | None = None
    label: str | None = None
    name: str | None = None
    confidence: float | None = None
    top_k: tuple[Prediction, ...] = ()
    weight_kg: Exact | None = None
    tare_kg: Exact | None = None
    net_kg: Exact | None = None
    unit: Unit | None = None
    quantity: int | None = None
    pieces: Pieces | None = None
    needs_count: bool = False
    unit_price: Exact | None = None
    price: Exact | None = None
    currency: str | None = None
    unit_price_before: Exact | None = None
    offer_until: datetime | None = None
    origin: str | None = None
    quality_class: QualityClass | None = None
    variety: str | None = None
    best_before_days: int | None = None
    needs_confirmation: bool | None = None
    two_kinds: bool = False
    """Whether the picture seems to show two kinds of produce: one is weighed at a time."""
    confirmed_label: str | None = None
    confirmed_by: ConfirmedBy | None = None
    confirmed_at: datetime | None = None
    confirmed_by_staff: str | None = None
    acts: tuple[StaffAct, ...] = ()
    """What staff have done to it besides: who voided it or printed its label again, and when."""
    voided: bool = False
    """Whether staff made it no sale: it counts no more."""
    suspicious: bool = False
    suspicious_reason: str | None = None
    charged_offline: bool = False
    model: ModelRef | None = None
    timings: dict[str, float] = Field(default={})
    upload_key: str | None = None
    created_at: datetime | None = None
    error: str | None = None
    correlation_id: str | None = None

    @property
    def sold_label(self) -> str | None:
        """What it is sold as: the confirmed label, else the recognised one."""
        return self.confirmed_label or self.label


class HistoryPage(Document):
    """Weighings, newest first; `next_cursor` asks for those before."""

    items: tuple[Result, ...]
    next_cursor: str | None
