"""What a kiosk takes along, to recognise what was taught while the service is away."""

from dataclasses import dataclass
from decimal import Decimal

from smartscale.domain.weighing import ModelRef
from smartscale.operations.ports.asking import AskingStore
from smartscale.operations.ports.learning import Memories


@dataclass(frozen=True)
class Carried:
    """The newest version of the memory that a model has looked at."""

    version: int
    """0 where the model has looked at none."""
    lessons: bytes | None
    """What the model sees in its pictures; None where the kiosk has this version already."""
    confirm_below: Decimal | None
    """The shop's threshold for asking; None where the model has none of its own yet."""


class Carry:
    """Gives kiosks what they need to go on by themselves."""

    def __init__(self, memories: Memories, asking: AskingStore) -> None:
        self._memories, self._asking = memories, asking

    def along(self, model: ModelRef, known: int) -> Carried:
        """The memory for a kiosk that runs this model and has this version of it."""
        asking = self._asking.current()
        below = asking.threshold if asking is not None and asking.model == model else None
        newest = max(self._memories.carried(model), default=0)
        if newest in (0, known):
            return Carried(newest, None, below)
        return Carried(newest, self._memories.read_carried(model, newest), below)
