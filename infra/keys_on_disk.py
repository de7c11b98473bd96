"""The keys of a bucket of the emulator, as the files on the disk tell them.

A shop's bucket has hundreds of thousands of keys, so no process holds them: a listing reads the
folders that it comes to, one after the other.
"""

import heapq
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

from infra.flushed import ENCODED_KEYS, METADATA_SUFFIX, described


def keys_since(folder: Path, prefix: str, after: str = "") -> Iterator[tuple[str, Path]]:
    """The keys with a prefix that come after one, by rising key, each with its file.

    Args:
        folder: the bucket's.
        prefix: what the keys begin with.
        after: a key, which need not be there.
    """
    parent = prefix.rpartition("/")[0]
    plain = ((key, folder / key) for key in _plain(folder, parent, prefix, after))
    for key, file in heapq.merge(plain, _encoded(folder)):
        if key > after and key.startswith(prefix):
            yield key, file


def names_in(folder: Path) -> list[str]:
    """What is in a folder of a bucket, in the order of keys; folders end with a slash."""
    try:
        with os.scandir(folder) as entries:
            found = [
                f"{entry.name}/" if entry.is_dir() else entry.name
                for entry in entries
                if not entry.name.endswith((METADATA_SUFFIX, ".tmp")) and entry.name != ENCODED_KEYS
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(found)


def _plain(folder: Path, parent: str, prefix: str, after: str) -> Iterator[str]:
    """The keys that are paths below a parent; folders that hold none of them are not looked into.

    Some of the keys may be before `after`.
    """
    start = f"{parent}/" if parent else ""
    for name in names_in(folder / parent):
        key = start + name
        if not key.startswith(prefix):
            continue
        if not name.endswith("/"):
            yield key
        elif key >= after[: len(key)]:
            yield from _plain(folder, key[:-1], prefix, after)


def _encoded(folder: Path) -> Iterator[tuple[str, Path]]:
    """The keys that are no paths, and their files."""
    files = [folder / ENCODED_KEYS / name for name in names_in(folder / ENCODED_KEYS)]
    yield from sorted((_decoded(file), file) for file in files)


def _decoded(file: Path) -> str:
    """The key of a file under another name; a power cut may have left nothing but its bytes."""
    with suppress(FileNotFoundError, ValueError, KeyError):
        return str(json.loads(described(file).read_bytes())["key"])
    return unquote(file.name)
