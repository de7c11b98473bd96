"""The emulator's rows on the disk: what is asked of them is answered by what is stored, and no more
is read than that."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.emulator import Emulator
from infra.emulator_rows import answer_query
from infra.kept import ROWS_FILE
from infra.rows_on_disk import Database, Rows

INDEXES = [
    {
        "IndexName": "label",
        "KeySchema": [{"AttributeName": "sold_label"}, {"AttributeName": "job_id"}],
        "Projection": {"NonKeyAttributes": ["scale_id"]},
    }
]


def a_table(database: Database) -> Rows:
    """A table with one index."""
    return Rows(database, "one", "job_id", INDEXES)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A file for rows."""
    found = Database(tmp_path / ROWS_FILE)
    yield found
    found.close()


@pytest.fixture
def rows(database: Database) -> Rows:
    """A table without rows."""
    return a_table(database)


def a_row(number: int, label: str = "Banana", **other: Any) -> dict[str, Any]:
    """A row as DynamoDB has it."""
    return {
        "job_id": {"S": f"{number:08}"},
        "sold_label": {"S": label},
        "scale_id": {"S": f"scale-{number % 2}"},
        "document": {"B": "aGVsbG8="},
        **other,
    }


def put(rows: Rows, *items: dict[str, Any]) -> None:
    """Store rows."""
    for item in items:
        rows.put(item["job_id"]["S"], item)


def ask(rows: Rows, label: str = "Banana", **other: Any) -> dict[str, Any]:
    """Query the index of labels, newest first."""
    asked = {
        "IndexName": "label",
        "KeyConditionExpression": "#0 = :0 AND #1 BETWEEN :1 AND :2",
        "ExpressionAttributeNames": {"#0": "sold_label", "#1": "job_id", "#2": "scale_id"},
        "ScanIndexForward": False,
        **other,
    }
    values = {":0": {"S": label}, ":1": {"S": "0"}, ":2": {"S": "9"}}
    asked["ExpressionAttributeValues"] = values | asked.get("ExpressionAttributeValues", {})
    status, _, body = answer_query(rows, asked)
    assert status == 200
    answer: dict[str, Any] = json.loads(body)
    return answer


def ids(answer: dict[str, Any]) -> list[int]:
    """The numbers of an answer's rows."""
    return [int(item["job_id"]["S"]) for item in answer["Items"]]


def test_pages_follow_each_other_and_end(rows: Rows) -> None:
    put(rows, *(a_row(number) for number in range(7)))

    first = ask(rows, Limit=4)
    second = ask(rows, Limit=4, ExclusiveStartKey=first["LastEvaluatedKey"])

    assert (ids(first), ids(second)) == ([6, 5, 4, 3], [2, 1, 0])
    assert "LastEvaluatedKey" not in second
    assert ids(ask(rows, ScanIndexForward=True, Limit=2)) == [0, 1]


def test_a_page_is_as_much_work_however_many_rows_there_are(
    rows: Rows, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(rows, *(a_row(number) for number in range(500)))
    read: list[int] = []
    every = database.all

    def noted(statement: str, *values: object) -> list[Any]:
        found = every(statement, *values)
        read.append(len(found))
        return found

    monkeypatch.setattr(database, "all", noted)

    assert ids(ask(rows, Limit=20)) == list(range(499, 479, -1))
    assert sum(read) == 22


def test_an_index_holds_what_it_projects_of_the_rows_in_it(rows: Rows) -> None:
    nameless = a_row(2)
    del nameless["sold_label"]
    put(rows, a_row(1), nameless)

    assert ask(rows)["Items"] == [
        {name: a_row(1)[name] for name in ("job_id", "sold_label", "scale_id")}
    ]
    assert rows.get("00000002") == {"__no_sort__": nameless}


def test_a_row_that_changes_moves_in_the_index(rows: Rows) -> None:
    put(rows, a_row(1), a_row(2), a_row(1, "Lemon"))

    assert (ids(ask(rows)), ids(ask(rows, "Lemon")), len(rows)) == ([2], [1], 2)
    rows.remove("00000002")
    assert (ids(ask(rows)), len(rows)) == ([], 1)


def test_a_filter_leaves_what_matches_and_counts_what_was_read(rows: Rows) -> None:
    put(rows, *(a_row(number) for number in range(6)))

    found = ask(
        rows, FilterExpression="#2 = :3", ExpressionAttributeValues={":3": {"S": "scale-1"}}
    )

    assert (ids(found), found["ScannedCount"]) == ([5, 3, 1], 6)


def test_rows_past_their_time_are_gone(rows: Rows) -> None:
    put(
        rows,
        a_row(1, kept_until={"N": str(time.time() - 1)}),
        a_row(2, kept_until={"N": str(time.time() + 60)}),
    )

    rows.expire()

    assert (ids(ask(rows)), len(rows)) == ([2], 1)


def test_what_was_written_is_there_without_a_clean_stop(tmp_path: Path, database: Database) -> None:
    put(a_table(database), a_row(1))

    assert ids(ask(a_table(Database(tmp_path / ROWS_FILE)))) == [1]


def test_the_rows_of_a_table_that_is_no_more_are_dropped(database: Database) -> None:
    put(a_table(database), a_row(1))
    database.keep_only({"another"})

    assert len(a_table(database)) == 0


def test_a_damaged_file_is_set_aside_with_the_saved_state(tmp_path: Path) -> None:
    said: list[str] = []
    emulator = Emulator(tmp_path, 1, "us-east-1", report=said.append)
    state = tmp_path / "cloud" / "state"
    state.mkdir(parents=True)
    (state / ROWS_FILE).write_bytes(b"no database" * 1000)

    emulator._set_damaged_state_aside()

    assert not state.exists()
    assert (tmp_path / "cloud" / "damaged" / "rows-1.sqlite").exists()
    assert "is damaged" in said[0]
