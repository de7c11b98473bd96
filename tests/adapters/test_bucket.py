"""What is sent to S3."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from smartscale.adapters.bucket import Bucket, S3Ledger, S3Uploads
from smartscale.domain.upload import StoredUpload
from tests.adapters.test_store_errors import WEIGHING


class _S3:
    """Takes note of what is put."""

    def __init__(self) -> None:
        self.put: list[dict[str, Any]] = []

    def put_object(self, **said: Any) -> None:
        self.put.append(said)


class _WithoutConditions(_S3):
    """As LocalStack's S3: it deletes under no condition."""

    def __init__(self, etag: str) -> None:
        super().__init__()
        self._etag = etag
        self.deleted: list[str] = []

    def delete_object(self, **said: Any) -> None:
        if "IfMatch" in said:
            raise ClientError({"Error": {"Code": "NotImplemented"}}, "DeleteObject")
        self.deleted.append(said["Key"])

    def head_object(self, **_: Any) -> dict[str, Any]:
        return {"ETag": self._etag, "LastModified": datetime.now(UTC), "Metadata": {}}


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


@pytest.mark.parametrize(("there", "goes"), [("of-then", True), ("of-another", False)])
def test_a_store_that_deletes_under_no_condition_is_looked_at_first(there: str, goes: bool) -> None:
    s3 = _WithoutConditions(there)
    upload = StoredUpload("uploads/camera/a.jpg", "of-then", datetime.now(UTC), {})

    S3Uploads(Bucket(cast("Any", s3), "shop")).move(upload, b"", "image/jpeg", {})

    assert s3.deleted == ([upload.key] if goes else [])
