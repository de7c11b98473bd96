"""The emulator's objects: their keys in its RAM, and what else is known of each on the disk.

Ministack holds a dictionary of every object, reads all their descriptions when it starts, and sorts
all keys for each page of a listing. A shop has a few objects for each weighing of a month, and its
ledger for good.
"""

import json
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import s3
from sortedcontainers import SortedList

from infra.flushed import METADATA_SUFFIX

_REMEMBERED = 1000
_LAST = "\U0010ffff"
Record = dict[str, Any]


class Objects(MutableMapping[str, Record]):
    """The objects of one bucket by key, as ministack has them.

    Args:
        account: whose bucket it is.
        bucket: its name.
    """

    def __init__(self, account: str, bucket: str) -> None:
        self._account, self._bucket = account, bucket
        self._keys = SortedList()
        self._written: dict[str, Record] = {}
        """The last ones that were written: ministack takes the bytes out of them when they are on
        the disk, just after."""

    def __getitem__(self, key: str) -> Record:
        if key in self._written:
            return self._written[key]
        if key not in self._keys:
            raise KeyError(key)
        return _described(Path(s3._object_disk_path(self._bucket, key, self._account)))  # noqa: SLF001

    def __setitem__(self, key: str, record: Record) -> None:
        if key not in self._keys:
            self._keys.add(key)
        self._written.pop(key, None)
        self._written[key] = record
        if len(self._written) > _REMEMBERED:
            del self._written[next(iter(self._written))]

    def __delitem__(self, key: str) -> None:
        if key not in self._keys:
            raise KeyError(key)
        self._keys.remove(key)
        self._written.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def load(self, folder: Path) -> None:
        """Know the keys of the files of a folder."""
        self._keys.update(key for _, key in s3._persisted_key_files(str(folder), sidecars=False))  # noqa: SLF001

    def since(self, prefix: str, key: str) -> Iterator[str]:
        """The keys with a prefix from one on, by rising key."""
        keys = self._keys.irange(max(prefix, key))
        return takewhile(lambda found: found.startswith(prefix), keys)


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


def know_objects_by_their_keys() -> None:
    """Have this process's ministack know its objects so, those on the disk included.

    It has to have been imported without S3_PERSIST, by which it reads all descriptions then.
    """
    s3.S3_PERSIST = True
    s3._buckets._data = buckets = _Buckets()  # noqa: SLF001
    for folder in Path(s3.DATA_DIR).glob("[0-9]*/*/"):
        bucket: Record = {"created": now_iso(), "objects": {}, "region": None}
        buckets[folder.parent.name, folder.name] = bucket
        bucket["objects"].load(folder)
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
