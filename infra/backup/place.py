"""Where a backup lies: a folder, or a prefix of a bucket."""

import os
import shutil
from pathlib import Path
from typing import Protocol

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from infra.errors import PlainError
from infra.flushed import flush
from infra.private import FILE_MODE
from smartscale.adapters.aws import s3_client

_S3 = "s3://"
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class Place(Protocol):
    """Holds files by name; what goes wrong is a PlainError that names the place."""

    def save(self, name: str, file: Path) -> None:
        """Keep a copy of a file."""

    def fetch(self, name: str, file: Path) -> None:
        """Copy a file out of the place."""

    def size(self, name: str) -> int | None:
        """How many bytes a file has; None where there is no such file."""

    def delete(self, name: str) -> None:
        """Drop a file."""


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, FILE_MODE)


class Folder:
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __str__(self) -> str:
        return str(self._root)

    def save(self, name: str, file: Path) -> None:
        """Keep a copy; half a copy never has the name."""
        target = self._root / name
        part = target.with_name(target.name + ".part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            # For its user alone, as the home is that it is a copy of.
            with file.open("rb") as source, open(part, "xb", opener=_private) as copy:
                shutil.copyfileobj(source, copy)
                copy.flush()
                os.fsync(copy.fileno())
            part.replace(target)
            flush(target.parent)
        except OSError as error:
            raise PlainError(f"{target} cannot be written: {error.strerror}") from error

    def fetch(self, name: str, file: Path) -> None:
        """Copy a file out of the folder."""
        try:
            shutil.copyfile(self._root / name, file)
        except OSError as error:
            raise PlainError(f"{self._root / name} cannot be read: {error.strerror}") from error

    def size(self, name: str) -> int | None:
        """How many bytes a file has."""
        try:
            return (self._root / name).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise PlainError(f"{self._root / name} cannot be read: {error.strerror}") from error

    def delete(self, name: str) -> None:
        """Drop a file."""
        try:
            (self._root / name).unlink(missing_ok=True)
        except OSError as error:
            raise PlainError(f"{self._root / name} cannot be deleted: {error.strerror}") from error


class BucketPrefix:
    """A prefix of a bucket, in the cloud that the stack is in."""

    def __init__(self, bucket: str, prefix: str, region: str) -> None:
        self._s3 = s3_client(region)
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def __str__(self) -> str:
        return f"{_S3}{self._bucket}/{self._prefix}"

    def save(self, name: str, file: Path) -> None:
        """Keep a copy."""
        try:
            self._s3.upload_file(str(file), self._bucket, self._prefix + name)
        except (BotoCoreError, ClientError, Boto3Error) as error:
            raise PlainError(f"{self}{name} cannot be written: {error}") from error

    def fetch(self, name: str, file: Path) -> None:
        """Copy a file out of the bucket."""
        try:
            self._s3.download_file(self._bucket, self._prefix + name, str(file))
        except (BotoCoreError, ClientError) as error:
            raise PlainError(f"{self}{name} cannot be read: {error}") from error

    def size(self, name: str) -> int | None:
        """How many bytes a file has."""
        try:
            return self._s3.head_object(Bucket=self._bucket, Key=self._prefix + name)[
                "ContentLength"
            ]
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise PlainError(f"{self}{name} cannot be read: {error}") from error
        except BotoCoreError as error:
            raise PlainError(f"{self} cannot be reached: {error}") from error

    def delete(self, name: str) -> None:
        """Drop a file."""
        try:
            self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + name)
        except (BotoCoreError, ClientError) as error:
            raise PlainError(f"{self}{name} cannot be deleted: {error}") from error


def place_of(target: str, region: str) -> Place:
    """The place that an operator names: a folder, or `s3://BUCKET/PREFIX`."""
    if not target.startswith(_S3):
        return Folder(Path(target).expanduser())
    bucket, _, prefix = target.removeprefix(_S3).partition("/")
    if not bucket:
        raise PlainError(f"{target} names no bucket: give s3://BUCKET/PREFIX", 2)
    return BucketPrefix(bucket, prefix, region)
