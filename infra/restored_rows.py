"""The weighings' rows of the embedded run, written by a restore into their file itself."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.rows_on_disk import NO_SORT, Database, Rows
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
        found = ((job_id, self._version(job_id)) for job_id in job_ids)
        return {job_id: version for job_id, version in found if version is not None}

    def put_all(self, weighings: Sequence[Weighing]) -> list[bool]:
        """Store states, each unless a later one is there."""
        with self._database.change():
            return [self._put(weighing) for weighing in weighings]

    def _put(self, weighing: Weighing) -> bool:
        version = self._version(weighing.job_id)
        if version is not None and version >= weighing.version:
            return False
        attributes = self.attributes(weighing)
        self._file.put(
            weighing.job_id, {name: _as_stored(value) for name, value in attributes.items()}
        )
        return True

    def _version(self, job_id: str) -> int | None:
        row = self._file.get(job_id)
        return None if row is None else int(row[NO_SORT]["version"]["N"])


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
