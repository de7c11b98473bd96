"""The rows of the weighings on the disk of the embedded run, in an SQLite database.

The emulator keeps them there (`emulator_rows.py`), and a restore writes them itself while nobody
works on them: through the emulator each would take a hundred times as long.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

EXPIRES = "kept_until"
"""The attribute that says, in seconds since 1970, until when a row is kept."""
NO_SORT = "__no_sort__"
_EXPIRE_EVERY_S = 600.0
_BUSY_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS tables (number INTEGER PRIMARY KEY, id TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS row (
    of INTEGER, id TEXT, until REAL, item TEXT, PRIMARY KEY (of, id));
CREATE INDEX IF NOT EXISTS expiring ON row (of, until);
CREATE TABLE IF NOT EXISTS entry (
    of INTEGER, "index" TEXT, partition TEXT, id TEXT, item TEXT,
    PRIMARY KEY (of, "index", partition, id)) WITHOUT ROWID;
"""
Item = dict[str, Any]


class Rows(Mapping[str, dict[str, Item]]):
    """The rows of one table by their keys, as ministack looks them up.

    Args:
        database: where they are.
        table_id: which of its tables.
        key: the attribute that is its key.
        indexes: what DynamoDB says of its indexes.
    """

    def __init__(
        self, database: "Database", table_id: str, key: str, indexes: Sequence[Mapping[str, Any]]
    ) -> None:
        self._database = database
        self._number = database.number(table_id)
        self.key = key
        self._due = 0.0
        self._indexes: dict[str, tuple[str, list[str]]] = {
            index["IndexName"]: (
                index["KeySchema"][0]["AttributeName"],
                _projected(self.key, index),
            )
            for index in indexes
        }

    def __getitem__(self, key: str) -> dict[str, Item]:
        found = self.one(key)
        if found is None:
            raise KeyError(key)
        return {NO_SORT: found}

    def __len__(self) -> int:
        [[count]] = self._database.all("SELECT count(*) FROM row WHERE of = ?", self._number)
        return int(count)

    def __iter__(self) -> Iterator[str]:
        """No keys: ministack looks at all rows for those that expired, which go by themselves."""
        return iter(())

    def one(self, key: str) -> Item | None:
        """A row."""
        found = self._database.all(
            "SELECT item FROM row WHERE of = ? AND id = ?", self._number, key
        )
        return json.loads(found[0][0]) if found else None

    def put(self, key: str, item: Item) -> Item | None:
        """Store a row and what the indexes know of it; what was there before."""
        before = self.one(key)
        self.replace(key, before, item)
        return before

    def replace(self, key: str, before: Item | None, item: Item) -> None:
        """Store a row and what the indexes know of it, for who knows what was there before."""
        until = float(item[EXPIRES]["N"]) if EXPIRES in item else None
        with self._database.change() as change:
            change(
                "INSERT OR REPLACE INTO row VALUES (?, ?, ?, ?)",
                (self._number, key, until, _text(item)),
            )
            for name, (partition, projected) in self._indexes.items():
                former = None if before is None else before.get(partition)
                if former is not None and former != item.get(partition):
                    change(_DELETE_ENTRY, (self._number, name, former["S"], key))
                if partition in item:
                    known = {part: item[part] for part in projected if part in item}
                    change(
                        "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?)",
                        (self._number, name, item[partition]["S"], key, _text(known)),
                    )
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _EXPIRE_EVERY_S
            self.expire()

    def remove(self, key: str) -> Item | None:
        """Delete a row; what was there."""
        before = self.one(key)
        if before is not None:
            with self._database.change() as change:
                change("DELETE FROM row WHERE of = ? AND id = ?", (self._number, key))
                for name, (partition, _) in self._indexes.items():
                    if partition in before:
                        change(_DELETE_ENTRY, (self._number, name, before[partition]["S"], key))
        return before

    def expire(self) -> None:
        """Delete the rows that are past their time."""
        gone = self._database.all(
            "SELECT id FROM row WHERE of = ? AND until < ?", self._number, time.time()
        )
        for [key] in gone:
            self.remove(key)

    def partition_of(self, index: str) -> str:
        """The attribute that an index is by."""
        partition, _ = self._indexes[index]
        return partition

    def read(
        self, index: str | None, partition: str, low: str, high: str, *, falling: bool, limit: int
    ) -> Iterator[Item]:
        """What an index, or the table itself, knows of the rows between two keys, both included."""
        order = "DESC" if falling else "ASC"
        if index is None:
            query = "SELECT item FROM row WHERE of = ? AND id BETWEEN ? AND ?"
            values: tuple[object, ...] = (self._number, low, high)
        else:
            query = 'SELECT item FROM entry WHERE of = ? AND "index" = ? AND partition = ?'
            query += " AND id BETWEEN ? AND ?"
            values = (self._number, index, partition, low, high)
        found = self._database.all(f"{query} ORDER BY id {order} LIMIT ?", *values, limit)
        return (json.loads(text) for [text] in found)


_DELETE_ENTRY = 'DELETE FROM entry WHERE of = ? AND "index" = ? AND partition = ? AND id = ?'


class Database:
    """The file; ministack's threads share it."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            file, timeout=_BUSY_S, check_same_thread=False, isolation_level=None
        )
        # What is written outlives the process at once, and the machine within moments; no power cut
        # damages the file.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_SCHEMA)

    def number(self, table_id: str) -> int:
        """What a table is called here."""
        self.all("INSERT OR IGNORE INTO tables (id) VALUES (?)", table_id)
        [[number]] = self.all("SELECT number FROM tables WHERE id = ?", table_id)
        return int(number)

    def keep_only(self, table_ids: set[str]) -> None:
        """Drop the rows of tables that are no more."""
        with self.change() as change:
            for number, table_id in self.all("SELECT number, id FROM tables"):
                if table_id not in table_ids:
                    for name, column in (("row", "of"), ("entry", "of"), ("tables", "number")):
                        change(f"DELETE FROM {name} WHERE {column} = ?", (number,))  # noqa: S608

    def all(self, statement: str, *values: object) -> list[Any]:
        """Everything that a statement answers."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def change(self) -> "_Change":
        """Several statements, all or none."""
        return _Change(self._connection, self._lock)

    def close(self) -> None:
        """Write everything into the file itself."""
        with self._lock:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.close()


class _Change:
    """A transaction; one within another is part of it."""

    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock) -> None:
        self._connection, self._lock = connection, lock

    def __enter__(self) -> Callable[..., object]:
        self._lock.acquire()
        self._outermost = not self._connection.in_transaction
        if self._outermost:
            self._connection.execute("BEGIN IMMEDIATE")
        return self._connection.execute

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            if self._outermost:
                self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
        finally:
            self._lock.release()


def _projected(own: str, index: Mapping[str, Any]) -> list[str]:
    keys = [own, *(key["AttributeName"] for key in index["KeySchema"])]
    return list(dict.fromkeys([*keys, *index["Projection"].get("NonKeyAttributes", [])]))


def _text(item: Item) -> str:
    return json.dumps(item, separators=(",", ":"), ensure_ascii=False)
