"""What was weighed: one result, and pages of the history."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from smartscale.domain.errors import InvalidInput, NotFound
from smartscale.domain.job_id import is_job_id, job_time
from smartscale.domain.upload import direct_upload_key, evidence_key, upload_key
from smartscale.domain.weighing import Status, Weighing
from smartscale.operations.ports.ledger import Ledger
from smartscale.operations.ports.uploads import Uploads, picture_key
from smartscale.operations.ports.weighings import ROWS_KEPT, HistoryFilter, Weighings
from smartscale.operations.weighing.accept import PRESIGNED_SECONDS
from smartscale.recognition.photo import thumbnail

MAX_EXPORT = 10_000
_SOONEST = timedelta(milliseconds=25)
"""No weighing is stored, read, recognised and recorded in less."""
_HAS_A_ROW = timedelta(days=31)
"""Rows are kept for so long at least; older weighings may be in the ledger alone."""
_FIRST_WEIGHING = datetime(2025, 1, 1, tzinfo=UTC)
"""No weighing is older than the product, so nothing earlier is looked for."""


def history_filter(
    now: datetime,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    scale_id: str | None = None,
    label: str | None = None,
    needs_confirmation: bool | None = None,
    suspicious: bool | None = None,
    upload_key: str | None = None,
    status: Status | None = None,
) -> HistoryFilter:
    """The filter of a history page: by default the last 92 days.

    Raises:
        InvalidInput: it would start after its end.
    """
    end = now if end is None else min(end, now)
    start = end - ROWS_KEPT if start is None else max(start, _FIRST_WEIGHING)
    if start > end:
        raise InvalidInput("`from` must not be after `to`, nor in the future.")
    return HistoryFilter(
        from_=start,
        to=end,
        scale_id=scale_id,
        label=label,
        needs_confirmation=needs_confirmation,
        suspicious=suspicious,
        upload_key=upload_key,
        status=status,
    )


@dataclass(frozen=True)
class Page:
    """Weighings, newest first, and where the next page starts."""

    weighings: list[Weighing]
    next_cursor: str | None


class History:
    """Reads weighings."""

    def __init__(
        self,
        weighings: Weighings,
        ledger: Ledger,
        uploads: Uploads,
        now: Callable[[], datetime],
    ) -> None:
        self._weighings = weighings
        self._ledger = ledger
        self._uploads = uploads
        self._now = now

    def result(self, job_id: str) -> Weighing | None:
        """A weighing's outcome, None while it is pending.

        Raises:
            NotFound: no such weighing was taken in.
        """
        if not is_job_id(job_id):
            raise NotFound("There is no weighing with this id.")
        weighing = self.outcome(job_id)
        if weighing is None and self._now() - job_time(job_id) > _HAS_A_ROW:
            weighing = self._ledger.last(job_id)
        if weighing is not None or self._is_under_way(job_id):
            return weighing
        raise NotFound("There is no weighing with this id, or its picture never arrived.")

    def is_just_begun(self, job_id: str) -> bool:
        """Whether a weighing began so lately that it cannot have an outcome yet."""
        return is_job_id(job_id) and timedelta() <= self._now() - job_time(job_id) < _SOONEST

    def outcome(self, job_id: str) -> Weighing | None:
        """The outcome of a weighing that is known to exist, None while it is pending."""
        return self._weighings.get(job_id)

    def _is_under_way(self, job_id: str) -> bool:
        """Whether its picture is there, or may still come: a direct upload has some minutes."""
        age = self._now() - job_time(job_id)
        if timedelta(0) <= age <= timedelta(seconds=PRESIGNED_SECONDS):
            return True
        # Where the function puts it, where a client posts it, and where a worker moves that.
        keys = (upload_key(job_id), direct_upload_key(job_id), evidence_key(job_id))
        return any(self._uploads.find(key) is not None for key in keys)

    def page(self, wanted: HistoryFilter, cursor: str | None, limit: int) -> Page:
        """One page.

        Raises:
            InvalidInput: the cursor is not one that a page gave.
        """
        if cursor is not None and not is_job_id(cursor):
            raise InvalidInput("The cursor is not one that an earlier page gave.")
        found = self._weighings.newest(wanted, cursor, limit + 1)
        shown = found[:limit]
        return Page(shown, shown[-1].job_id if len(found) > limit else None)

    def picture(self, job_id: str, longest_side: int) -> bytes:
        """The picture of a weighing, at most so many pixels long, as a JPEG.

        Raises:
            NotFound: there is no such weighing, or its picture has expired.
            ImageError: what was stored is no picture.
        """
        if not is_job_id(job_id):
            raise NotFound("There is no weighing with this id.")
        weighing = self.outcome(job_id)
        # Somebody may have dropped it under a key of their own.
        if weighing is None:
            key = self._uploads.moved(upload_key(job_id), "") or upload_key(job_id)
        else:
            key = picture_key(self._uploads, weighing)
        try:
            _, stored = self._uploads.read(key)
        except NotFound as error:
            raise NotFound("There is no picture of this weighing, or not any more.") from error
        return thumbnail(stored, longest_side)

    def everything(self, wanted: HistoryFilter) -> Iterator[Weighing]:
        """All that matches, for an export, up to 10,000 weighings."""
        yield from self._weighings.newest(wanted, None, MAX_EXPORT)
