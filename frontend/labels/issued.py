"""Which labels have gone out: a second one of the same sale is marked as a copy."""

import sqlite3
import threading
from pathlib import Path


class Issued:
    """The labels that were printed or downloaded, on disk before they are."""

    def __init__(self, file: Path) -> None:
        self._turn = threading.Lock()
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        # Each change is on the disk when its statement returns, so a power cut forgets no label.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE IF NOT EXISTS issued (sale TEXT PRIMARY KEY) WITHOUT ROWID")

    def issue(self, sale: str) -> bool:
        """Note that a label goes out; whether one of this sale has gone out before."""
        with self._turn:
            done = self._db.execute("INSERT OR IGNORE INTO issued VALUES (?)", (sale,))
            return done.rowcount == 0

    def take_back(self, sale: str) -> None:
        """Note that the label did not go out after all."""
        with self._turn:
            self._db.execute("DELETE FROM issued WHERE sale = ?", (sale,))

    def close(self) -> None:
        """Let go of the file, once the thread whose turn it is has done."""
        with self._turn:  # SQLite crashes where a connection is closed under a statement
            self._db.close()
