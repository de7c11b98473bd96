"""The bucket as it is on the disk says what the emulator would say of it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.bucket_on_disk import BucketOnDisk
from smartscale.adapters.bucket import S3Ledger
from smartscale.domain.job_id import new_job_id
from smartscale.domain.weighing import Status, Weighing

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
KEYS = ["a-b/1", "a/1", "a/2", "a/b/3", "a0", "c/d/e"]
"""In the order of their characters, in which a hyphen comes before a slash and a 0 after it."""


class NoBucket:
    """Answers nothing: the disk is asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


@pytest.fixture
def bucket(tmp_path: Path) -> BucketOnDisk:
    """A bucket with some objects."""
    for key in KEYS:
        store(tmp_path, key, key.encode())
    return BucketOnDisk(NoBucket(), "bucket", tmp_path)  # type: ignore[arg-type]


def store(folder: Path, key: str, body: bytes, file: str | None = None) -> None:
    """An object as the emulator keeps it."""
    path = folder / (file or key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    described = {"key": key, "etag": '"e"', "last_modified": "2026-11-20T09:00:00.000Z"}
    Path(f"{path}.meta.json").write_text(json.dumps(described), encoding="utf-8")


def keys(bucket: BucketOnDisk, *asked: str) -> list[str]:
    """What a listing names."""
    return [found["Key"] for found in bucket.list(*asked)]


def test_a_listing_is_in_the_order_of_keys(bucket: BucketOnDisk) -> None:
    assert keys(bucket, "") == KEYS
    assert keys(bucket, "a/") == ["a/1", "a/2", "a/b/3"]
    assert keys(bucket, "a") == KEYS[:5]
    assert keys(bucket, "", "a/2") == ["a/b/3", "a0", "c/d/e"]
    assert keys(bucket, "none/") == []
    assert list(bucket.folders("a/")) == ["a/b/"]


def test_a_key_that_is_no_path_is_listed_too(bucket: BucketOnDisk, tmp_path: Path) -> None:
    store(tmp_path, "a//1", b"x", ".ministack-keys/a%2F%2F1")
    assert keys(bucket, "a/") == ["a//1", "a/1", "a/2", "a/b/3"]


def test_what_is_known_of_an_object_is_what_the_emulator_noted(bucket: BucketOnDisk) -> None:
    found = next(bucket.list("a/"))
    assert found["ETag"] == '"e"'
    assert abs(found["LastModified"] - datetime.now(UTC)).total_seconds() < 60
    assert bucket.read("a/1") == b"a/1"


def test_the_ledger_is_read_from_it(tmp_path: Path) -> None:
    days = [AT, AT.replace(day=21), AT.replace(day=22)]
    weighings = [
        Weighing(
            job_id=new_job_id(day),
            status=Status.DONE,
            scale_id="a",
            upload_key="uploads/a",
            created_at=day,
            completed_at=day,
        )
        for day in days
    ]
    for one in weighings:
        body = one.model_dump_json(exclude_none=True).encode()
        store(tmp_path, f"ledger/{one.created_at:%Y/%m/%d}/{one.job_id}/done.json", body)
    store(tmp_path, "ledger/catalogue/Banana/00000001.json", b"{}")
    ledger = S3Ledger(BucketOnDisk(NoBucket(), "bucket", tmp_path), 0)  # type: ignore[arg-type]

    entries = list(ledger.outcomes(None))

    assert [entry.job_id for entry in entries] == [one.job_id for one in weighings]
    assert [ledger.read(entry) for entry in entries] == weighings
    since_then = ledger.outcomes(None, days[1])
    assert [entry.job_id for entry in since_then] == [one.job_id for one in weighings[1:]]
    assert ledger.last_day() == days[2].replace(hour=0)
    assert ledger.last(weighings[0].job_id) == weighings[0]
