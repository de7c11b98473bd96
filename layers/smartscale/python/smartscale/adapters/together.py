"""Writes to several rows of DynamoDB that happen all or not at all."""

import time
from collections.abc import Sequence

from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

MOST_ROWS = 100
"""How many rows DynamoDB writes together at most."""
_CONFLICT_PAUSES_S = (0.02, 0.05, 0.1, 0.2)


def write_together(
    connection: Connection,
    puts: Sequence[tuple[Model, Condition]],
    updates: Sequence[tuple[Model, Sequence[Action]]],
) -> bool:
    """Store rows, each on a condition, and update others, whatever they were before.

    Another writer of one of the rows at the same time is waited for.

    Returns:
        Whether everything was written; False where a condition does not hold, and nothing was.
    """
    for pause in (*_CONFLICT_PAUSES_S, None):
        try:
            with TransactWrite(connection=connection) as transaction:
                for row, condition in puts:
                    transaction.save(row, condition=condition)
                for row, actions in updates:
                    transaction.update(row, actions=list(actions))
        except TransactWriteError as error:
            reasons = {reason.code for reason in error.cancellation_reasons if reason}
            if "ConditionalCheckFailed" in reasons:
                return False
            if "TransactionConflict" not in reasons or pause is None:
                raise
            time.sleep(pause)
        else:
            return True
    raise AssertionError("unreachable")
