"""What is sent to S3."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from smartscale.adapters.bucket import Bucket, S3Ledger
from tests.adapters.test_store_errors import WEIGHING


class _S3:
    """Takes note of what is put."""

    def __init__(self) -> None:
        self.put: list[dict[str, Any]] = []

    def put_object(self, **said: Any) -> None:
        self.put.append(said)


@pytest.mark.parametrize("days", [0, 3650])
def test_a_record_is_locked_for_as_long_as_is_said(days: int) -> None:
    s3 = _S3()

    S3Ledger(Bucket(cast("Any", s3), "shop"), days).append(WEIGHING)

    [said] = s3.put
    assert said["IfNoneMatch"] == "*"
    if not days:  # a bucket without Object Lock refuses it
        assert not [name for name in said if name.startswith("ObjectLock")]
        return
    assert said["ObjectLockMode"] == "COMPLIANCE"
    left = said["ObjectLockRetainUntilDate"] - datetime.now(UTC)
    assert timedelta(days=days) - timedelta(minutes=1) < left <= timedelta(days=days)
