"""The emulator's objects, of which its RAM holds nothing but the last that were written.

Ministack holds a dictionary of every object, reads all their descriptions when it starts, and sorts
all keys for each page of a listing. A shop has a few objects for each weighing of a month, and its
ledger for good. Here the files themselves are what there is.
"""

import json
import os
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import s3

from infra.flushed import METADATA_SUFFIX
from infra.keys_on_disk import keys_since

_REMEMBERED = 100
_LAST = "\U0010ffff"
Record = dict[str, Any]


class Objects(MutableMapping[str, Record]):
    """The objects of one bucket by key, as ministack has them.

    Args:
        account: whose bucket it is.
        bucket: its name.
    """

    def __init__(self, account: str, bucket: str) -> None:
        self._folder = Path(s3.DATA_DIR, account, bucket)
        self._written: dict[str, Record] = {}
        """The last ones that were written: ministack takes the bytes out of them when they are on
        the disk, just after."""

    def __getitem__(self, key: str) -> Record:
        if key in self._written:
            return self._written[key]
        file = self._file(key)
        if file is None:
            raise KeyError(key)
        try:
            return _described(file)
        except FileNotFoundError:  # deleted meanwhile
            raise KeyError(key) from None

    def __setitem__(self, key: str, record: Record) -> None:
        self._written.pop(key, None)
        self._written[key] = record
        if len(self._written) > _REMEMBERED:
            del self._written[next(iter(self._written))]

    def __delitem__(self, key: str) -> None:
        """Forget an object; ministack deletes its files just after."""
        if self._written.pop(key, None) is None and self._file(key) is None:
            raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return key in self._written or self._file(str(key)) is not None

    def __iter__(self) -> Iterator[str]:
        return self.since("", "")

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return next(iter(self), None) is not None

    def since(self, prefix: str, after: str) -> Iterator[str]:
        """The keys with a prefix that come after one, by rising key."""
        return (key for key, _ in keys_since(self._folder, prefix, after))

    def _file(self, key: str) -> Path | None:
        """Where an object's bytes are: under its key, or under a name where that is no path."""
        encoded = f"{s3._ENCODED_KEYS_DIR}/{s3._encoded_key_name(key)}"  # noqa: SLF001
        for name in (key, encoded) if s3._plain_path_key(key) else (encoded,):  # noqa: SLF001
            if os.path.isfile(file := self._folder / name):  # noqa: PTH113 - asked at each request
                return file
        return None


def _described(file: Path) -> Record:
    """What is known of an object; a power cut may have left nothing but its bytes."""
    described: Record = {}
    with suppress(FileNotFoundError, ValueError):
        described = json.loads(Path(f"{file}{METADATA_SUFFIX}").read_bytes())
    if described.get("size") is None or not described.get("etag"):
        body = file.read_bytes()
        described |= {"size": len(body), "etag": f'"{s3.md5_hash(body)}"'}
    return {
        "body": None,
        "content_type": described.get("content_type", "application/octet-stream"),
        "content_encoding": described.get("content_encoding"),
        "etag": described["etag"],
        "last_modified": described.get("last_modified") or now_iso(),
        "size": described["size"],
        "metadata": described.get("metadata", {}),
        "preserved_headers": described.get("preserved_headers", {}),
        "storage_class": described.get("storage_class", "STANDARD"),
        "checksums": described.get("checksums", {}),
    }


class _Buckets(dict[tuple[str, str], Record]):
    """Ministack's buckets by account and name; whoever adds one gives it an empty dictionary."""

    def __setitem__(self, key: tuple[str, str], bucket: Record) -> None:
        if not isinstance(bucket["objects"], Objects):
            bucket["objects"] = Objects(*key)
        super().__setitem__(key, bucket)

    def setdefault(self, key: tuple[str, str], default: Record) -> Record:
        """As a dictionary does."""
        if key not in self:
            self[key] = default
        return self[key]


def find_objects_on_disk() -> None:
    """Have this process's ministack find its objects on the disk.

    It has to have been imported without S3_PERSIST, by which it reads all descriptions then.
    """
    s3.S3_PERSIST = True
    s3._buckets._data = buckets = _Buckets()  # noqa: SLF001
    for folder in Path(s3.DATA_DIR).glob("[0-9]*/*/"):
        found: Record = {"created": now_iso(), "objects": {}, "region": None}
        buckets[folder.parent.name, folder.name] = found
    s3._collect_list_entries = _page  # noqa: SLF001


def _page(
    objects: Objects, prefix: str, delimiter: str, most: int, after: str
) -> tuple[list[str], list[str], bool, str]:
    """A page of a listing: keys, common prefixes, whether there is more, and what it ended with."""
    found: list[str] = []
    common: list[str] = []
    last = ""
    keys = objects.since(prefix, after)
    while (key := next(keys, None)) is not None:
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        shown = key if end < 0 else key[: end + len(delimiter)]
        if not after or shown > after:
            if len(found) + len(common) == most:
                return found, common, True, last
            (found if end < 0 else common).append(shown)
            last = shown
        if end >= 0:
            keys = objects.since(prefix, shown + _LAST)
    return found, common, False, last
