"""Which labels have gone out: a second one of the same sale is marked as a copy."""

import time
from datetime import datetime
from pathlib import Path

from frontend.durable import DurableFile

_SCHEMA = "CREATE TABLE IF NOT EXISTS issued (sale TEXT PRIMARY KEY) WITHOUT ROWID"
_LABELS = "CREATE TABLE IF NOT EXISTS labels (at REAL NOT NULL, copy INTEGER NOT NULL)"
_KEPT_S = 400 * 24 * 3600


class Issued(DurableFile):
    """Records each label on disk before it is printed or downloaded."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _SCHEMA)
        self._run(_LABELS)

    def issue(self, sale: str) -> bool:
        """Record that a label goes out. Returns whether one of the same sale went out before."""
        copy = self._change("INSERT OR IGNORE INTO issued VALUES (?)", sale) == 0
        self._run("INSERT INTO labels VALUES (?, ?)", time.time(), copy)
        return copy

    def knows(self, sale: str) -> bool:
        """Whether a label of this sale has gone out."""
        return bool(self._run("SELECT 1 FROM issued WHERE sale = ?", sale))

    def count(self, since: datetime, until: datetime) -> tuple[int, int]:
        """How many labels went out between two moments, and how many of them were copies."""
        ((labels, copies),) = self._run(
            "SELECT count(*), coalesce(sum(copy), 0) FROM labels WHERE at >= ? AND at < ?",
            since.timestamp(),
            until.timestamp(),
        )
        self._run("DELETE FROM labels WHERE at < ?", time.time() - _KEPT_S)
        return int(labels), int(copies)

    def take_back(self, sale: str, *, copy: bool) -> None:
        """Remove the record of a label that could not be printed."""
        if not copy:
            self._run("DELETE FROM issued WHERE sale = ?", sale)
        # Which of several of one kind it was makes no difference to how many there were.
        self._run(
            "DELETE FROM labels WHERE rowid = (SELECT max(rowid) FROM labels WHERE copy = ?)", copy
        )
