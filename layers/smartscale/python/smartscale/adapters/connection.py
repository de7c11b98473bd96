"""One client of DynamoDB for all tables of a process.

PynamoDB makes one for each table, and each reads the SDK's descriptions anew: 10 MB and a tenth of
a second apiece, and on AWS a connection and its handshake.
"""

import os
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config
from pynamodb.connection import Connection
from pynamodb.models import Model

from smartscale.adapters.aws import sdk_config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Row = TypeVar("Row", bound=Model)
_ENVIRONMENT = (
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
)
"""Where the SDK reads whom to ask, and as whom: a client of other values is another one."""
_making = Lock()


class SharedConnection(Connection):
    """PynamoDB's connection, by the client that all of them share."""

    @property
    def client(self) -> "DynamoDBClient":  # type: ignore[override]  # theirs has a private type
        """The process's client. Safe to share between threads."""
        with _making:
            return _client(self.region, *map(os.environ.get, _ENVIRONMENT))


@cache
def _client(region: str, *_environment: str | None) -> "DynamoDBClient":
    # PynamoDB has checked what it asks for.
    config = sdk_config(region).merge(Config(parameter_validation=False))
    return boto3.Session().client("dynamodb", config=config)


def bind(model: type[Row], table_name: str, region: str) -> type[Row]:
    """The model on a table whose name is a setting."""
    meta = type("Meta", (), {"table_name": table_name, "region": region})
    bound: type[Row] = type(model.__name__, (model,), {"Meta": meta})
    table = bound._get_connection()  # noqa: SLF001 - PynamoDB has no other way to give it one
    shared = SharedConnection(region=region)
    shared.add_meta_table(table.get_meta_table())
    table.connection = shared
    return bound
