"""Which labels have gone out: a second one of the same sale is marked as a copy."""

from pathlib import Path

from frontend.durable import DurableFile

_SCHEMA = "CREATE TABLE IF NOT EXISTS issued (sale TEXT PRIMARY KEY) WITHOUT ROWID"


class Issued(DurableFile):
    """Records each label on disk before it is printed or downloaded."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _SCHEMA)

    def issue(self, sale: str) -> bool:
        """Record that a label goes out. Returns whether one of the same sale went out before."""
        return self._change("INSERT OR IGNORE INTO issued VALUES (?)", sale) == 0

    def knows(self, sale: str) -> bool:
        """Whether a label of this sale has gone out."""
        return bool(self._run("SELECT 1 FROM issued WHERE sale = ?", sale))

    def take_back(self, sale: str) -> None:
        """Remove the record of a label that could not be printed."""
        self._run("DELETE FROM issued WHERE sale = ?", sale)
