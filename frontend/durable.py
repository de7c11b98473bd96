"""Files that survive a power cut intact."""

import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

_writing = threading.Lock()


def write_durably(file: Path, text: str) -> None:
    """Write a text to the disk; a power cut leaves this one or the one before, whole."""
    part = file.with_suffix(".part")
    with _writing:
        with part.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        part.replace(file)


class DurableFile:
    """An SQLite file. Runs statements from any thread, one at a time; a change is on disk when the
    call returns."""

    def __init__(self, file: Path, schema: str) -> None:
        self._turn = threading.Lock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(schema)

    def close(self) -> None:
        """Close the file once the statement that is running has finished."""
        with self._turn:  # SQLite crashes where a connection is closed under a statement
            self._db.close()

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        with self._turn:
            return list(self._db.execute(statement, values))

    def _change(self, statement: str, *values: object) -> int:
        """Run a statement and return how many rows it changed."""
        with self._turn:
            return self._db.execute(statement, values).rowcount
