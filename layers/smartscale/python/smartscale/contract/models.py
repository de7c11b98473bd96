"""Models: which one serves, which packages there are, and how a candidate does.

Shares and rates are from 0 to 1.
"""

from datetime import datetime
from decimal import Decimal

from smartscale.contract.document import Document
from smartscale.domain.labels import Mapped
from smartscale.domain.registry import (
    BUILTIN,
    ImportProgress,
    ImportStep,
    SwitchState,
    WorkerReport,
)
from smartscale.domain.trial import Limits, Mode, TrialState
from smartscale.domain.weighing import ModelRef

__all__ = [
    "BUILTIN",
    "Figures",
    "ImportProgress",
    "ImportStep",
    "LabelMapping",
    "Limits",
    "Mapped",
    "Mode",
    "ModelRef",
    "ModelStatus",
    "Package",
    "SwitchState",
    "Trial",
    "TrialState",
    "WorkerReport",
]


class ModelStatus(Document):
    """Which model was asked for, which one answers, and what each worker has loaded."""

    wanted: ModelRef
    active: ModelRef
    previous: ModelRef | None
    state: SwitchState
    progress: ImportProgress | None
    error: str | None
    changed_at: datetime
    workers: tuple[WorkerReport, ...]


class Package(Document):
    """A package that could serve."""

    id: str
    revision: str
    active: bool
    previous: bool
    candidate: bool
    """Whether the package is the candidate of a running trial."""
    labels: int | None = None
    """None for a package that is damaged."""
    unmapped: int | None = None
    """How many of its labels need a product."""

    @property
    def ref(self) -> ModelRef:
        """The package's name and revision."""
        return ModelRef(id=self.id, revision=self.revision)


class Figures(Document):
    """How one of the two models did; None where nothing is known yet. `latency_ms` is inference
    latency: decoding and network alone."""

    n: int
    latency_ms: float | None
    confidence: float | None
    low_confidence_rate: float | None
    error_rate: float | None


class Trial(Document):
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


class LabelMapping(Document):
    """What a label of a model is sold as; no product where it still needs one."""

    label: str
    product: str | None
    how: Mapped
