"""The documents of the API: what its routes answer. Money and weight travel as decimal strings."""

from collections import Counter
from datetime import date, datetime
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, Field

from smartscale.domain.catalogue import Item, Price, SoldAs
from smartscale.domain.catalogue_changes import ChangeKind, FieldChange, ItemChange, fingerprint
from smartscale.domain.money import to_cent
from smartscale.domain.weighing import ConfirmedBy, ModelRef, Prediction, Status, Unit, Weighing
from smartscale.operations.metrics.analytics import Analytics, Point
from smartscale.operations.metrics.insights import Insights

FALLBACK_LANGUAGE = "en"


class Accepted(BaseModel):
    """A weighing that was taken in."""

    job_id: str
    status: Status = Status.PENDING
    result_url: str


class DirectUpload(Accepted):
    """Where to post an image straight to the store: `fields` first, then the image as `file`."""

    url: str
    fields: dict[str, str]


class PredictionDocument(BaseModel):
    """An item the picture may show; without prices when it is not sold."""

    label: str
    plu: str | None
    name: str
    confidence: float
    unit: Unit | None
    unit_price: str | None
    quantity: int
    net_kg: str | None
    total: str | None
    currency: str | None

    @classmethod
    def of(cls, prediction: Prediction, language: str) -> Self:
        """The document of a prediction."""
        return cls(
            label=prediction.label,
            plu=prediction.plu,
            name=in_language(prediction.names, language, prediction.label),
            confidence=float(prediction.confidence),
            unit=prediction.unit,
            unit_price=money(prediction.unit_price, prediction.currency),
            quantity=prediction.quantity,
            net_kg=kilograms(prediction.net_kg),
            total=money(prediction.total, prediction.currency),
            currency=prediction.currency,
        )


class Result(BaseModel):
    """A weighing. A pending one has only `job_id` and `status`; a failed one has `error`."""

    job_id: str
    status: Status
    scale_id: str | None = None
    label: str | None = None
    name: str | None = None
    confidence: float | None = None
    top_k: list[PredictionDocument] = []
    weight_kg: str | None = None
    tare_kg: str | None = None
    net_kg: str | None = None
    unit: Unit | None = None
    quantity: int | None = None
    unit_price: str | None = None
    price: str | None = None
    currency: str | None = None
    needs_confirmation: bool | None = None
    confirmed_label: str | None = None
    confirmed_by: ConfirmedBy | None = None
    confirmed_at: datetime | None = None
    suspicious: bool = False
    suspicious_reason: str | None = None
    charged_offline: bool = False
    model: ModelRef | None = None
    timings: dict[str, float] = {}
    upload_key: str | None = None
    created_at: datetime | None = None
    error: str | None = None
    correlation_id: str | None = None

    @classmethod
    def pending(cls, job_id: str) -> Self:
        """The document of a weighing without an outcome."""
        return cls(job_id=job_id, status=Status.PENDING)

    @classmethod
    def of(cls, weighing: Weighing, language: str = FALLBACK_LANGUAGE) -> Self:
        """The document of a weighing with an outcome."""
        return cls(
            job_id=weighing.job_id,
            status=weighing.status,
            scale_id=weighing.scale_id,
            label=weighing.label,
            name=in_language(weighing.names, language, weighing.sold_label),
            confidence=None if weighing.confidence is None else float(weighing.confidence),
            top_k=[PredictionDocument.of(prediction, language) for prediction in weighing.top_k],
            weight_kg=kilograms(weighing.load.weight_kg if weighing.load else None),
            tare_kg=kilograms(weighing.tare_kg),
            net_kg=kilograms(weighing.net_kg),
            unit=weighing.unit,
            quantity=weighing.quantity,
            unit_price=money(weighing.unit_price, weighing.currency),
            price=money(weighing.price, weighing.currency),
            currency=weighing.currency,
            needs_confirmation=weighing.needs_confirmation,
            confirmed_label=weighing.confirmed_label,
            confirmed_by=weighing.confirmed_by,
            confirmed_at=weighing.confirmed_at,
            suspicious=weighing.suspicious,
            suspicious_reason=weighing.suspicious_reason,
            charged_offline=weighing.charged_offline,
            model=weighing.model,
            timings={name: float(value) for name, value in weighing.timings.items()},
            upload_key=weighing.upload_key,
            created_at=weighing.created_at,
            error=weighing.error,
            correlation_id=weighing.correlation_id,
        )


class HistoryPage(BaseModel):
    """Weighings, newest first; `next_cursor` asks for those before."""

    items: list[Result]
    next_cursor: str | None


class CataloguePrice(BaseModel):
    """A unit price, and from when it holds."""

    unit_price: str
    valid_from: datetime

    @classmethod
    def of(cls, price: Price, currency: str) -> Self:
        """The document of a price."""
        said = str(money(price.unit_price, currency))
        return cls(unit_price=said, valid_from=price.valid_from)


class CatalogueItem(BaseModel):
    """What is sold under a label, at the price that holds now; `prices` has those to come too."""

    label: str
    plu: str
    category: str
    names: dict[str, str]
    unit: Unit
    unit_price: str | None
    currency: str
    tare_kg: str
    piece_kg_min: str | None
    piece_kg_max: str | None
    sold_as: SoldAs | None
    picture_url: str | None
    valid_from: datetime
    prices: list[CataloguePrice]

    @classmethod
    def of(cls, item: Item, now: datetime) -> Self:
        """The document of an item; a price that starts later is shown when it has started."""
        prices = item.prices_from(now)
        return cls(
            label=item.label,
            plu=item.plu,
            category=item.category,
            names=item.names,
            unit=item.unit,
            unit_price=money(item.unit_price_at(now), item.currency),
            currency=item.currency,
            tare_kg=str(item.tare_kg),
            piece_kg_min=kilograms(item.piece_kg_min),
            piece_kg_max=kilograms(item.piece_kg_max),
            sold_as=item.sold_as,
            picture_url=item.picture and f"/v1/catalogue/pictures/{item.picture}",
            valid_from=prices[0].valid_from,
            prices=[CataloguePrice.of(price, item.currency) for price in prices],
        )


class CatalogueDocument(BaseModel):
    """What the shop sells."""

    items: list[CatalogueItem]


class EditableItem(CatalogueItem):
    """An item as who edits it sees it: the prices before, too."""

    aliases: list[str]
    past_prices: list[CataloguePrice]
    retired: bool
    version: int

    @classmethod
    def of(cls, item: Item, now: datetime) -> Self:
        """The document of an item."""
        coming = item.prices_from(now)
        return cls(
            **CatalogueItem.of(item, now).model_dump(),
            aliases=list(item.aliases),
            past_prices=[
                CataloguePrice.of(price, item.currency)
                for price in item.prices
                if price not in coming
            ],
            retired=item.retired,
            version=item.version,
        )


class EditableCatalogue(BaseModel):
    """Everything that was ever sold."""

    items: list[EditableItem]


class ChangeDocument(BaseModel):
    """What becomes of an item."""

    label: str
    name: str
    kind: ChangeKind
    fields: list[FieldChange]

    @classmethod
    def of(cls, change: ItemChange, language: str = FALLBACK_LANGUAGE) -> Self:
        """The document of a change."""
        item = change.item
        return cls(
            label=item.label,
            name=in_language(item.names, language, item.label),
            kind=change.kind,
            fields=list(change.fields),
        )


class ImportDocument(BaseModel):
    """What a file of items changes, or has changed; `fingerprint` names just these changes."""

    applied: bool
    fingerprint: str
    counts: dict[ChangeKind, int]
    changes: list[ChangeDocument]

    @classmethod
    def of(
        cls, changes: list[ItemChange], moment: datetime, language: str, *, applied: bool
    ) -> Self:
        """The document; items that stay as they are are only counted."""
        kinds = Counter(change.kind for change in changes)
        return cls(
            applied=applied,
            fingerprint=fingerprint(changes, moment),
            counts={kind: kinds[kind] for kind in ChangeKind},
            changes=[
                ChangeDocument.of(change, language)
                for change in changes
                if change.kind is not ChangeKind.UNCHANGED
            ],
        )


class LatencyDocument(BaseModel):
    """Milliseconds from accepted to stored; None when nothing was recognised."""

    average: float | None
    p95: float | None


class LabelCount(BaseModel):
    """How often a label was the answer."""

    label: str
    name: str
    count: int


class AnalyticsPoint(BaseModel):
    """The figures of one period."""

    at: datetime
    requests: int
    latency_average: float | None
    latency_p95: float | None
    low_confidence_rate: float | None
    errors: int

    @classmethod
    def of(cls, point: Point) -> Self:
        """The document of a point."""
        return cls.model_validate(point, from_attributes=True)


class ConfusionDocument(BaseModel):
    """How often something was recognised as one item and confirmed as another, or the same."""

    predicted: str
    predicted_name: str
    confirmed: str
    confirmed_name: str
    count: int


class ConfidenceDocument(BaseModel):
    """How sure the answers of a day (UTC) were, and the share that needed a confirmation."""

    day: date
    weighings: int
    average: float
    low_rate: float


class ScaleDocument(BaseModel):
    """How one scale does; latency in ms, None where nothing was recognised."""

    scale_id: str
    last_seen: datetime
    weighings: int
    error_rate: float
    low_confidence_rate: float | None
    latency_average: float | None
    latency_p95: float | None


class InsightsDocument(BaseModel):
    """What the weighings of the time say; of the newest ones where they are too many."""

    weighings: int
    complete: bool
    since: datetime | None
    confirmed: int
    confusion: list[ConfusionDocument]
    confidence: list[ConfidenceDocument]
    scales: list[ScaleDocument]

    @classmethod
    def of(cls, insights: Insights, names: dict[str, str]) -> Self:
        """The document, with labels named for people."""
        return cls(
            weighings=insights.weighings,
            complete=insights.complete,
            since=insights.since,
            confirmed=insights.confirmed,
            confusion=[
                ConfusionDocument(
                    predicted=pair.predicted,
                    predicted_name=names.get(pair.predicted, pair.predicted),
                    confirmed=pair.confirmed,
                    confirmed_name=names.get(pair.confirmed, pair.confirmed),
                    count=pair.count,
                )
                for pair in insights.confusion
            ],
            confidence=[
                ConfidenceDocument.model_validate(day, from_attributes=True)
                for day in insights.confidence
            ],
            scales=[
                ScaleDocument.model_validate(scale, from_attributes=True)
                for scale in insights.scales
            ],
        )


class AnalyticsDocument(BaseModel):
    """How the system is doing."""

    from_: datetime = Field(serialization_alias="from")
    to: datetime
    period_seconds: int
    total_requests: int
    latency_ms: LatencyDocument
    low_confidence_rate: float | None
    errors: int
    top_labels: list[LabelCount]
    series: list[AnalyticsPoint]
    insights: InsightsDocument

    @classmethod
    def of(cls, analytics: Analytics, insights: Insights, names: dict[str, str]) -> Self:
        """The document, with labels named for people."""
        total = analytics.total
        return cls(
            from_=analytics.start,
            to=analytics.end,
            period_seconds=analytics.period_seconds,
            total_requests=total.requests,
            latency_ms=LatencyDocument(average=total.latency_average, p95=total.latency_p95),
            low_confidence_rate=total.low_confidence_rate,
            errors=total.errors,
            top_labels=[
                LabelCount(label=label, name=names.get(label, label), count=count)
                for label, count in analytics.top_labels
            ],
            series=[AnalyticsPoint.of(point) for point in analytics.series],
            insights=InsightsDocument.of(insights, names),
        )


def in_language(names: dict[str, str], language: str, otherwise: str | None) -> str:
    """A name in a language, else in English, else the label."""
    return names.get(language) or names.get(FALLBACK_LANGUAGE) or otherwise or ""


def money(amount: Decimal | None, currency: str | None) -> str | None:
    """An amount as text with the currency's decimals; a unit price may have more."""
    if amount is None or currency is None:
        return None
    cents = to_cent(amount, currency)
    return str(cents if cents == amount else amount.normalize())


def kilograms(weight: Decimal | None) -> str | None:
    """A weight as text with three decimals."""
    return None if weight is None else str(weight.quantize(Decimal("0.001")))
