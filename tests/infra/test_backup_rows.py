"""Rows of a backup, on their way into a table."""

import gzip
import json
from pathlib import Path
from typing import Any

from infra.backup.rows import load


class FakeTable:
    """Takes whatever is written."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
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
