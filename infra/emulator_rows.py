"""The emulator's tables of weighings on the disk: a month of a busy shop does not fit into its RAM.

Ministack keeps each row in dictionaries, some 20 kB of a weighing, looks at a whole partition to
answer a query, and writes all of them when it stops. Here the rows of a table that has indexes, and
what each index knows of them, are in an SQLite database beside the saved state. A query reads as
much as it answers, a stop writes nothing, and a crash loses nothing that was written.

Only what `template.yaml` declares is served: indexes in the order of the table's only key.
"""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import dynamodb

from infra.rows_on_disk import NO_SORT, Database, Item, Rows

_PAGE = 1000
"""Rows in a page of an answer at most. They have 1 kB, and DynamoDB ends a page at 1 MB."""
_BETWEEN = re.compile(r"BETWEEN\s+(:\w+)\s+AND\s+(:\w+)", re.IGNORECASE)
_LAST = "\U0010ffff"


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
            table["items"] = kept = Rows(
                database, table["TableId"], table["pk_name"], table["GlobalSecondaryIndexes"]
            )
            for key, items in rows.items():
                kept.put(key, items[NO_SORT])
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
