"""Which model package serves: what was asked for, what answers now, and how the switch went."""

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from smartscale.domain.weighing import ModelRef

BUILTIN = "builtin"
"""The model id of the package that comes with the code."""


class SwitchState(StrEnum):
    """How far a request for another model has come.

    importing -> switching -> active, or failed from either of the first two. A package that is in
    the bucket already begins with switching.
    """

    IMPORTING = "importing"
    SWITCHING = "switching"
    ACTIVE = "active"
    FAILED = "failed"


class ImportStep(StrEnum):
    """What an import does, in this order."""

    RESOLVING = "resolving"
    DOWNLOADING = "downloading"
    PREPARING = "preparing"
    """Fetches what converts, where that is not there."""
    CONVERTING = "converting"
    CHECKING = "checking"
    STORING = "storing"


class ImportProgress(BaseModel):
    """How far an import is."""

    model_config = ConfigDict(frozen=True)

    step: ImportStep
    percent: int = Field(default=0, ge=0, le=100)
    """Of this step."""
    detail: str = ""


class ImportHints(BaseModel):
    """What the operator says about a model because its repository does not."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...] | None = None
    """In the order of the network's outputs."""
    preprocessing: str | None = None
    """The name of one of the known preprocessings."""

    @property
    def fingerprint(self) -> str:
        """A short name for these hints, equal for equal hints."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]


class ModelSwitch(BaseModel):
    """The last request for a model. Each request has the next generation; the last request wins."""

    model_config = ConfigDict(frozen=True)

    generation: int
    wanted: ModelRef
    active: ModelRef
    previous: ModelRef | None = None
    """What served before the active one; None before the first switch."""
    state: SwitchState
    error: str | None = None
    changed_at: datetime
    progress: ImportProgress | None = None
    """Only while importing."""
    hints: ImportHints | None = None
    """What the operator said with the request; the import needs it."""
    attempts: int = 0
    """How often the import was begun; a worker that dies leaves it unfinished."""

    @classmethod
    def initial(cls, builtin: ModelRef, at: datetime) -> Self:
        """The state before anybody asked: the built-in package serves."""
        return cls(
            generation=0, wanted=builtin, active=builtin, state=SwitchState.ACTIVE, changed_at=at
        )

    @property
    def serving(self) -> ModelRef:
        """What a worker that starts now has to load."""
        arrived = self.state in {SwitchState.SWITCHING, SwitchState.ACTIVE}
        return self.wanted if arrived else self.active

    def activate(self, wanted: ModelRef, at: datetime) -> Self:
        """A new request for a package that is there."""
        return self.model_copy(
            update={
                "generation": self.generation + 1,
                "wanted": wanted,
                "state": SwitchState.SWITCHING,
                "error": None,
                "changed_at": at,
                "progress": None,
                "hints": None,
                "attempts": 0,
            }
        )

    def activate_after_import(
        self, wanted: ModelRef, hints: ImportHints | None, at: datetime
    ) -> Self:
        """A new request for a model that has to be imported first; its revision may be a branch."""
        return self.activate(wanted, at).model_copy(
            update={"state": SwitchState.IMPORTING, "hints": hints}
        )

    def begun(self, at: datetime) -> Self:
        """A worker begins, or begins again, to import."""
        return self.model_copy(
            update={
                "attempts": self.attempts + 1,
                "progress": ImportProgress(step=ImportStep.RESOLVING),
                "changed_at": at,
            }
        )

    def advanced(self, progress: ImportProgress, at: datetime) -> Self:
        """The import is so far."""
        return self.model_copy(update={"progress": progress, "changed_at": at})

    def imported(self, package: ModelRef, at: datetime) -> Self:
        """The package is in the bucket; the workers may load it."""
        return self.model_copy(
            update={
                "wanted": package,
                "state": SwitchState.SWITCHING,
                "progress": None,
                "changed_at": at,
            }
        )

    def succeeded(self, at: datetime) -> Self:
        """The wanted model serves."""
        return self.model_copy(
            update={
                "active": self.wanted,
                "previous": self.previous if self.wanted == self.active else self.active,
                "state": SwitchState.ACTIVE,
                "changed_at": at,
            }
        )

    def failed(self, reason: str, at: datetime) -> Self:
        """The wanted model cannot serve; the active one goes on."""
        return self.model_copy(
            update={
                "state": SwitchState.FAILED,
                "error": reason,
                "progress": None,
                "changed_at": at,
            }
        )


class WorkerReport(BaseModel):
    """What one inference worker has loaded, and how long weighings waited for it."""

    model_config = ConfigDict(frozen=True)

    worker: str
    model: ModelRef
    reported_at: datetime
    waited_s: int | None = None
    """Seconds that the oldest message of the batch had waited; an earlier version told none."""
