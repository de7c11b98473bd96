"""Rebuild from the bucket what the tables and the queue have lost: after a power cut, or a restore.

The ledger holds every outcome and every administrative change, so missing rows are written again
from it, and the metrics that were lost with them are emitted again; images without an outcome are
sent to the queue again. Everything is idempotent: running it twice, or during live traffic, leaves
correct rows as they are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from smartscale.domain.catalogue import Item
from smartscale.domain.upload import StoredUpload, is_upload
from smartscale.domain.weighing import Weighing
from smartscale.operations.messages import WAKE_UP, Arrival, arrival_message
from smartscale.operations.metrics.figures import rebuilt_metrics
from smartscale.operations.ports.catalogue import CatalogueStore
from smartscale.operations.ports.ledger import Ledger
from smartscale.operations.ports.metrics import Metrics
from smartscale.operations.ports.models import Registry, Trials
from smartscale.operations.ports.queues import Queue
from smartscale.operations.ports.uploads import Uploads
from smartscale.operations.ports.weighings import Weighings
from smartscale.operations.weighing.announce import Announce
from smartscale.parallel import in_parallel

_BATCH = 100
_THREADS = 8
_Item = TypeVar("_Item")
_MARGIN = timedelta(hours=1)


@dataclass(frozen=True)
class Reconciled:
    """What was mended."""

    rows_rebuilt: int
    uploads_resent: int
    catalogue_items_restored: int
    model_switch_restored: bool
    trial_restored: bool = False


class Reconcile:
    """Reconciles tables and queue with the bucket.

    `metrics` is None where metrics outlive the tables, as on AWS. `announce` is None where rebuilt
    weighings must not be published as events.
    """

    def __init__(
        self,
        uploads: Uploads,
        ledger: Ledger,
        weighings: Weighings,
        catalogue: CatalogueStore,
        registry: Registry,
        trials: Trials,
        queue: Queue,
        metrics: Metrics | None,
        announce: Announce | None,
        bucket_name: str,
    ) -> None:
        self._announce = announce
        self._uploads = uploads
        self._ledger = ledger
        self._weighings = weighings
        self._catalogue = catalogue
        self._registry = registry
        self._trials = trials
        self._queue = queue
        self._metrics = metrics
        self._bucket_name = bucket_name

    def run(
        self,
        since: datetime | None = None,
        progress: Callable[[str], None] = lambda _: None,
        *,
        resend: bool = True,
    ) -> Reconciled:
        """Mend what is missing.

        Args:
            since: the tables are known to hold all that was acknowledged before this moment;
                None looks at everything there is.
            progress: called with a few words about the current step.
            resend: whether images without an outcome go to the queue again.
        """
        # Weighings under way at `since` began before it.
        since = None if since is None else since - _MARGIN
        progress("catalogue")
        items = self._restore_items(since)
        switch = self._restore_switch(since)
        trial = self._restore_trial(since)
        progress("ledger")
        rows = self._rebuild(since)
        progress("uploads")
        resent = self._resend(since) if resend else 0
        return Reconciled(rows, resent, items, switch, trial)

    def _restore_items(self, since: datetime | None) -> int:
        latest: dict[str, Item] = {}
        for item in self._ledger.items(since):
            known = latest.get(item.label)
            if known is None or item.version >= known.version:
                latest[item.label] = item
        return sum(self._catalogue.put(item) for item in latest.values())

    def _restore_switch(self, since: datetime | None) -> bool:
        recorded = self._ledger.last_switch(since)
        current = self._registry.current()
        if recorded is None or (current and recorded.generation <= current.generation):
            return False
        if not self._registry.replace(recorded, expected=current):
            return False
        self._queue.send(WAKE_UP)
        return True

    def _restore_trial(self, since: datetime | None) -> bool:
        """Its tallies were in the table alone, so a lost trial starts counting at zero."""
        recorded = self._ledger.last_trial(since)
        current = self._trials.current()
        if recorded is None or (
            current is not None
            and (recorded.number, not recorded.running) <= (current.number, not current.running)
        ):
            return False
        return self._trials.replace(recorded, expected=current)

    def _rebuild(self, since: datetime | None) -> int:
        batches = _batches(_latest(self._ledger.weighings(since)))
        return sum(in_parallel(self._rebuild_batch, batches, _THREADS))

    def _rebuild_batch(self, states: Sequence[Weighing]) -> int:
        stored = self._weighings.versions([state.job_id for state in states])
        behind = [state for state in states if stored.get(state.job_id, -1) < state.version]
        if self._announce is not None:
            # A crash that lost the row may have lost its event, too.
            for state in behind:
                self._announce.announce(state)
        rebuilt = [state for state in behind if self._weighings.put(state)]
        for state in rebuilt:
            self._tell(state, known=state.job_id in stored)
        return len(rebuilt)

    def _tell(self, state: Weighing, *, known: bool) -> None:
        """Emit the metrics of a rebuilt row: all, or those newer than the row that was there."""
        if self._metrics is not None:
            self._metrics.emit(rebuilt_metrics(state, outcome=not known))

    def _resend(self, since: datetime | None) -> int:
        resent = 0
        for upload in without_outcome(self._uploads, self._weighings, since):
            arrival = Arrival(upload.key, upload.etag, upload.stored_at)
            self._queue.send(arrival_message(self._bucket_name, arrival))
            resent += 1
        return resent


def without_outcome(
    uploads: Uploads, weighings: Weighings, since: datetime | None
) -> Iterator[StoredUpload]:
    """The uploads whose weighings have no outcome, of those stored since a moment."""
    pictures = (upload for upload in uploads.since(since) if is_upload(upload.key))
    for batch in _batches(pictures):
        by_id = {upload.job_id: upload for upload in batch}
        finished = weighings.versions(list(by_id))
        yield from (upload for job_id, upload in by_id.items() if job_id not in finished)


def _latest(states: Iterable[Weighing]) -> Iterator[Weighing]:
    """The last state of each weighing; the ledger lists a weighing's states together."""
    last: Weighing | None = None
    for state in states:
        if last is not None and last.job_id != state.job_id:
            yield last
            last = None
        if last is None or state.version > last.version:
            last = state
    if last is not None:
        yield last


def _batches(items: Iterator[_Item]) -> Iterator[list[_Item]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
