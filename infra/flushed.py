"""Put a stored object onto the disk itself: a written file is in the system's memory for a while.

A killed process loses nothing of that, a power cut might.
"""

import os
from pathlib import Path

METADATA_SUFFIX = ".meta.json"
ENCODED_KEYS = ".ministack-keys"
"""The emulator's folder of objects whose keys are no paths."""


def described(file: Path) -> Path:
    """The file with the metadata of an object's file."""
    return file.with_name(file.name + METADATA_SUFFIX)


_entered: set[tuple[Path, int]] = set()
"""Folders, by path and inode, whose entries in the folders above them are flushed; the emulator
removes none but with the bucket."""


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
    new = set()
    for folder in file.parents:
        if not folder.is_relative_to(bucket):
            break
        flush(folder)
        entry = folder, folder.stat().st_ino
        if entry in _entered:
            break
        new.add(entry)
    _entered.update(new)


def flush(path: Path) -> None:
    """Flush a file or a folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
