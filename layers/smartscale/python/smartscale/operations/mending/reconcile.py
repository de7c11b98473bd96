"""Rebuild from the bucket what the tables and the queue have lost: after a power cut, or a restore.

The ledger holds every outcome and every administrative change, so missing rows are written again
from it, and the metrics that were lost with them are emitted again; images without an outcome are
sent to the queue again. Everything is idempotent: running it twice, or during live traffic, leaves
correct rows as they are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from smartscale.clock import now
from smartscale.domain.catalogue import Item
from smartscale.domain.job_id import job_time
from smartscale.domain.memory import teaches
from smartscale.domain.registry import ModelSwitch
from smartscale.domain.trial import Trial
from smartscale.domain.upload import StoredUpload, is_upload
from smartscale.domain.weighing import Weighing
from smartscale.operations.messages import WAKE_UP, Arrival, arrival_message, lesson_message
from smartscale.operations.metrics.figures import recorded_metrics
from smartscale.operations.ports.briefings import Briefings
from smartscale.operations.ports.catalogue import CatalogueStore
from smartscale.operations.ports.learning import Memories
from smartscale.operations.ports.ledger import Ledger, LedgerEntry
from smartscale.operations.ports.metrics import Metric, Metrics
from smartscale.operations.ports.models import Registry, Trials
from smartscale.operations.ports.queues import Queue
from smartscale.operations.ports.uploads import Uploads
from smartscale.operations.ports.weighings import ROWS_KEPT, Weighings
from smartscale.operations.weighing.announce import Announce
from smartscale.operations.weighing.ask import SayWanted
from smartscale.parallel import batched, in_parallel

_BATCH = 100
AT_ONCE = 4
"""Batches at once, each with twice as many reads: together fewer than a client has connections."""
_FIGURES_AT_ONCE = 20_000
"""Some hours of a busy shop, of which a store of figures makes few."""
_EVENTS_WITHIN = timedelta(days=1)
"""An event that a crash took was of the last weighings; subscribers heard of earlier ones."""
_MARGIN = timedelta(hours=1)


@dataclass(frozen=True)
class Reconciled:
    """What was mended."""

    rows_rebuilt: int
    uploads_resent: int
    catalogue_items_restored: int
    model_switch_restored: bool
    trial_restored: bool = False
    asking_restored: bool = False


class Reconcile:
    """Reconciles tables and queue with the bucket.

    `metrics` is None where metrics outlive the tables, as on AWS. `announce` is None where rebuilt
    weighings must not be published as events. Rows are rebuilt of what began within `kept`, with
    `at_once` requests at a time; 0 where the stores are on this machine's disk, which threads do
    not make faster.
    """

    def __init__(
        self,
        uploads: Uploads,
        ledger: Ledger,
        weighings: Weighings,
        catalogue: CatalogueStore,
        registry: Registry,
        trials: Trials,
        asking: SayWanted,
        memories: Memories,
        briefings: Briefings,
        queue: Queue,
        metrics: Metrics | None,
        announce: Announce | None,
        bucket_name: str,
        kept: timedelta = ROWS_KEPT,
        at_once: int = AT_ONCE,
        now: Callable[[], datetime] = now,
    ) -> None:
        self._at_once = at_once
        self._kept = kept
        self._now = now
        self._announce = announce
        self._uploads = uploads
        self._ledger = ledger
        self._weighings = weighings
        self._catalogue = catalogue
        self._registry = registry
        self._trials = trials
        self._asking = asking
        self._memories = memories
        self._briefings = briefings
        self._queue = queue
        self._metrics = metrics
        self._bucket_name = bucket_name

    def run(
        self,
        since: datetime | None = None,
        progress: Callable[[str], None] = lambda _: None,
        *,
        resend: bool = True,
        figures_since: datetime | None = None,
        restored: Callable[[], None] = lambda: None,
    ) -> Reconciled:
        """Mend what is missing: first tables and queue, then the figures, for which nobody waits.

        Args:
            since: the tables are known to hold all that was acknowledged before this moment;
                None looks at everything there is.
            progress: called with a few words about the current step.
            resend: whether images without an outcome go to the queue again.
            figures_since: all figures of weighings were dropped by a crash, and are told again of
                those that began at or after this moment, whether their rows are there or not. Of
                weighings whose rows are missing, those of the last day are published.
            restored: called when tables and queue hold everything.
        """
        # Weighings under way at `since` began before it.
        since = None if since is None else since - _MARGIN
        progress("catalogue")
        earlier = list(self._ledger.earlier_changes()) if since is None else []
        items = self._restore_items([one for one in earlier if isinstance(one, Item)])
        switch = self._restore_switch([one for one in earlier if isinstance(one, ModelSwitch)])
        trial = self._restore_trial([one for one in earlier if isinstance(one, Trial)])
        asking = self._asking.restore()
        self._catalogue.name_all()
        if since is None:  # what workers know may be of tables that are gone
            self._briefings.forget()
        rows, untold = self._rebuild(since, figures_since, progress)
        progress("uploads")
        resent = self._resend(since) if resend else 0
        restored()
        self._tell(untold, progress)
        return Reconciled(rows, resent, items, switch, trial, asking)

    def _restore_items(self, earlier: Iterable[Item]) -> int:
        known = {item.label: item.version for item in self._catalogue.all().everything()}
        latest: dict[str, Item] = {}
        for item in (*earlier, *self._ledger.later_items(known)):
            if item.label not in latest or item.version >= latest[item.label].version:
                latest[item.label] = item
        return sum(self._catalogue.put(item) for item in latest.values())

    def _restore_switch(self, earlier: Iterable[ModelSwitch]) -> bool:
        current = self._registry.current()
        generation = 0 if current is None else current.generation
        later = self._ledger.later_switch(generation)
        recorded = max(
            (later,) if later is not None else earlier,
            key=lambda switch: (switch.generation, switch.attempts),
            default=None,
        )
        if recorded is None or recorded.generation <= generation:
            return False
        if not self._registry.replace(recorded, expected=current):
            return False
        self._queue.send(WAKE_UP)
        return True

    def _restore_trial(self, earlier: Iterable[Trial]) -> bool:
        """Its tallies were in the table alone, so a lost trial starts counting at zero."""
        current = self._trials.current()
        step = (0, True) if current is None else _step(current)
        later = self._ledger.later_trial(step[0], ended=step[1])
        recorded = max((later,) if later is not None else earlier, key=_step, default=None)
        if recorded is None or _step(recorded) <= step:
            return False
        return self._trials.replace(recorded, expected=current)

    def _rebuild(
        self,
        since: datetime | None,
        figures_since: datetime | None,
        progress: Callable[[str], None],
    ) -> tuple[int, "list[_Recorded]"]:
        """Write the rows that are missing; how many, and the records whose figures are untold."""
        events_since = self._last_events() if figures_since is not None else None
        entries = self._ledger.outcomes(since, self._now() - self._kept)
        groups = groupby(entries, key=lambda entry: entry.job_id)
        batches = batched((list(entries) for _, entries in groups), _BATCH)
        looked_at = rebuilt = 0
        untold: list[_Recorded] = []
        teaching: list[Weighing] = []
        for done in in_parallel(
            lambda batch: self._rebuild_batch(batch, figures_since, events_since),
            batches,
            self._at_once,
        ):
            looked_at += done.looked_at
            rebuilt += done.rebuilt
            untold += done.untold
            teaching += done.teaching
            progress(f"{looked_at} weighings up to {done.day} looked at, {rebuilt} rebuilt")
        self._offer_lessons(teaching)
        return rebuilt, untold

    def _offer_lessons(self, teaching: Sequence[Weighing]) -> None:
        """Send again that these confirmations may teach, unless they have taught before.

        Lessons that an operator has taken back stay taken back.
        """
        if not teaching:
            return
        taught = {
            (lesson.label, lesson.at)
            for version in self._memories.versions()
            for lesson in version.lessons
        }
        for weighing in teaching:
            if (weighing.confirmed_label, weighing.confirmed_at) not in taught:
                self._queue.send(lesson_message(weighing.job_id))

    def _last_events(self) -> datetime | None:
        """From when on events may be missing: by the ledger's last day, not by a clock alone."""
        last = self._ledger.last_day()
        return None if last is None else min(last, self._now()) - _EVENTS_WITHIN

    def _rebuild_batch(
        self,
        weighings: Sequence[Sequence[LedgerEntry]],
        figures_since: datetime | None,
        events_since: datetime | None,
    ) -> "_BatchDone":
        stored = self._weighings.versions([entries[0].job_id for entries in weighings])

        def find(entries: Sequence[LedgerEntry]) -> _Found:
            again = figures_since is not None and job_time(entries[0].job_id) >= figures_since
            return self._find(entries, stored.get(entries[0].job_id, -1), again=again)

        found = list(in_parallel(find, weighings, 2 * self._at_once))
        behind = [one.behind for one in found if one.behind is not None]
        if self._announce is not None:
            # What was lost with a row may be the event, too.
            self._announce.announce_all(
                [
                    weighing
                    for weighing in behind
                    if events_since is None or weighing.completed_at >= events_since
                ]
            )
        were_put = dict(
            zip((one.job_id for one in behind), self._weighings.put_all(behind), strict=True)
        )
        rebuilt = 0
        untold: list[_Recorded] = []
        teaching: list[Weighing] = []
        for one in found:
            if one.behind is not None:
                if not were_put[one.behind.job_id] and figures_since is None:
                    continue  # live traffic has put it, and tells its figures
                rebuilt += 1
                if teaches(one.behind) is not None:
                    teaching.append(one.behind)
            if one.untold.entries:
                untold.append(one.untold)
        day = job_time(weighings[-1][0].job_id).date()
        return _BatchDone(len(weighings), day, rebuilt, untold, teaching)

    def _find(self, entries: Sequence[LedgerEntry], stored: int, *, again: bool) -> "_Found":
        """What the ledger knows of one weighing beyond its row; with `again` all its figures are
        untold."""
        ordered = sorted(entries, key=lambda entry: entry.version)
        later = [entry for entry in ordered if entry.version > stored]
        # The last state is all of the row; an earlier one counts where it cannot be read.
        states = (self._ledger.read(entry) for entry in reversed(later))
        behind = next((state for state in states if state is not None), None)
        untold = () if self._metrics is None else tuple(ordered if again else later)
        return _Found(behind, _Recorded(untold, failed_before=ordered[0].version == 0))

    def _tell(self, untold: "Sequence[_Recorded]", progress: Callable[[str], None]) -> None:
        if self._metrics is None:
            return
        figures: list[Metric] = []
        for told, some in enumerate(in_parallel(self._figures, untold, self._at_once), 1):
            figures += some
            if len(figures) >= _FIGURES_AT_ONCE or told == len(untold):
                self._metrics.emit(figures)
                figures = []
            progress(f"figures of {told} of {len(untold)} weighings told")

    def _figures(self, recorded: "_Recorded") -> list[Metric]:
        read = (self._ledger.read(entry) for entry in recorded.entries)
        return [
            metric
            for state in read
            if state is not None
            for metric in recorded_metrics(state, failed_before=recorded.failed_before)
        ]

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
    for batch in batched(pictures, _BATCH):
        by_id = {upload.job_id: upload for upload in batch}
        finished = weighings.versions(list(by_id))
        yield from (upload for job_id, upload in by_id.items() if job_id not in finished)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """The records of one weighing whose figures are to be told.

    They are read once more for that: what a month's records say is too much to be kept until then.
    """

    entries: tuple[LedgerEntry, ...]
    failed_before: bool


@dataclass(frozen=True)
class _Found:
    """What the ledger knows of a weighing: its state, where the row is behind, and what is
    untold."""

    behind: Weighing | None
    untold: _Recorded


@dataclass(frozen=True)
class _BatchDone:
    looked_at: int
    day: date
    rebuilt: int
    untold: list[_Recorded]
    teaching: list[Weighing]


def _step(trial: Trial) -> tuple[int, bool]:
    """Grows with each trial, and when one ends."""
    return trial.number, not trial.running
