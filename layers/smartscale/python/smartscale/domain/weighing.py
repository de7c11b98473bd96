"""A weighing: what was put on the scale, what it was taken for, and what it costs.

A weighing starts as an image object and has no outcome (`pending`). It ends `done` or `failed`;
a failed one may still become `done` when it is processed again. A done one may be confirmed, any
number of times; each confirmation prices it anew.
"""

import hashlib
import re
import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

from smartscale.domain.errors import Conflict, InvalidInput

MAX_WEIGHT_KG = Decimal(30)
MAX_QUANTITY = 99
DEFAULT_SCALE_ID = "unknown-scale"

_KILOGRAMS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?", re.ASCII)
_SCALE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_JOB_ID = re.compile(r"0[0-9a-f]{31}", re.ASCII)  # the year 2527 is the last
_TIME_DIGITS = 12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Status(StrEnum):
    """Where a weighing stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class Unit(StrEnum):
    """What a unit price is a price of."""

    KG = "kg"
    EACH = "each"


class ConfirmedBy(StrEnum):
    """Who said what it is."""

    SHOPPER = "shopper"
    ATTENDANT = "attendant"


class ModelRef(BaseModel):
    """Names one model package."""

    model_config = ConfigDict(frozen=True)

    id: str
    revision: str


class Load(BaseModel):
    """What the scale shows: gross weight, the tare the shopper asked for, and how many pieces.

    `tare_kg` is None when nobody gave one: then the item's own tare from the catalogue applies.
    """

    model_config = ConfigDict(frozen=True)

    weight_kg: Decimal
    tare_kg: Decimal | None = None
    quantity: int = 1

    @classmethod
    def parse(
        cls, weight: str | None, tare: str | None = None, quantity: str | int | None = None
    ) -> Self:
        """Read a load from text.

        Raises:
            InvalidInput: weight is not above 0 and at most 30 kg with at most 3 decimals, tare is
                not below the weight, or quantity is not a whole number from 1 to 99.
        """
        if weight is None or not weight.strip():
            raise InvalidInput("The weight is missing: send it in kilograms, such as 0.450.")
        weight_kg = _kilograms("weight", weight)
        if weight_kg <= 0:
            raise InvalidInput("The weight must be above 0 kg.")
        if weight_kg > MAX_WEIGHT_KG:
            raise InvalidInput(f"The weight must be at most {MAX_WEIGHT_KG} kg.")
        tare_kg = None
        if tare is not None and tare.strip():
            tare_kg = _kilograms("tare", tare)
            if tare_kg >= weight_kg:
                raise InvalidInput(
                    f"The tare ({tare_kg} kg) must be below the weight ({weight_kg} kg)."
                )
        return cls(weight_kg=weight_kg, tare_kg=tare_kg, quantity=parse_quantity(quantity))


def _kilograms(what: str, text: str) -> Decimal:
    text = text.strip()
    if not _KILOGRAMS.fullmatch(text):
        raise InvalidInput(
            f"The {what} {text[:40]!r} is not a weight: send kilograms as a plain decimal number "
            "with at most 3 decimals, such as 0.450."
        )
    return Decimal(text).quantize(Decimal("0.001"))


def parse_quantity(quantity: str | int | None) -> int:
    """A number of pieces, 1 when none is given.

    Raises:
        InvalidInput: it is not a whole number from 1 to 99.
    """
    if quantity is None or quantity == "":
        return 1
    text = str(quantity).strip()
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_QUANTITY):
        raise InvalidInput(f"The quantity must be a whole number from 1 to {MAX_QUANTITY}.")
    return int(text)


def parse_scale_id(scale_id: str | None) -> str:
    """The scale a weighing comes from.

    Raises:
        InvalidInput: it holds other characters than letters, digits, `.`, `_`, `-`.
    """
    if scale_id is None or not scale_id.strip():
        return DEFAULT_SCALE_ID
    if not _SCALE_ID.fullmatch(scale_id.strip()):
        raise InvalidInput(
            "The scale id must be 1 to 64 letters, digits, dots, dashes or underscores."
        )
    return scale_id.strip()


def new_job_id(now: datetime) -> str:
    """An id that sorts by time and cannot be guessed: 48 bits of milliseconds, 80 random bits.

    The time in front makes the id enough to find a weighing's objects and its place in the
    history, so no look-up table is needed.
    """
    return _job_id(now, secrets.token_hex(10))


def job_id_for_object(key: str, etag: str, stored_at: datetime) -> str:
    """The id of a weighing whose image somebody else dropped into the bucket.

    The same stored object always gives the same id, however often its event is delivered; an
    object written anew under the same key is a new weighing.
    """
    digest = hashlib.sha256(f"{key}\n{etag}\n{stored_at.isoformat()}".encode()).hexdigest()
    return _job_id(stored_at, digest[:20])


def _job_id(moment: datetime, unique: str) -> str:
    return time_digits(moment) + unique


def time_digits(moment: datetime) -> str:
    """The front of a job id of this moment: its milliseconds since 1970, as 12 hex digits."""
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return f"{milliseconds:0{_TIME_DIGITS}x}"


def is_job_id(text: str) -> bool:
    """Whether the text has the form of a job id."""
    return _JOB_ID.fullmatch(text) is not None


def job_time(job_id: str) -> datetime:
    """The moment inside a job id, in UTC with milliseconds."""
    return _EPOCH + timedelta(milliseconds=int(job_id[:_TIME_DIGITS], 16))


class Candidate(BaseModel):
    """One item the picture may show, with what it would cost.

    The price fields are None when the catalogue sells no such item. `confidence` is the calibrated
    probability, 0 to 1.
    """

    model_config = ConfigDict(frozen=True)

    label: str
    confidence: Decimal
    plu: str | None = None
    names: dict[str, str] = {}
    unit: Unit | None = None
    unit_price: Decimal | None = None
    quantity: int = 1
    tare_kg: Decimal | None = None
    net_kg: Decimal | None = None
    total: Decimal | None = None
    currency: str | None = None


class Weighing(BaseModel):
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
    names: dict[str, str] = {}
    confidence: Decimal | None = None
    top_k: tuple[Candidate, ...] = ()
    needs_confirmation: bool = False
    tare_kg: Decimal | None = None
    net_kg: Decimal | None = None
    unit: Unit | None = None
    quantity: int = 1
    unit_price: Decimal | None = None
    price: Decimal | None = None
    currency: str | None = None
    model: ModelRef | None = None
    timings: dict[str, Decimal] = {}
    confirmations: int = 0
    confirmed_label: str | None = None
    confirmed_by: ConfirmedBy | None = None
    confirmed_at: datetime | None = None
    error: str | None = None

    @property
    def sold_label(self) -> str | None:
        """What it is sold as: the confirmed label, else the predicted one."""
        return self.confirmed_label or self.label

    @property
    def event(self) -> str:
        """The name of the ledger entry that led to this state."""
        if self.confirmations:
            return f"confirmed-{self.confirmations:04d}"
        return self.status.value

    @property
    def was_corrected(self) -> bool:
        """Whether the confirmed label is not the one that was predicted."""
        return self.confirmed_label is not None and self.confirmed_label != self.label

    @property
    def version(self) -> int:
        """Grows with each change of state: a stored state is only replaced by a later version."""
        return 1 + self.confirmations if self.status is Status.DONE else 0

    def confirm(
        self, candidate: Candidate, confirmed_by: ConfirmedBy, confirmed_at: datetime
    ) -> Self:
        """The weighing sold as the given, priced candidate.

        Raises:
            Conflict: the weighing failed, or the item has no price.
        """
        if self.status is not Status.DONE:
            raise Conflict(
                f"This weighing failed ({self.error}). Put the item on the scale and weigh again."
            )
        if candidate.total is None:
            raise Conflict(f"{candidate.label} has no price in the catalogue yet.")
        return self.model_copy(
            update={
                **priced_as(candidate),
                "needs_confirmation": False,
                "confirmations": self.confirmations + 1,
                "confirmed_label": candidate.label,
                "confirmed_by": confirmed_by,
                "confirmed_at": confirmed_at,
            }
        )


def priced_as(candidate: Candidate) -> dict[str, object]:
    """The fields of a weighing that follow from the item it is sold as."""
    return {
        "names": candidate.names,
        "tare_kg": candidate.tare_kg,
        "net_kg": candidate.net_kg,
        "unit": candidate.unit,
        "quantity": candidate.quantity,
        "unit_price": candidate.unit_price,
        "price": candidate.total,
        "currency": candidate.currency,
    }
