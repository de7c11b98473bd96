"""The weighings' rows of the embedded run, written by a restore into their file itself."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.rows_on_disk import Database, Item, Rows
from smartscale.adapters.tables import DynamoWeighings
from smartscale.domain.weighing import Weighing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class RestoredWeighings(DynamoWeighings):
    """The weighings of a table whose rows are in a file of this machine.

    Only as long as nobody else writes them: what is there is looked for before, not as a condition.

    Args:
        dynamodb: tells how the emulator calls the table.
        table_name: its name.
        region: where it is.
        kept: how long rows are kept.
        file: the database.
    """

    def __init__(
        self,
        dynamodb: "DynamoDBClient",
        table_name: str,
        region: str,
        kept: timedelta,
        file: Path,
    ) -> None:
        super().__init__(table_name, region, kept)
        table: Mapping[str, Any] = dynamodb.describe_table(TableName=table_name)["Table"]
        self._database = Database(file)
        self._file = Rows(
            self._database,
            table["TableId"],
            table["KeySchema"][0]["AttributeName"],
            table["GlobalSecondaryIndexes"],
        )

    def versions(self, job_ids: Sequence[str]) -> dict[str, int]:
        """The versions of those of the ids that have an outcome."""
        found = ((job_id, self._file.one(job_id)) for job_id in job_ids)
        return {job_id: _version(row) for job_id, row in found if row is not None}

    def put_all(self, weighings: Sequence[Weighing]) -> list[bool]:
        """Store states, each unless a later one is there."""
        with self._database.change():
            return [self._put(weighing) for weighing in weighings]

    def _put(self, weighing: Weighing) -> bool:
        before = self._file.one(weighing.job_id)
        if before is not None and _version(before) >= weighing.version:
            return False
        row = {name: _as_stored(value) for name, value in self.attributes(weighing).items()}
        self._file.replace(weighing.job_id, before, row)
        return True


def _version(row: Item) -> int:
    return int(row["version"]["N"])


def _as_stored(value: object) -> dict[str, str]:
    """A value as DynamoDB's JSON has it."""
    match value:
        case bytes():
            return {"B": base64.b64encode(value).decode("ascii")}
        case datetime():
            return {"N": str(int(value.timestamp()))}
        case int():
            return {"N": str(value)}
        case _:
            return {"S": str(value)}
