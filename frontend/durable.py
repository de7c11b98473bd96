"""A file of SQLite that a power cut finds whole."""

import sqlite3
import threading
from pathlib import Path
from typing import Any


class DurableFile:
    """Statements of any thread, one after another; each change is on disk when it returns."""

    def __init__(self, file: Path, schema: str) -> None:
        self._turn = threading.Lock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(schema)

    def close(self) -> None:
        """Let go of the file, once the thread whose turn it is has done."""
        with self._turn:  # SQLite crashes where a connection is closed under a statement
            self._db.close()

    def _run(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that a statement gives."""
        with self._turn:
            return list(self._db.execute(statement, values))

    def _change(self, statement: str, *values: object) -> int:
        """How many rows a statement has changed."""
        with self._turn:
            return self._db.execute(statement, values).rowcount
