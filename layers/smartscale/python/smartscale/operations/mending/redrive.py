"""Give what failed another try: weighings, dead letters, and imports of models.

Only what can succeed now is tried again: the same checks that rejected a weighing run first, so a
bad picture is left alone unless this version of the code accepts it. Trying again is safe.
A weighing that becomes done has a record `done` in the ledger beside the record `failed`, neither
of which is ever changed, and it is priced as of the time it was weighed. One that fails again, or
that is done meanwhile, stays as it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from smartscale.domain.errors import InvalidInput, NotFound, Unprocessable
from smartscale.domain.registry import ModelSwitch, SwitchState
from smartscale.domain.upload import EVIDENCE, UPLOADS
from smartscale.domain.weighing import Status, Weighing
from smartscale.operations.messages import Arrival, Arrivals, arrival_message, parse
from smartscale.operations.models.switch import ActivateModel
from smartscale.operations.ports.queues import DeadLetter, DeadLetters, Queue
from smartscale.operations.ports.uploads import Uploads, picture_key
from smartscale.operations.ports.weighings import Weighings
from smartscale.operations.weighing.history import history_filter
from smartscale.recognition.photo import ImageError, decode

_PAGE = 100


class Kind(StrEnum):
    """What is tried again."""

    WEIGHING = "weighing"
    DEAD_LETTER = "dead letter"
    IMPORT = "import"


@dataclass(frozen=True)
class Decision:
    """What is done with one failure: sent again (`left` is None), or left alone for a reason."""

    kind: Kind
    name: str
    failed_because: str | None
    left: str | None = None


class Redrive:
    """Looks through what failed; a dry run decides the same and changes nothing."""

    def __init__(
        self,
        uploads: Uploads,
        weighings: Weighings,
        queue: Queue,
        dead_letters: DeadLetters,
        imports_dead_letters: DeadLetters,
        activate: ActivateModel,
        bucket_name: str,
        now: Callable[[], datetime],
    ) -> None:
        self._uploads = uploads
        self._weighings = weighings
        self._queue = queue
        self._dead_letters = dead_letters
        self._imports_dead_letters = imports_dead_letters
        self._activate = activate
        self._bucket_name = bucket_name
        self._now = now

    def run(self, since: datetime, *, dry_run: bool) -> Iterator[Decision]:
        """Decide about everything that failed since a moment, and send it unless it is a dry run.

        Raises:
            InvalidInput: the moment is in the future.
        """
        yield from self._letters(dry_run)
        yield from self._failed(since, dry_run)
        yield from self._imports(dry_run)

    def _failed(self, since: datetime, dry_run: bool) -> Iterator[Decision]:
        wanted = history_filter(self._now(), start=since, status=Status.FAILED)
        before = None
        while page := self._weighings.newest(wanted, before, _PAGE):
            for weighing in page:
                yield self._weighing(weighing, dry_run)
            before = page[-1].job_id

    def _weighing(self, weighing: Weighing, dry_run: bool) -> Decision:
        key = picture_key(self._uploads, weighing)
        left = self._why_in_vain(key)
        if left is None and not dry_run:
            self._send(Arrival(key))
        return Decision(Kind.WEIGHING, weighing.job_id, weighing.error, left)

    def _letters(self, dry_run: bool) -> Iterator[Decision]:
        # Receive all before releasing the first: a released one would be received again.
        for letter in list(self._dead_letters.held()):
            decision = self._letter(letter)
            if decision.left is None and not dry_run:
                self._queue.send(letter.body)
                self._dead_letters.delete(letter.receipt)
            else:
                self._dead_letters.release(letter)
            yield decision

    def _letter(self, letter: DeadLetter) -> Decision:
        """A dead letter waits here only while the function that reads it cannot work."""
        try:
            message = parse(letter.body)
        except Unprocessable as error:
            return Decision(Kind.DEAD_LETTER, letter.body[:80], letter.reason, str(error))
        keys = [found.key for found in message.objects] if isinstance(message, Arrivals) else []
        reasons = [self._why_in_vain(key) for key in keys]
        left = reasons[0] if reasons and None not in reasons else None
        return Decision(Kind.DEAD_LETTER, ", ".join(keys) or letter.body[:80], letter.reason, left)

    def _imports(self, dry_run: bool) -> Iterator[Decision]:
        """Try the requested import again. A letter names no model: the registry does."""
        letters = list(self._imports_dead_letters.held())
        if not letters:
            return
        switch = self._activate.current()
        asked = switch.state in {SwitchState.IMPORTING, SwitchState.FAILED}
        left = None if asked else f"it is {switch.state} meanwhile"
        if asked and not dry_run:
            left = self._ask_again(switch)  # first of all: where it fails, the letters stay
        for letter in letters:
            # Deleted even if no import is requested any more: then nothing is left to do.
            if dry_run:
                self._imports_dead_letters.release(letter)
            else:
                self._imports_dead_letters.delete(letter.receipt)
        name = f"{switch.wanted.id}@{switch.wanted.revision}"
        yield Decision(Kind.IMPORT, name, switch.error, left)

    def _ask_again(self, switch: ModelSwitch) -> str | None:
        try:
            self._activate.activate(switch.wanted.id, switch.wanted.revision, switch.hints)
        except InvalidInput as error:
            return str(error)
        return None

    def _send(self, arrival: Arrival) -> None:
        self._queue.send(arrival_message(self._bucket_name, arrival))

    def _why_in_vain(self, key: str) -> str | None:
        """Why another try would fail like the first; None where it may succeed."""
        if not key.startswith((UPLOADS, EVIDENCE)):
            return "it is no upload"
        try:
            upload, image = self._uploads.read(key)
            upload.load()
            decode(image, shortest_side=1)
        except NotFound:
            return "its picture is gone"
        except (Unprocessable, ImageError) as error:
            return str(error)
        return None
