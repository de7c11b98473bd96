"""The event `WeighingCompleted`, which tells other systems what became of a weighing.

Its id is the same however often it comes, and the path of its ledger record:
`ledger/YYYY/MM/DD/<id>.json`. The envelope is CloudEvents 1.0.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from smartscale.domain.weighing import ConfirmedBy, ModelRef, Status, Unit, Weighing

EVENT_TYPE: Final = "smartscale.weighing.completed.v1"
SCHEMA_ID: Final = "urn:smartscale:schema:weighing-completed:v1"
Outcome = Literal["done", "failed", "confirmed"]


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
    needs_count: bool = Field(
        description="the weight leaves more than one number of pieces: the price waits for a count"
    )
    unit_price: Decimal | None
    price: Decimal | None
    currency: str | None = Field(description="ISO 4217")
    confirmations: int
    version: int = Field(
        description="grows with each event of a weighing: of two, the higher is the later word"
    )
    voided: bool = Field(description="staff made it no sale: it counts no more")
    confirmed_by: ConfirmedBy | None
    confirmed_at: datetime | None
    suspicious: bool
    model: ModelRef | None
    upload_key: str
    correlation_id: str | None
    error: str | None = Field(description="why it failed")

    @model_validator(mode="before")
    @classmethod
    def _of_an_earlier_version(cls, said: Any) -> Any:
        """An event that waits in a queue from before there were versions."""
        if isinstance(said, dict) and "version" not in said and "confirmations" in said:
            version = 0 if said.get("outcome") == "failed" else 1 + int(said["confirmations"])
            return {**said, "version": version}
        return said

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
                "version": weighing.version,
                "voided": weighing.voided is not None,
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
            time=_changed_at(weighing),
            data=WeighingOutcome.of(weighing),
        )


def _changed_at(weighing: Weighing) -> datetime:
    if weighing.acted_last:
        return weighing.acts[-1].at
    return weighing.confirmed_at or weighing.completed_at


def event_schema() -> dict[str, Any]:
    """The JSON schema of the event, as docs/schemas publishes it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **WeighingCompleted.model_json_schema(mode="serialization"),
    }


def _outcome(weighing: Weighing) -> Outcome:
    if weighing.confirmations:
        return "confirmed"
    return "done" if weighing.status is Status.DONE else "failed"
