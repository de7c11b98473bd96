"""Void a weighing, or print its label again: by staff, with who and when in the ledger."""

from collections.abc import Callable
from datetime import datetime

from smartscale.domain.errors import Conflict
from smartscale.domain.weighing import Act, Weighing
from smartscale.operations.ports.ledger import Ledger
from smartscale.operations.ports.weighings import Weighings
from smartscale.operations.weighing.announce import Announce


class ActOnWeighing:
    """Records what staff do to a weighing."""

    def __init__(
        self,
        weighings: Weighings,
        ledger: Ledger,
        announce: Announce,
        now: Callable[[], datetime],
    ) -> None:
        self._weighings = weighings
        self._ledger = ledger
        self._announce = announce
        self._now = now

    def process(self, job_id: str, what: Act, staff: str) -> Weighing:
        """Record an act. Voiding what was voided changes nothing.

        Args:
            job_id: the weighing.
            what: what is done to it.
            staff: who does it.

        Raises:
            Conflict: the weighing is pending, failed, or was voided.
        """
        while True:
            weighing = self._weighings.get(job_id)
            if weighing is None:
                raise Conflict("This weighing is still pending: ask for its result first.")
            if what is Act.VOID and weighing.voided is not None:
                return weighing
            acted = weighing.act(what, staff, self._now())
            recorded = self._ledger.append(acted)
            self._announce.announce(recorded)
            self._weighings.put(recorded)
            if recorded == acted:
                return recorded
