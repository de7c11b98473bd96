"""Put a stored object onto the disk itself: a written file is in the system's memory for a while.

A killed process loses nothing of that, a power cut might.
"""

import os
from functools import lru_cache
from pathlib import Path

METADATA_SUFFIX = ".meta.json"
ENCODED_KEYS = ".ministack-keys"
"""The emulator's folder of objects whose keys are no paths."""


def described(file: Path) -> Path:
    """The file with the metadata of an object's file."""
    return file.with_name(file.name + METADATA_SUFFIX)


_REMEMBERED = 1000


def flush_object(file: Path, bucket: Path) -> None:
    """Flush an object, its metadata, and the folders in which they are newly entered.

    Args:
        file: the object's, somewhere below the bucket.
        bucket: the bucket's folder.

    Raises:
        OSError: the disk did not take it.
    """
    flush(file)
    flush(described(file))
    folder = file.parent
    flush(folder)
    _flush_entry(folder, folder.stat().st_ino, bucket)


@lru_cache(maxsize=_REMEMBERED)
def _flush_entry(folder: Path, inode: int, bucket: Path) -> None:
    """Flush the folder in which another one is entered, and so on up to the bucket's.

    That is done once: the emulator removes no folder but with its bucket, and one that is made anew
    has another inode.
    """
    del inode
    if folder != bucket:
        parent = folder.parent
        flush(parent)
        _flush_entry(parent, parent.stat().st_ino, bucket)


def flush(path: Path) -> None:
    """Flush a file or a folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
