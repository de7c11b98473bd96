"""The rows of a table in a file, exactly as DynamoDB has them."""

import base64
import gzip
import json
import time
from collections.abc import Iterator
from itertools import chain, islice, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smartscale.parallel import in_parallel

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Row = dict[str, Any]
EXPIRES = "expires_at"
"""Reports of workers expire by themselves and are not part of a backup."""
_BATCH = 25
_PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_THREADS = 8
_BYTES = "B"


def dump(dynamodb: "DynamoDBClient", table: str, file: Path) -> int:
    """Write a table's rows into a file; tells how many."""
    count = 0
    with gzip.open(file, "wt", encoding="utf-8") as out:
        for row in rows_of(dynamodb, table):
            if EXPIRES not in row:
                line = json.dumps(row, separators=(",", ":"), ensure_ascii=False, default=_text)
                out.write(line + "\n")
                count += 1
    return count


def load(dynamodb: "DynamoDBClient", table: str, file: Path) -> int:
    """Write a file's rows into a table, over what it has under their keys; tells how many."""

    def write(rows: list[Row]) -> int:
        _write(dynamodb, table, [{"PutRequest": {"Item": row}} for row in rows])
        return len(rows)

    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = (json.loads(line, object_hook=_with_bytes) for line in lines)
        current = (row for row in rows if not _is_former(row))
        return sum(in_parallel(write, _batches(current), _THREADS))


def _is_former(row: Row) -> bool:
    """Whether it is a weighing as earlier versions stored it: the ledger brings it back."""
    return "job_id" in row and "document" not in row


def clear(dynamodb: "DynamoDBClient", table: str) -> None:
    """Delete a table's rows, but for those that expire by themselves."""
    [key] = (
        part["AttributeName"]
        for part in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    )
    keys = ({key: row[key]} for row in rows_of(dynamodb, table) if EXPIRES not in row)
    for batch in _batches(keys):
        _write(dynamodb, table, [{"DeleteRequest": {"Key": one}} for one in batch])


def rows_of(dynamodb: "DynamoDBClient", table: str) -> Iterator[Row]:
    """Every row of a table."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    for page in pages:
        yield from page["Items"]


def _text(value: object) -> str:
    """Bytes as DynamoDB itself writes them into JSON."""
    if not isinstance(value, bytes):
        raise TypeError(f"a row holds {type(value).__name__}")
    return base64.b64encode(value).decode()


def _with_bytes(value: Row) -> Row:
    """A value with its bytes; a value is named by its type, and bytes are the type B."""
    if value.keys() == {_BYTES} and isinstance(value[_BYTES], str):
        return {_BYTES: base64.b64decode(value[_BYTES])}
    return value


def _write(dynamodb: "DynamoDBClient", table: str, requests: list[Any]) -> None:
    left = {table: requests}
    for pause_s in chain(_PAUSES_S, repeat(_PAUSES_S[-1])):
        left = dict(dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems", {}))
        if not left:
            return
        time.sleep(pause_s)  # the table takes no more just now, which is no error to the client


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch
