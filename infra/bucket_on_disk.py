"""The embedded run's bucket, read from the disk it is on: through the emulator each object is a
request, and a shop's ledger has a hundred thousand.

Everything is written through the emulator.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.flushed import METADATA_SUFFIX
from infra.keys_on_disk import keys_since, names_in
from smartscale.adapters.bucket import Bucket
from smartscale.domain.errors import NotFound

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef


class BucketOnDisk(Bucket):
    """A bucket whose objects are files of a folder, as the emulator keeps them."""

    def __init__(self, s3: "S3Client", name: str, folder: Path) -> None:
        super().__init__(s3, name)
        self._folder = folder

    def read(self, key: str) -> bytes:
        """An object's bytes. Raises NotFound when there is no such object."""
        try:
            return (self._folder / key).read_bytes()
        except FileNotFoundError:
            return super().read(key)  # under another name, or nowhere
        except (IsADirectoryError, NotADirectoryError) as error:
            raise NotFound(f"There is no object {key} in the bucket.") from error

    def list(self, prefix: str, after: str = "") -> Iterator["ObjectTypeDef"]:
        """The objects under a prefix whose keys come after one, by rising key."""
        for key, file in keys_since(self._folder, prefix, after):
            yield _Found(key, file)  # type: ignore[misc]

    def folders(self, prefix: str) -> Iterator[str]:
        """What keys under a prefix, which ends with a slash, have up to the next one."""
        for name in names_in(self._folder / prefix):
            if name.endswith("/"):
                yield prefix + name


class _Found(dict[str, Any]):
    """An object of a listing; what nobody asks for is not looked up."""

    def __init__(self, key: str, file: Path) -> None:
        super().__init__(Key=key)
        self._file = file

    def __missing__(self, name: str) -> Any:
        if name == "LastModified":  # an object is written once
            return datetime.fromtimestamp(self._file.stat().st_mtime, UTC)
        return json.loads(Path(f"{self._file}{METADATA_SUFFIX}").read_bytes())[name.lower()]
