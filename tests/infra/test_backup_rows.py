"""Rows of a backup, on their way into a table."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from infra.backup.rows import load


class FakeTable:
    """Takes whatever is written."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.throttles = 0

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        if self.throttles:
            self.throttles -= 1
            return {"UnprocessedItems": RequestItems}
        for [*requests] in RequestItems.values():
            self.rows += [one["PutRequest"]["Item"] for one in requests]
        return {}


def test_weighings_of_an_earlier_version_are_left_to_the_ledger(tmp_path: Path) -> None:
    former = {"job_id": {"S": "1"}, "status": {"S": "done"}}
    present = {"job_id": {"S": "2"}, "document": {"B": "eA=="}}
    item = {"label": {"S": "Banana"}}
    file = tmp_path / "rows.gz"
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.writelines(json.dumps(row) + "\n" for row in (former, present, item))
    table = FakeTable()

    assert load(table, "table", file) == 2  # type: ignore[arg-type]
    assert table.rows == [present | {"document": {"B": b"x"}}, item]


def test_a_table_that_takes_no_more_just_now_is_asked_again_after_a_pause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("infra.backup.rows.time.sleep", pauses.append)
    file = tmp_path / "rows.gz"
    with gzip.open(file, "wt", encoding="utf-8") as out:
        out.write(json.dumps({"label": {"S": "Banana"}}) + "\n")
    table = FakeTable()
    table.throttles = 3
    assert load(table, "table", file) == 1  # type: ignore[arg-type]
    assert len(table.rows) == 1
    assert pauses == sorted(pauses)
    assert len(pauses) == 3
