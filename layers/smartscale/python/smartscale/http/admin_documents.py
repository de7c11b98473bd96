"""What the admin routes take and answer about models, trials and what the shop has taught.

Money and weight do not appear here; shares and rates are from 0 to 1.
"""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from smartscale.domain.registry import (
    ImportHints,
    ImportProgress,
    ModelSwitch,
    SwitchState,
    WorkerReport,
)
from smartscale.domain.trial import Limits, Mode, Tallies, Tally, Trial, TrialState
from smartscale.domain.weighing import ModelRef
from smartscale.importing.labels import parse_labels
from smartscale.importing.preprocessings import canonical_name
from smartscale.operations.learning.teach import MemoryProgress, TaughtVersion


class ModelState(BaseModel):
    """Which model was asked for, which one answers, and what each worker has loaded."""

    wanted: ModelRef
    active: ModelRef
    previous: ModelRef | None
    state: SwitchState
    progress: ImportProgress | None
    error: str | None
    changed_at: datetime
    workers: list[WorkerReport]

    @classmethod
    def of(cls, switch: ModelSwitch, workers: list[WorkerReport]) -> Self:
        """The document of a switch."""
        return cls(
            **switch.model_dump(exclude={"generation", "hints", "attempts"}), workers=workers
        )


class ActivationRequest(BaseModel):
    """The model to serve: a branch, tag or commit of a hub's repository, or the built-in package.

    `labels` and `preprocessing` are for repositories that do not say them.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model_id: str | None = None
    model_revision: str = "main"
    labels: list[str] | dict[str, str | int] | None = None
    preprocessing: str | None = None

    @property
    def hints(self) -> ImportHints | None:
        """What is said of a model that its repository does not say."""
        if self.labels is None and self.preprocessing is None:
            return None
        return ImportHints(
            labels=None if self.labels is None else parse_labels(self.labels),
            preprocessing=self.preprocessing and canonical_name(self.preprocessing),
        )


class Package(BaseModel):
    """A package that could serve."""

    id: str
    revision: str
    active: bool
    previous: bool
    candidate: bool
    """Whether it is tried beside the active one."""
    labels: int | None = None
    """None for a package that is damaged."""
    unmapped: int | None = None
    """How many of its labels need a product."""


class TrialRequest(BaseModel):
    """A package that is there, to try beside the active one.

    `share` is of the weighings for a shadow, of the scales for a canary.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    model_id: str
    model_revision: str = "main"
    mode: Mode = Mode.SHADOW
    share: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.2")
    limits: Limits = Limits()


class Figures(BaseModel):
    """How one of the two models did; None where nothing is known yet."""

    n: int
    latency_ms: float | None
    confidence: float | None
    low_confidence_rate: float | None
    error_rate: float | None

    @classmethod
    def of(cls, tally: Tally) -> Self:
        """The document of a tally."""
        return cls(
            n=tally.answers,
            latency_ms=_rounded(tally.mean_latency_ms, 1),
            confidence=_rounded(tally.mean_confidence),
            low_confidence_rate=_rounded(tally.low_confidence_rate),
            error_rate=_rounded(tally.error_rate),
        )


class TrialDocument(BaseModel):
    """The last trial of a candidate, and how both models did in it.

    As a shadow both are counted on the same weighings. As a canary each is counted on its scales,
    and nothing is compared. `skipped` is how many weighings a shadow was not asked about because
    shoppers were waiting.
    """

    model: ModelRef
    mode: Mode
    share: Decimal
    started_at: datetime
    ended_at: datetime | None
    state: TrialState
    reason: str | None
    compared: int
    agreement: float | None
    skipped: int
    active: Figures
    candidate: Figures
    limits: Limits

    @classmethod
    def of(cls, trial: Trial, tallies: Tallies) -> Self:
        """The document of a trial."""
        return cls(
            **trial.model_dump(exclude={"number", "against", "limits"}),
            limits=trial.limits,
            compared=tallies.compared,
            agreement=_rounded(tallies.agreement),
            skipped=tallies.skipped,
            active=Figures.of(tallies.active),
            candidate=Figures.of(tallies.candidate),
        )


def _rounded(value: Decimal | None, digits: int = 4) -> float | None:
    return None if value is None else round(float(value), digits)


class Product(BaseModel):
    """The catalogue label of an item."""

    model_config = ConfigDict(extra="forbid")

    product: str


class Taught(BaseModel):
    """The version that knows an item, once its state is `ready`."""

    memory_version: int
    label: str | None
    images: int


class MemoryState(BaseModel):
    """One version of what the shop has taught. `images` is how many pictures it holds."""

    version: int
    state: MemoryProgress
    active: bool
    label: str | None
    labels: dict[str, int]
    images: int
    created_at: datetime
    error: str | None

    @classmethod
    def of(cls, taught: TaughtVersion) -> Self:
        """The document of a version."""
        return cls(
            version=taught.version.number,
            state=taught.state,
            active=taught.active,
            label=taught.version.label,
            labels=Counter(lesson.label for lesson in taught.version.lessons),
            images=len(taught.version.lessons),
            created_at=taught.version.created_at,
            error=taught.error,
        )
