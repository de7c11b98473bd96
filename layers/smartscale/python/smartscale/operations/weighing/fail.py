"""Turn an image object that nothing can recognise into a visible failure."""

from collections.abc import Callable
from datetime import datetime

from smartscale.domain import correlation
from smartscale.domain.errors import Unprocessable
from smartscale.domain.upload import StoredUpload
from smartscale.domain.weighing import Status, Weighing
from smartscale.operations.messages import Arrival
from smartscale.operations.metrics.figures import outcome_metrics, outcome_metrics_of
from smartscale.operations.ports.ledger import Ledger
from smartscale.operations.ports.metrics import Metric
from smartscale.operations.ports.uploads import Uploads
from smartscale.operations.ports.weighings import Weighings
from smartscale.operations.weighing.announce import Announce


class Fail:
    """Ends a weighing that cannot be recognised, visibly."""

    def __init__(
        self,
        uploads: Uploads,
        ledger: Ledger,
        weighings: Weighings,
        announce: Announce,
        now: Callable[[], datetime],
    ) -> None:
        self._uploads = uploads
        self._ledger = ledger
        self._weighings = weighings
        self._announce = announce
        self._now = now

    def process(self, arrival: Arrival, reason: str) -> list[Metric]:
        """Mark a weighing failed, unless it has an outcome.

        Returns:
            What to tell the operators.
        """
        now = self._now()
        upload = self._uploads.find(arrival.key)
        if upload is None and (moved := self._uploads.moved(arrival.key, arrival.etag)):
            upload = self._uploads.find(moved)
        if upload is None:
            upload = StoredUpload(arrival.key, arrival.etag, arrival.at or now, {})
        correlation.adopt(upload.correlation_id)
        known = self._weighings.get(upload.job_id)
        if known is not None and known.status is Status.DONE:
            # A try stored it and then did not end: it may not have published its event.
            if not arrival.again:
                return []
            self._announce.announce(known)
            return outcome_metrics_of(known)
        try:
            load = upload.load()
        except Unprocessable:
            load = None
        weighing = self._ledger.append(
            Weighing(
                job_id=upload.job_id,
                status=Status.FAILED,
                scale_id=upload.scale_id,
                upload_key=arrival.key,
                created_at=upload.created_at,
                completed_at=now,
                load=load,
                error=reason,
                correlation_id=upload.correlation_id,
            )
        )
        stored = self._weighings.put(weighing)
        if stored or arrival.again:
            self._announce.announce(weighing)
        if not stored:
            return []
        return outcome_metrics(weighing)
