"""Put what the embedded API stores onto the disk itself before anybody is told that it is stored.

After each object that this process puts, its file is flushed, and compared with what was to be
stored. The emulator flushes what others put, such as the workers. On AWS, S3 does that.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3

from infra.flushed import ENCODED_KEYS, described, flush_object
from smartscale.domain.errors import StorageFull

_KEY = "smartscale_object"
_NOT_STORED = (
    "It could not be written to the disk of the service, so nothing was stored or charged: look at "
    "the disk, and try again."
)


def flush_every_put(objects: Path) -> None:
    """Make this process's default AWS session flush and compare each object that it puts.

    Args:
        objects: the emulator's folder of buckets.
    """

    def note(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        digest = hashlib.sha256(params.get("Body", b"")).digest()
        context[_KEY] = objects / params["Bucket"], params["Key"], digest

    def flush(http_response: Any, context: Mapping[str, Any], **_: object) -> None:
        if http_response.status_code < 300:  # noqa: PLR2004
            _flush(*context[_KEY])

    session = boto3.Session()
    session.events.register("provide-client-params.s3.PutObject", note)
    session.events.register("after-call.s3.PutObject", flush)
    boto3.DEFAULT_SESSION = session


def _flush(bucket: Path, key: str, digest: bytes) -> None:
    """Flush an object's files.

    Raises:
        StorageFull: the bytes on the disk are not the ones that were to be stored.
    """
    file = bucket / key
    if not described(file).exists():
        # The emulator keeps a key that is no path under another name.
        file = bucket / ENCODED_KEYS / quote(key, safe="").replace(".", "%2E")
    try:
        flush_object(file, bucket)
        stored = hashlib.sha256(file.read_bytes()).digest()
    except OSError as error:
        raise StorageFull(f"{_NOT_STORED} ({error.strerror}.)") from error
    if stored != digest:
        raise StorageFull(_NOT_STORED)
