"""Whether a weighing has its outcome, for the function that takes pictures.

It reads by the plain client: it has no other use for tables, and PynamoDB takes it a third of a
second to import.
"""

from typing import TYPE_CHECKING

from smartscale.adapters.packed import unpacked
from smartscale.adapters.store_errors import translates_store_errors
from smartscale.domain.weighing import Weighing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@translates_store_errors
class DynamoAnswers:
    """The rows of weighings, to be looked at one by one."""

    def __init__(self, dynamodb: "DynamoDBClient", table_name: str) -> None:
        self._dynamodb, self._table = dynamodb, table_name

    def get(self, job_id: str) -> Weighing | None:
        """A weighing's state, perhaps of a moment ago; None while it is pending.

        Who asks will ask again, and a consistent read costs twice as much.

        Raises:
            StoreUnavailable: it cannot be read just now.
        """
        row = self._dynamodb.get_item(
            TableName=self._table,
            Key={"job_id": {"S": job_id}},
            ProjectionExpression="document",
        ).get("Item")
        return None if row is None else unpacked(row["document"]["B"])
