"""The emulator's tables of weighings on the disk: a month of a busy shop does not fit into its RAM.

Ministack keeps each row in dictionaries, some 20 kB of a weighing, looks at a whole partition to
answer a query, and writes all of them when it stops. Here the rows of a table that has indexes, and
what each index knows of them, are in an SQLite database beside the saved state. A query reads as
much as it answers, a stop writes nothing, and a crash loses nothing that was written.

Only what `template.yaml` declares is served: indexes in the order of the table's only key.
"""

import json
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import dynamodb

EXPIRES = "kept_until"
"""The attribute that says, in seconds since 1970, until when a row is kept."""
_NO_SORT = "__no_sort__"
_PAGE = 1000
"""Rows in a page of an answer at most. They have 1 kB, and DynamoDB ends a page at 1 MB."""
_EXPIRE_EVERY_S = 600.0
_BETWEEN = re.compile(r"BETWEEN\s+(:\w+)\s+AND\s+(:\w+)", re.IGNORECASE)
_LAST = "\U0010ffff"
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
        table: ministack's description of the table.
    """

    def __init__(self, database: "Database", table: Mapping[str, Any]) -> None:
        self._database = database
        self._number = database.number(table["TableId"])
        self.key: str = table["pk_name"]
        self._due = 0.0
        self._indexes: dict[str, tuple[str, list[str]]] = {
            index["IndexName"]: (index["KeySchema"][0]["AttributeName"], _projected(table, index))
            for index in table["GlobalSecondaryIndexes"]
        }

    def __getitem__(self, key: str) -> dict[str, Item]:
        found = self._one(key)
        if found is None:
            raise KeyError(key)
        return {_NO_SORT: found}

    def __len__(self) -> int:
        [[count]] = self._database.all("SELECT count(*) FROM row WHERE of = ?", self._number)
        return int(count)

    def __iter__(self) -> Iterator[str]:
        """No keys: ministack looks at all rows for those that expired, which go by themselves."""
        return iter(())

    def _one(self, key: str) -> Item | None:
        found = self._database.all(
            "SELECT item FROM row WHERE of = ? AND id = ?", self._number, key
        )
        return json.loads(found[0][0]) if found else None

    def put(self, key: str, item: Item) -> Item | None:
        """Store a row and what the indexes know of it; what was there before."""
        before = self._one(key)
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
        return before

    def remove(self, key: str) -> Item | None:
        """Delete a row; what was there."""
        before = self._one(key)
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
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
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
    def __init__(self, connection: sqlite3.Connection, lock: threading.RLock) -> None:
        self._connection, self._lock = connection, lock

    def __enter__(self) -> Callable[..., object]:
        self._lock.acquire()
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection.execute

    def __exit__(self, kind: object, *_: object) -> None:
        try:
            self._connection.execute("COMMIT" if kind is None else "ROLLBACK")
        finally:
            self._lock.release()


def keep_rows_on_disk(file: Path) -> Database:
    """Have this process's ministack keep its indexed tables' rows in a file."""
    database = Database(file)
    restore, set_item, remove_item = (
        dynamodb.load_persisted_state,
        dynamodb._set_item,  # noqa: SLF001
        dynamodb._remove_item,  # noqa: SLF001
    )
    query, scan = dynamodb._query, dynamodb._scan  # noqa: SLF001

    def restore_and_attach(data: Any) -> None:
        restore(data)
        tables = list(dynamodb._tables.all_values())  # noqa: SLF001
        database.keep_only({table["TableId"] for table in tables if _is_kept(table)})
        for table in tables:
            rows_of(table)

    def rows_of(table: dict[str, Any] | None) -> Rows | None:
        if table is None or not _is_kept(table):
            return None
        rows = table["items"]
        if not isinstance(rows, Rows):
            # New, or saved by a version that had all in its RAM.
            table["items"] = kept = Rows(database, table)
            for key, items in rows.items():
                kept.put(key, items[_NO_SORT])
            table["ItemCount"] = len(kept)
            rows = kept
        return rows

    def put(table: dict[str, Any], key: str, sort: str, item: Item) -> Item | None:
        rows = rows_of(table)
        if rows is None:
            former: Item | None = set_item(table, key, sort, item)
            return former
        before = rows.put(key, item)
        table["ItemCount"] += before is None
        return before

    def remove(table: dict[str, Any], key: str, sort: str) -> Item | None:
        rows = rows_of(table)
        if rows is None:
            former: Item | None = remove_item(table, key, sort)
            return former
        before = rows.remove(key)
        table["ItemCount"] -= before is not None
        return before

    def asked_of(data: Mapping[str, Any]) -> Rows | None:
        name = dynamodb._normalize_table_name(data.get("TableName"))  # noqa: SLF001
        return rows_of(dynamodb._tables.get(name))  # noqa: SLF001

    def query_here(data: dict[str, Any]) -> Any:
        rows = asked_of(data)
        if rows is None or "IndexName" not in data:
            return query(data)
        return answer_query(rows, data)

    def scan_here(data: dict[str, Any]) -> Any:
        rows = asked_of(data)
        if rows is None:
            return scan(data)
        if set(data) & {"FilterExpression", "ScanFilter", "IndexName", "Segment"}:
            return _not_here("Scan of this table by anything but its pages")
        return _answer(rows, None, "", "", _LAST, {**data, "ScanIndexForward": True})

    dynamodb.load_persisted_state = restore_and_attach
    dynamodb._set_item, dynamodb._remove_item = put, remove  # noqa: SLF001
    dynamodb._query, dynamodb._scan = query_here, scan_here  # noqa: SLF001
    return database


def _is_kept(table: Mapping[str, Any]) -> bool:
    """Whether a table's rows are on the disk: it has indexes, each in the order of its own key."""
    indexes = table.get("GlobalSecondaryIndexes") or []
    orders = {tuple(key["AttributeName"] for key in index["KeySchema"][1:]) for index in indexes}
    return table.get("sk_name") is None and orders == {(table.get("pk_name"),)}


def _projected(table: Mapping[str, Any], index: Mapping[str, Any]) -> list[str]:
    keys = [table["pk_name"], *(key["AttributeName"] for key in index["KeySchema"])]
    return list(dict.fromkeys([*keys, *index["Projection"].get("NonKeyAttributes", [])]))


def answer_query(rows: Rows, data: Mapping[str, Any]) -> Any:
    """The answer to a query of an index."""
    values, names = data.get("ExpressionAttributeValues", {}), _names(data)
    condition = data.get("KeyConditionExpression", "")
    partition = dynamodb._extract_pk_from_condition(  # noqa: SLF001
        condition, values, names, rows.partition_of(data["IndexName"])
    )
    bounds = _BETWEEN.search(condition)
    if partition is None or (bounds is None and " AND " in condition.upper()):
        return _not_here(f"A query by {condition!r}")
    low, high = ("", _LAST) if bounds is None else (values[name]["S"] for name in bounds.groups())
    return _answer(rows, data["IndexName"], partition, low, high, data)


def _answer(
    rows: Rows, index: str | None, partition: str, low: str, high: str, data: Mapping[str, Any]
) -> Any:
    """A page between two keys, of what a filter leaves, with the attributes that are asked for."""
    key, falling = rows.key, not data.get("ScanIndexForward", True)
    after = (data.get("ExclusiveStartKey") or {}).get(key, {}).get("S")
    if after is not None:
        low, high = (low, min(high, after)) if falling else (max(low, after), high)
    limit = min(int(data.get("Limit") or _PAGE), _PAGE)
    # The one that the page before ended with, and one more to see whether there is more.
    read = rows.read(index, partition, low, high, falling=falling, limit=limit + 2)
    page = [item for item in read if item[key]["S"] != after]
    more, page = len(page) > limit, page[:limit]
    values, names = data.get("ExpressionAttributeValues", {}), _names(data)
    found = page
    if data.get("FilterExpression"):
        tokens = dynamodb._tokenize(data["FilterExpression"])  # noqa: SLF001
        # Ministack reads the expression anew for each row.
        evaluate = partial(dynamodb._ExprEval, tokens, attr_values=values, attr_names=names)  # noqa: SLF001
        found = [item for item in page if evaluate(item).evaluate()]
    result: dict[str, Any] = {"Count": len(found), "ScannedCount": len(page)}
    if data.get("ProjectionExpression"):
        wanted = [names.get(name, name) for name in data["ProjectionExpression"].split(", ")]
        found = [{name: item[name] for name in wanted if name in item} for item in found]
    if data.get("Select") != "COUNT":
        result["Items"] = found
    if more:
        keys = [key] if index is None else [key, rows.partition_of(index)]
        result["LastEvaluatedKey"] = {name: page[-1][name] for name in keys}
    return json_response(result)


def _names(data: Mapping[str, Any]) -> dict[str, str]:
    names: dict[str, str] = data.get("ExpressionAttributeNames") or {}
    return names


def _not_here(what: str) -> Any:
    return error_response_json(
        "ValidationException", f"{what} is nothing that this emulator does.", 400
    )


def _text(item: Item) -> str:
    return json.dumps(item, separators=(",", ":"), ensure_ascii=False)
