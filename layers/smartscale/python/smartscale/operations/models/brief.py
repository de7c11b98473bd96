"""Tell a worker, before each batch, what it must know."""

from smartscale.operations.ports.asking import AskingStore
from smartscale.operations.ports.briefings import Briefing, Briefings
from smartscale.operations.ports.learning import Memories
from smartscale.operations.ports.models import Registry, Trials


class Brief:
    """Reads the briefing: one read of one record, however much there is to know."""

    def __init__(
        self,
        briefings: Briefings,
        registry: Registry,
        trials: Trials,
        asking: AskingStore,
        memories: Memories,
    ) -> None:
        self._briefings = briefings
        self._registry = registry
        self._trials = trials
        self._asking = asking
        self._memories = memories

    def now(self) -> Briefing:
        """What holds now. The first worker after a deployment or a restore makes the record."""
        briefing = self._briefings.read()
        if briefing is not None:
            return briefing
        newest = self._memories.newest()
        return self._briefings.complete(
            Briefing(
                switch=self._registry.current(),
                trial=self._trials.current(),
                asking=self._asking.current(),
                memory=0 if newest is None else newest.number,
            )
        )
