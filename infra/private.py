"""A home folder that only its owner can read."""

import os
import secrets
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600
OTHERS = 0o077
_BULKY = frozenset({"s3", "aside", "model_cache"})


def make_private(home: Path) -> None:
    """Create a home folder for its owner alone, and close what an earlier version left open.

    Raises:
        OSError: it cannot be written.
    """
    home.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    was_open = bool(home.stat().st_mode & OTHERS)
    for folder, folders, files in os.walk(home):
        if not was_open:
            # Not each picture: there may be a million, and the folder above is closed.
            folders[:] = [name for name in folders if name not in _BULKY]
        for path in (Path(folder), *(Path(folder, file) for file in files)):
            mode = path.lstat().st_mode
            if mode & OTHERS and not path.is_symlink():
                path.chmod(mode & ~OTHERS)


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone can read; a reader sees the old one or the new one."""
    written = file.with_name(f"{file.name}.new")
    written.unlink(missing_ok=True)
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())  # a power cut leaves no empty secret
    written.replace(file)


def kept_secret(file: Path) -> str:
    """The secret in a file, made by chance the first time."""
    try:
        kept = file.read_text(encoding="utf-8").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        kept = ""
    if not kept:
        kept = secrets.token_urlsafe(32)
        write_private(file, kept + "\n")
    return kept
