"""What the embedded API acknowledges is on the disk, not only in the memory of the system."""

import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from infra.durable import flush_every_put
from infra.emulator import ACCOUNT, Emulator
from smartscale.adapters.aws import s3_client
from smartscale.domain.errors import StorageFull
from tests.conftest import Deployed

pytestmark = pytest.mark.integration


@pytest.fixture
def flushed(
    emulator: Emulator, deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Path]]:
    """The files that were flushed to the disk since."""
    files: list[Path] = []
    flush = os.fsync

    def note(descriptor: int) -> None:
        files.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        flush(descriptor)

    for name, value in deployed.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    flush_every_put(emulator.bucket_folder(deployed.outputs.bucket).parent)
    assert emulator.bucket_folder("").name == ACCOUNT
    yield files


def test_a_stored_object_and_its_metadata_are_flushed(
    flushed: list[Path], emulator: Emulator, deployed: Deployed
) -> None:
    bucket = deployed.outputs.bucket
    s3_client(emulator.region).put_object(Bucket=bucket, Key="idempotency/a b.json", Body=b"1")
    folder = emulator.bucket_folder(bucket)
    stored = folder / "idempotency" / "a b.json"
    assert flushed == [stored, stored.with_name("a b.json.meta.json"), stored.parent, folder]


def test_a_key_that_lies_elsewhere_is_flushed_there(
    flushed: list[Path], emulator: Emulator, deployed: Deployed
) -> None:
    s3_client(emulator.region).put_object(
        Bucket=deployed.outputs.bucket, Key="idempotency//twice.json", Body=b"1"
    )
    assert [path.parent.name for path in flushed[:2]] == [".ministack-keys"] * 2


def test_what_is_not_on_the_disk_is_not_stored(
    flushed: list[Path], emulator: Emulator, deployed: Deployed
) -> None:
    """Somebody, or a broken disk, has changed the bytes before they were looked at."""
    bucket = deployed.outputs.bucket
    client = s3_client(emulator.region)
    stored = emulator.bucket_folder(bucket) / "idempotency" / "other.json"

    def spoil(**_: object) -> None:
        stored.write_bytes(b"2")

    client.meta.events.register_first("after-call.s3.PutObject", spoil)
    with pytest.raises(StorageFull):
        client.put_object(Bucket=bucket, Key="idempotency/other.json", Body=b"1")
    assert stored in flushed
    # Other tests copy this bucket, and the damaged object cannot be read.
    client.delete_object(Bucket=bucket, Key="idempotency/other.json")
