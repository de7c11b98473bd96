"""A weighing: what was put on the scale, what it was taken for, and what it costs.

A weighing starts as an image object and has no outcome (`pending`). It ends `done` or `failed`;
a failed one may still become `done` when it is processed again. A done one may be confirmed, any
number of times; each confirmation prices it anew.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from smartscale.domain.declaration import Declaration
from smartscale.domain.errors import Conflict
from smartscale.domain.load import Load


class Status(StrEnum):
    """Where a weighing stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class Unit(StrEnum):
    """What a unit price is a price of."""

    KG = "kg"
    HUNDRED_GRAMS = "100g"
    LB = "lb"
    """The international avoirdupois pound, 0.45359237 kg."""
    EACH = "each"


class ConfirmedBy(StrEnum):
    """Who confirmed what the item is."""

    SHOPPER = "shopper"
    ATTENDANT = "attendant"
    KIOSK = "kiosk"
    """No person: a kiosk without its service was sure, and charged without a question."""


class Act(StrEnum):
    """What staff do to a weighing besides saying what it is."""

    VOID = "void"
    """It was no sale: it counts no more, and has no label."""
    REPRINT = "reprint"
    """Another label of it is printed."""


class StaffAct(BaseModel):
    """What was done to a weighing, by whom, and when."""

    model_config = ConfigDict(frozen=True)

    what: Act
    staff: str
    at: datetime


class ModelRef(BaseModel):
    """Names one model package."""

    model_config = ConfigDict(frozen=True)

    id: str
    revision: str


NO_MODEL = ModelRef(id="none", revision="0")
"""Stands where no model has looked: there was no picture, or no model."""


class Pieces(BaseModel):
    """How many pieces of an item weigh what is on the scale: `least` to `most`, likely `suggested`.

    More than `at_most` cannot weigh so little. Fewer than `odd_below` would be much too heavy.
    """

    model_config = ConfigDict(frozen=True)

    suggested: int
    least: int
    most: int
    at_most: int
    odd_below: int = 1
    clear: bool
    """Whether there is only one number that it can be."""

    def can_be(self, quantity: int) -> bool:
        """Whether so many pieces can weigh what is on the scale."""
        return self.odd_below <= quantity <= self.at_most


class Shown(Declaration):
    """What a price is shown with, as it was when the price was made: what is declared of the item,
    and of an offer the unit price before and its end. A label that is printed again says the same.
    """

    unit_price_before: Decimal | None = None
    offer_until: AwareDatetime | None = None

    @property
    def shown(self) -> dict[str, object]:
        """All of it, by its fields."""
        return {name: getattr(self, name) for name in Shown.model_fields}


class Prediction(Shown):
    """One item the picture may show, with what it would cost.

    The price fields are None when the catalogue sells no such item, and `pieces` unless it is sold
    by the piece. `confidence` is the calibrated probability, 0 to 1.
    """

    model_config = ConfigDict(frozen=True)

    label: str
    confidence: Decimal
    plu: str | None = None
    names: dict[str, str] = Field(default={})
    unit: Unit | None = None
    unit_price: Decimal | None = None
    quantity: int = 1
    pieces: Pieces | None = None
    counted: bool = False
    """Whether somebody has counted the pieces; else `quantity` is what their weight suggests."""
    tare_kg: Decimal | None = None
    net_kg: Decimal | None = None
    total: Decimal | None = None
    currency: str | None = None

    @property
    def needs_count(self) -> bool:
        """Whether somebody has to count: the weight leaves more than one number."""
        return self.pieces is not None and not (self.counted or self.pieces.clear)


_CONFIRMED = "confirmed-"


class Weighing(Shown):
    """One weighing with its outcome. The ledger keeps exactly this as JSON.

    Weights are kilograms, `timings` are milliseconds, times are UTC.
    """

    model_config = ConfigDict(frozen=True)

    job_id: str
    status: Status
    scale_id: str
    upload_key: str
    created_at: datetime
    completed_at: datetime
    load: Load | None = None
    label: str | None = None
    names: dict[str, str] = Field(default={})
    confidence: Decimal | None = None
    top_k: tuple[Prediction, ...] = ()
    needs_confirmation: bool = False
    asked: bool = False
    """Whether it needed a confirmation when it was recognised. Confirming does not change it."""
    audited: bool = False
    """Whether it was asked only so that one knows how often such answers are right."""
    tare_kg: Decimal | None = None
    net_kg: Decimal | None = None
    unit: Unit | None = None
    quantity: int = 1
    pieces: Pieces | None = None
    counted: bool = False
    """Whether somebody has counted the pieces."""
    needs_count: bool = False
    """Whether the price waits for somebody to count the pieces."""
    unit_price: Decimal | None = None
    price: Decimal | None = None
    currency: str | None = None
    model: ModelRef | None = None
    timings: dict[str, Decimal] = Field(default={})
    confirmations: int = 0
    confirmed_label: str | None = None
    confirmed_by: ConfirmedBy | None = None
    confirmed_at: datetime | None = None
    suspicious_reason: str | None = None
    suspected_label: str | None = None
    """What the last suspicious confirmation sold it as; it stays when an attendant has looked."""
    charged_offline: bool = False
    """Whether the price is what a scale charged while it was cut off."""
    confirmed_by_staff: str | None = None
    """Who of the staff confirmed it last, such as attendant@kiosk-1."""
    acts: tuple[StaffAct, ...] = ()
    acted_last: bool = False
    """Whether the last change was an act of staff, and no confirmation."""
    error: str | None = None
    correlation_id: str | None = None

    @property
    def voided(self) -> StaffAct | None:
        """Who made it no sale, and when; None for what counts."""
        return next((act for act in self.acts if act.what is Act.VOID), None)

    @property
    def sold_label(self) -> str | None:
        """What it is sold as: the confirmed label, else the predicted one."""
        return self.confirmed_label or self.label

    @property
    def event(self) -> str:
        """The name of the ledger entry that led to this state."""
        # One row of numbers for all changes: of two at once the ledger takes one first.
        if changes := self.confirmations + len(self.acts):
            return f"{_CONFIRMED}{changes:04d}"
        return self.status.value

    @property
    def was_corrected(self) -> bool:
        """Whether the confirmed label is not the one that was predicted."""
        return self.confirmed_label is not None and self.confirmed_label != self.label

    @property
    def suspicious(self) -> bool:
        """Whether an attendant should look at its last confirmation."""
        return self.suspicious_reason is not None

    @property
    def version(self) -> int:
        """Grows with each change of state: a stored state is only replaced by a later version."""
        return 1 + self.confirmations + len(self.acts) if self.status is Status.DONE else 0

    def load_to_sell(self, quantity: int | None = None, *, charged: bool = False) -> Load:
        """The load to price when a person confirms the item.

        Args:
            quantity: how many pieces somebody counted; None leaves as many as were counted before.
            charged: whether a kiosk has already charged it; then even a failed weighing can be
                confirmed.

        Raises:
            Conflict: the weighing failed.
        """
        if self.load is None or not (charged or self.status is Status.DONE):
            raise Conflict("This weighing failed: put the item on the scale and weigh it again.")
        counted = quantity or (self.quantity if self.counted else None)
        return self.load if counted is None else self.load.model_copy(update={"quantity": counted})

    def confirm(
        self,
        prediction: Prediction,
        confirmed_by: ConfirmedBy,
        confirmed_at: datetime,
        suspicious_reason: str | None = None,
        *,
        charged_offline: bool = False,
    ) -> Self:
        """The weighing sold as the given prediction, which is priced from `load_to_sell`.

        A later confirmation replaces the suspicion that an earlier one caused.

        Raises:
            Conflict: the item has no price, or the weighing was voided.
        """
        self._refuse_voided()
        if prediction.total is None:
            raise Conflict(f"{prediction.label} has no price in the catalogue yet.")
        return self.model_copy(
            update={
                **priced_as(prediction),
                "status": Status.DONE,
                "error": None,
                "needs_confirmation": False,
                "confirmations": self.confirmations + 1,
                "confirmed_label": prediction.label,
                "confirmed_by": confirmed_by,
                "confirmed_at": confirmed_at,
                "suspicious_reason": suspicious_reason,
                "suspected_label": prediction.label if suspicious_reason else self.suspected_label,
                "charged_offline": charged_offline,
                "acted_last": False,
            }
        )

    def act(self, what: Act, staff: str, at: datetime) -> Self:
        """The weighing after something that staff did to it.

        Raises:
            Conflict: it has no outcome, or was voided.
        """
        if self.status is not Status.DONE:
            raise Conflict("This weighing failed: there is nothing to void or to print again.")
        self._refuse_voided()
        # Nothing is left to be asked or looked at of what is no sale.
        settled = {"suspicious_reason": None, "needs_confirmation": False}
        done = StaffAct(what=what, staff=staff, at=at)
        return self.model_copy(
            update={
                "acts": (*self.acts, done),
                "acted_last": True,
                **(settled if what is Act.VOID else {}),
            }
        )

    def _refuse_voided(self) -> None:
        if self.voided is not None:
            raise Conflict("This weighing was voided: weigh the item again.")


def event_version(event: str) -> int:
    """The version of the state that a ledger entry of this name led to; -1 for no such name."""
    if event.startswith(_CONFIRMED):
        return 1 + int(event.removeprefix(_CONFIRMED))
    return {Status.FAILED.value: 0, Status.DONE.value: 1}.get(event, -1)


def priced_as(prediction: Prediction) -> dict[str, object]:
    """The fields of a weighing that follow from the item it is sold as."""
    return {
        "names": prediction.names,
        "tare_kg": prediction.tare_kg,
        "net_kg": prediction.net_kg,
        "unit": prediction.unit,
        "quantity": prediction.quantity,
        "pieces": prediction.pieces,
        "counted": prediction.counted,
        "needs_count": prediction.needs_count,
        "unit_price": prediction.unit_price,
        "price": prediction.total,
        "currency": prediction.currency,
        **prediction.shown,
    }
