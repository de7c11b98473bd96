"""Which labels have gone out: a second one of the same sale is marked as a copy."""

from pathlib import Path

from frontend.durable import DurableFile

_SCHEMA = "CREATE TABLE IF NOT EXISTS issued (sale TEXT PRIMARY KEY) WITHOUT ROWID"


class Issued(DurableFile):
    """The labels that were printed or downloaded, on disk before they are."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _SCHEMA)

    def issue(self, sale: str) -> bool:
        """Note that a label goes out; whether one of this sale has gone out before."""
        return self._change("INSERT OR IGNORE INTO issued VALUES (?)", sale) == 0

    def take_back(self, sale: str) -> None:
        """Note that the label did not go out after all."""
        self._run("DELETE FROM issued WHERE sale = ?", sale)
