"""Which model package serves: what was asked for, what answers now, and how the switch went."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

from smartscale.domain.weighing import ModelRef

BUILTIN = "builtin"
"""The model id of the package that comes with the code."""


class SwitchState(StrEnum):
    """How far a wish for another model has come."""

    SWITCHING = "switching"
    ACTIVE = "active"
    FAILED = "failed"


class ModelSwitch(BaseModel):
    """The last wish for a model. Each wish has the next generation; the last wish wins."""

    model_config = ConfigDict(frozen=True)

    generation: int
    wanted: ModelRef
    active: ModelRef
    state: SwitchState
    error: str | None = None
    changed_at: datetime

    @classmethod
    def initial(cls, builtin: ModelRef, at: datetime) -> Self:
        """The state before anybody wished: the built-in package serves."""
        return cls(
            generation=0, wanted=builtin, active=builtin, state=SwitchState.ACTIVE, changed_at=at
        )

    @property
    def serving(self) -> ModelRef:
        """What a worker that starts now has to load."""
        return self.active if self.state is SwitchState.FAILED else self.wanted

    def wish(self, wanted: ModelRef, at: datetime) -> Self:
        """A new wish."""
        return self.model_copy(
            update={
                "generation": self.generation + 1,
                "wanted": wanted,
                "state": SwitchState.SWITCHING,
                "error": None,
                "changed_at": at,
            }
        )

    def succeeded(self, at: datetime) -> Self:
        """The wanted model serves."""
        return self.model_copy(
            update={"active": self.wanted, "state": SwitchState.ACTIVE, "changed_at": at}
        )

    def failed(self, reason: str, at: datetime) -> Self:
        """The wanted model cannot serve; the active one goes on."""
        return self.model_copy(
            update={"state": SwitchState.FAILED, "error": reason, "changed_at": at}
        )


class WorkerReport(BaseModel):
    """What one inference worker has loaded."""

    model_config = ConfigDict(frozen=True)

    worker: str
    model: ModelRef
    reported_at: datetime
