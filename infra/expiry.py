"""Pictures expire after their time. On AWS the bucket's lifecycle rules do that, on the same days;
the embedded emulator takes such rules but does not follow them."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from infra.space import Room
from smartscale.adapters.bucket import IDEMPOTENCY, Bucket
from smartscale.domain.upload import EVIDENCE, UPLOADS
from smartscale.operations.ports.uploads import Uploads
from smartscale.operations.ports.weighings import Weighings
from smartscale.operations.weighing.accept import LATEST

_BATCH = 100
_IDEMPOTENCY_DAYS = LATEST.days
"""As in template.yaml: a kiosk that was cut off may send as late as this."""


def expire(bucket: Bucket, image_days: int, now: datetime) -> int:
    """Delete pictures and idempotency keys that are past their time; tells how many."""
    return sum(
        bucket.delete_older(prefix, now - timedelta(days=days))
        for prefix, days in (
            (UPLOADS, image_days),
            (EVIDENCE, image_days),
            (IDEMPOTENCY, _IDEMPOTENCY_DAYS),
        )
    )


def make_room(
    uploads: Uploads,
    weighings: Weighings,
    delete: Callable[[str], object],
    room: Callable[[], Room],
) -> int:
    """Delete the oldest pictures before their time until there is room; tells how many.

    Only those whose weighings have an outcome: nobody has looked at the others yet.
    """
    oldest_first = iter(sorted(uploads.since(None), key=lambda upload: upload.stored_at))
    deleted = 0
    while room() in {Room.SCARCE, Room.NONE}:
        batch = list(islice(oldest_first, _BATCH))
        if not batch:
            break
        answered = weighings.versions([upload.job_id for upload in batch])
        for upload in batch:
            if upload.job_id in answered:
                delete(upload.key)
                deleted += 1
    return deleted
