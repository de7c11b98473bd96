"""Pictures expire after their time. On AWS the bucket's lifecycle rules do that, on the same days;
the embedded emulator takes such rules but does not follow them."""

from datetime import datetime, timedelta

from smartscale.adapters.bucket import IDEMPOTENCY, Bucket
from smartscale.domain.upload import UPLOADS
from smartscale.operations.weighing.accept import LATEST

_IDEMPOTENCY_DAYS = LATEST.days
"""As in template.yaml: a kiosk that was cut off may send as late as this."""


def expire(bucket: Bucket, image_days: int, now: datetime) -> int:
    """Delete pictures and idempotency keys that are past their time; tells how many."""
    return sum(
        bucket.delete_older(prefix, now - timedelta(days=days))
        for prefix, days in ((UPLOADS, image_days), (IDEMPOTENCY, _IDEMPOTENCY_DAYS))
    )
