"""Tell other systems what became of a weighing: the event `WeighingCompleted`.

An event is published at least once. It has an id that is the same each time, and the path of its
ledger record: `ledger/YYYY/MM/DD/<id>.json`. The envelope is CloudEvents 1.0.
"""

import json
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from smartscale.clock import now
from smartscale.domain.errors import StoreUnavailable
from smartscale.domain.weighing import ConfirmedBy, ModelRef, Status, Unit, Weighing
from smartscale.operations.ports import Events, Queue

EVENT_TYPE: Final = "smartscale.weighing.completed.v1"
SCHEMA_ID: Final = "urn:smartscale:schema:weighing-completed:v1"
Outcome = Literal["done", "failed", "confirmed"]
ANNOUNCE = "announce"
_RECOVERY = timedelta(seconds=60)
_log = logging.getLogger(__name__)


class WeighingOutcome(BaseModel):
    """What became of a weighing. Weights are kilograms; weights and money are decimal strings."""

    model_config = ConfigDict(frozen=True)

    job_id: str
    outcome: Outcome = Field(
        description="done: recognised; failed: see error; confirmed: somebody said what it is"
    )
    scale_id: str
    created_at: datetime
    completed_at: datetime
    label: str | None = Field(description="what it is sold as")
    recognised_label: str | None = Field(description="what the model took it for")
    names: dict[str, str] = Field(description="the item's name by language")
    confidence: Decimal | None = Field(description="0 to 1, of what the model took it for")
    needs_confirmation: bool
    weight_kg: Decimal | None = Field(description="gross")
    tare_kg: Decimal | None
    net_kg: Decimal | None
    unit: Unit | None = Field(description="what the unit price is a price of")
    quantity: int
    unit_price: Decimal | None
    price: Decimal | None
    currency: str | None = Field(description="ISO 4217")
    confirmations: int
    confirmed_by: ConfirmedBy | None
    confirmed_at: datetime | None
    suspicious: bool
    model: ModelRef | None
    upload_key: str
    correlation_id: str | None
    error: str | None = Field(description="why it failed")

    @classmethod
    def of(cls, weighing: Weighing) -> Self:
        """The outcome that a state of a weighing is."""
        kept = weighing.model_dump(include=cls.model_fields.keys() & Weighing.model_fields.keys())
        return cls(
            **kept
            | {
                "outcome": _outcome(weighing),
                "label": weighing.sold_label,
                "recognised_label": weighing.label,
                "weight_kg": weighing.load.weight_kg if weighing.load else None,
                "suspicious": weighing.suspicious,
            }
        )


class WeighingCompleted(BaseModel):
    """The event, in the envelope of CloudEvents 1.0 (https://cloudevents.io)."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(description="the same however often the event comes; tells duplicates")
    source: str = Field(description="the scale, as /scales/<scale_id>")
    type: Literal["smartscale.weighing.completed.v1"] = EVENT_TYPE
    subject: str = Field(description="the job id")
    time: datetime = Field(description="when the outcome came about")
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Literal["urn:smartscale:schema:weighing-completed:v1"] = SCHEMA_ID
    data: WeighingOutcome

    @classmethod
    def of(cls, weighing: Weighing) -> Self:
        """The event that a state of a weighing is told by."""
        return cls(
            id=f"{weighing.job_id}/{weighing.event}",
            source=f"/scales/{weighing.scale_id}",
            subject=weighing.job_id,
            time=weighing.confirmed_at or weighing.completed_at,
            data=WeighingOutcome.of(weighing),
        )


def event_schema() -> dict[str, Any]:
    """The JSON schema of the event, as docs/schemas publishes it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **WeighingCompleted.model_json_schema(mode="serialization"),
    }


class Announce:
    """Publishes events; when the topic is away, the queue keeps them until it is back."""

    def __init__(self, events: Events, queue: Queue, now: Callable[[], datetime] = now) -> None:
        self._events = events
        self._queue = queue
        self._now = now
        self._away_until: datetime | None = None

    def tell(self, weighing: Weighing) -> None:
        """Publish what became of a weighing, or leave that to whoever works on the queue."""
        event = WeighingCompleted.of(weighing)
        if self._away_until is None or self._now() >= self._away_until:
            try:
                self._events.publish(event)
            except StoreUnavailable as error:
                # The batch and the shopper must not wait for every event in vain.
                self._away_until = self._now() + _RECOVERY
                _log.warning("the event is kept in the queue", extra={"reason": str(error)})
            else:
                self._away_until = None
                return
        self._queue.send(announcement_message(event))

    def publish(self, event: WeighingCompleted) -> None:
        """Publish an event that the queue kept.

        Raises:
            StoreUnavailable: the topic is still away; the queue delivers the event again.
        """
        self._events.publish(event)


def announcement_message(event: WeighingCompleted) -> str:
    """A message that keeps an event until it is published."""
    return json.dumps({ANNOUNCE: event.model_dump(mode="json")})


def announcement_of(body: str) -> WeighingCompleted | None:
    """The event that a message keeps; None for any other message."""
    try:
        return WeighingCompleted.model_validate(json.loads(body)[ANNOUNCE])
    except (ValueError, KeyError, TypeError, ValidationError):
        return None


def _outcome(weighing: Weighing) -> Outcome:
    if weighing.confirmations:
        return "confirmed"
    return "done" if weighing.status is Status.DONE else "failed"
