"""Objects of a bucket in a tar file: their keys are the names, their metadata in its headers."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from smartscale.adapters.bucket import LEDGER, Bucket
from smartscale.parallel import THREADS, in_parallel

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

_MEDIA_TYPE = "SMARTSCALE.media-type"
_METADATA = "SMARTSCALE.metadata"
_LARGE = 1_000_000
_THREADS_FOR_LARGE = 2
_COMPRESSION = 5


@dataclass(frozen=True)
class StoredObject:
    """An object with its bytes."""

    key: str
    body: bytes
    media_type: str
    metadata: dict[str, str]
    stored_at: datetime


def listing_of(found: Sequence["ObjectTypeDef"]) -> str:
    """Equal for the same objects: of their keys and what they hold."""
    text = "\n".join(f"{one['Key']} {one['ETag']}" for one in found)
    return hashlib.sha256(text.encode()).hexdigest()


def pack(bucket: Bucket, found: Sequence["ObjectTypeDef"], file: Path) -> int:
    """Write objects into a tar file; tells how many were still there."""

    def read(one: "ObjectTypeDef") -> StoredObject | None:
        try:
            answer = bucket.s3.get_object(Bucket=bucket.name, Key=one["Key"])
        except bucket.s3.exceptions.NoSuchKey:
            return None  # it has expired meanwhile
        return StoredObject(
            key=one["Key"],
            body=answer["Body"].read(),
            media_type=answer["ContentType"],
            metadata=answer["Metadata"],
            stored_at=answer["LastModified"],
        )

    count = 0
    with tarfile.open(file, "w:gz", compresslevel=_COMPRESSION) as tar:
        for stored in in_parallel(read, found, _threads([one["Size"] for one in found])):
            if stored is not None:
                tar.addfile(_header(stored), io.BytesIO(stored.body))
                count += 1
    return count


def unpack(bucket: Bucket, file: Path, prefixes: Sequence[str], ledger_lock_days: int) -> int:
    """Store a tar file's objects, but for those that are there; tells how many it stored. Records
    of the ledger are locked as new ones are.

    Raises:
        ValueError: an object's key is not below one of the prefixes.
    """

    def store(stored: StoredObject) -> bool:
        days = ledger_lock_days if stored.key.startswith(LEDGER) else 0
        return bucket.put_new(stored.key, stored.body, stored.media_type, stored.metadata, days)

    with tarfile.open(file, "r:gz") as tar:
        objects = _members(tar, prefixes)
        return sum(in_parallel(store, objects, THREADS))


def _members(tar: tarfile.TarFile, prefixes: Sequence[str]) -> Iterator[StoredObject]:
    for member in tar:
        content = tar.extractfile(member)
        if content is None or not member.name.startswith(tuple(prefixes)):
            raise ValueError(f"{member.name} is no object of SmartScale")
        yield StoredObject(
            key=member.name,
            body=content.read(),
            media_type=member.pax_headers[_MEDIA_TYPE],
            metadata=json.loads(member.pax_headers[_METADATA]),
            stored_at=datetime.fromtimestamp(member.mtime).astimezone(),
        )


def _header(stored: StoredObject) -> tarfile.TarInfo:
    header = tarfile.TarInfo(stored.key)
    header.size = len(stored.body)
    header.mtime = int(stored.stored_at.timestamp())
    header.pax_headers = {
        _MEDIA_TYPE: stored.media_type,
        _METADATA: json.dumps(stored.metadata),
    }
    return header


def _threads(sizes: Sequence[int]) -> int:
    """Read in smaller groups: models are many megabytes each, and a group is held in RAM."""
    return _THREADS_FOR_LARGE if max(sizes, default=0) > _LARGE else THREADS
