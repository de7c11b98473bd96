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


def flush_object(file: Path, bucket: Path) -> None:
    """Flush an object, its metadata, and the folders in which they are entered.

    Args:
        file: the object's, somewhere below the bucket.
        bucket: the bucket's folder.

    Raises:
        OSError: the disk did not take it.
    """
    folders = [parent for parent in file.parents if parent.is_relative_to(bucket)]
    for path in (file, described(file), *folders):
        flush(path)


def flush(path: Path) -> None:
    """Flush a file or a folder. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
