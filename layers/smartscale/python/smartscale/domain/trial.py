"""A trial: a candidate model runs beside the active one, is measured, and ends by limits.

As a shadow the candidate answers a share of the weighings after the active model has, and nobody
sees what it says. As a canary it answers for a share of the scales, prices included. Which
weighings and scales these are is computed from their ids, so that all workers agree.
"""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from smartscale.domain.errors import Conflict
from smartscale.domain.weighing import ModelRef

LATELY = timedelta(minutes=10)
"""A candidate is judged over the whole trial and over each window of this length: by the whole
alone, one that begins to fail after a good week would be taken back much too late."""
_BUCKETS = 1_000_000
_ONE = Decimal(1)


class Mode(StrEnum):
    """What a candidate is tried as."""

    SHADOW = "shadow"
    CANARY = "canary"


class TrialState(StrEnum):
    """What became of a candidate."""

    RUNNING = "running"
    PROMOTED = "promoted"
    """It serves now."""
    STOPPED = "stopped"
    ROLLED_BACK = "rolled_back"
    """It passed one of its limits, or cannot be loaded."""


class Limits(BaseModel):
    """What a candidate may not exceed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error_rate: Decimal = Field(default=Decimal("0.05"), ge=0, le=1)
    """Share of the times it was asked."""
    low_confidence_rate: Decimal = Field(default=Decimal("0.80"), ge=0, le=1)
    """Share of its answers that a person would have to confirm."""
    minimum_answers: int = Field(default=30, ge=1, le=1_000_000)
    """How often it is asked before it is judged."""


class Tally(BaseModel):
    """How one of the two models has done so far. Sums, so that tallies can be added."""

    model_config = ConfigDict(frozen=True)

    answers: int = 0
    errors: int = 0
    """How often it was asked and gave no answer."""
    low_confidence: int = 0
    """How many of its answers a person has to confirm."""
    confidence: Decimal = Decimal(0)
    """The sum over its answers; each is 0 to 1."""
    latency_ms: Decimal = Decimal(0)
    """The sum over its answers."""

    @classmethod
    def of_answer(cls, confidence: Decimal, latency_ms: Decimal, *, low: bool) -> Self:
        """One answer."""
        return cls(answers=1, confidence=confidence, latency_ms=latency_ms, low_confidence=low)

    def __add__(self, other: "Tally") -> "Tally":
        """Both together."""
        return Tally(
            **{name: getattr(self, name) + getattr(other, name) for name in Tally.model_fields}
        )

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return self.answers + self.errors

    @property
    def error_rate(self) -> Decimal | None:
        """Share of the times it was asked; None when it was not."""
        return Decimal(self.errors) / self.asked if self.asked else None

    @property
    def low_confidence_rate(self) -> Decimal | None:
        """Share of its answers; None when there are none."""
        return self._mean(Decimal(self.low_confidence))

    @property
    def mean_confidence(self) -> Decimal | None:
        """Over its answers; None when there are none."""
        return self._mean(self.confidence)

    @property
    def mean_latency_ms(self) -> Decimal | None:
        """Over its answers; None when there are none."""
        return self._mean(self.latency_ms)

    def _mean(self, total: Decimal) -> Decimal | None:
        return total / self.answers if self.answers else None


class Tallies(BaseModel):
    """How both models have done on the weighings of a trial."""

    model_config = ConfigDict(frozen=True)

    active: Tally = Tally()
    candidate: Tally = Tally()
    compared: int = 0
    """How many weighings both have answered."""
    agreed: int = 0
    """To how many of them they gave the same answer."""
    skipped: int = 0
    """How many a shadow was not asked about, because shoppers were waiting."""

    def __add__(self, other: "Tallies") -> "Tallies":
        """Both together."""
        return Tallies(
            **{name: getattr(self, name) + getattr(other, name) for name in Tallies.model_fields}
        )

    @property
    def agreement(self) -> Decimal | None:
        """Share of the weighings that both have answered; None when there are none."""
        return Decimal(self.agreed) / self.compared if self.compared else None


class Trial(BaseModel):
    """A candidate beside the active model. Each trial has the next number; the last one counts."""

    model_config = ConfigDict(frozen=True)

    number: int
    model: ModelRef
    against: ModelRef
    """The model that was active when it began; a trial beside another one is another trial."""
    mode: Mode
    share: Decimal = Field(gt=0, le=1)
    """Of the weighings for a shadow, of the scales for a canary."""
    limits: Limits = Limits()
    started_at: datetime
    state: TrialState = TrialState.RUNNING
    ended_at: datetime | None = None
    reason: str | None = None
    """Why it ended, where nobody asked for that."""

    @property
    def running(self) -> bool:
        """Whether the candidate is asked."""
        return self.state is TrialState.RUNNING

    def shadows(self, job_id: str) -> bool:
        """Whether a weighing is one that a shadow also answers."""
        return self.running and self.mode is Mode.SHADOW and self._chosen(job_id)

    def answers_for(self, scale_id: str) -> bool:
        """Whether a scale is one that a canary answers for, as long as its trial runs.

        A larger share of the same model keeps the scales of a smaller one.
        """
        return self.running and self.mode is Mode.CANARY and self._chosen(scale_id)

    def _chosen(self, name: str) -> bool:
        said = f"{self.model.id}\n{self.model.revision}\n{name}"
        place = int.from_bytes(hashlib.sha256(said.encode()).digest()[:8]) % _BUCKETS
        return place < self.share * _BUCKETS

    def verdict(self, candidate: Tally) -> str | None:
        """Why the candidate has to be taken back; None while it is within its limits."""
        limits = self.limits
        if candidate.asked < limits.minimum_answers:
            return None
        for what, rate, limit in (
            ("errors", candidate.error_rate, limits.error_rate),
            (
                "answers with low confidence",
                candidate.low_confidence_rate,
                limits.low_confidence_rate,
            ),
        ):
            if rate is not None and rate > limit:
                return (
                    f"{_percent(rate)} {what} in {candidate.asked} weighings; "
                    f"the limit is {_percent(limit)}."
                )
        return None

    def ended(self, state: TrialState, at: datetime, reason: str | None = None) -> Self:
        """The trial as ended: the candidate is not used any more.

        Raises:
            Conflict: it ended before.
        """
        if not self.running:
            raise Conflict(f"No candidate is tried: the last one is {self.state.value}.")
        return self.model_copy(update={"state": state, "ended_at": at, "reason": reason})


def window_of(at: datetime) -> int:
    """The number of the window that a moment lies in."""
    return int(at.timestamp() // LATELY.total_seconds())


def _percent(share: Decimal) -> str:
    return f"{(100 * share).quantize(_ONE / 10).normalize():f} %"
