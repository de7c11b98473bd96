"""Put what the embedded API stores onto the disk itself before anybody is told that it is stored.

The emulator leaves written files to the operating system, which keeps them in memory for some
seconds: a killed process loses nothing, a power cut might. So after each object that this process
puts, its file is flushed. On AWS, S3 does that.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

_KEY = "smartscale_object"
_METADATA_SUFFIX = ".meta.json"


def flush_every_put(objects: Path) -> None:
    """Make this process's default AWS session flush each object that it puts.

    Args:
        objects: the emulator's folder of buckets.
    """

    def note(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        context[_KEY] = Path(params["Bucket"], params["Key"])

    def flush(http_response: Any, context: Mapping[str, Any], **_: object) -> None:
        if http_response.status_code < 300:  # noqa: PLR2004
            _flush(objects / context[_KEY])

    session = boto3.Session()
    session.events.register("provide-client-params.s3.PutObject", note)
    session.events.register("after-call.s3.PutObject", flush)
    boto3.DEFAULT_SESSION = session


def _flush(file: Path) -> None:
    try:
        for path in (file, file.with_name(file.name + _METADATA_SUFFIX), file.parent):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except FileNotFoundError:
        # The emulator stores this key under another file name.
        os.sync()
