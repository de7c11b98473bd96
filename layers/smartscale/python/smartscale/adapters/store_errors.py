"""What the AWS SDK and PynamoDB raise becomes the domain's `StoreUnavailable`, here and nowhere
else: whoever calls an adapter knows neither of the two."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from smartscale.domain.errors import StorageFull, StoreUnavailable

SDK_ERRORS = (
    BotoCoreError,
    ClientError,
    Boto3Error,
    ResponseParserError,  # of what answers in the store's stead, such as a proxy
)
_SENTENCE = "The store does not answer just now: try again in a moment."
_NO_ROOM = "The store has no room for it: free some space on its disk, and send it again."

Store = TypeVar("Store")


def sdk_errors() -> tuple[type[Exception], ...]:
    """What the SDKs raise; of PynamoDB only where it was loaded, as it need not be for this."""
    if "pynamodb" not in sys.modules:
        return SDK_ERRORS
    from pynamodb.exceptions import PynamoDBException  # noqa: PLC0415

    return (*SDK_ERRORS, PynamoDBException)


@contextmanager
def store_errors(sentence: str = _SENTENCE) -> Iterator[None]:
    """Raise StoreUnavailable, with this sentence, for what the SDKs raise inside.

    The SDK's error is its cause, for who looks for the reason.
    """
    try:
        yield
    except sdk_errors() as error:
        if _has_no_room(error):
            raise StorageFull(_NO_ROOM) from error
        raise StoreUnavailable(sentence) from error


def _has_no_room(error: Exception) -> bool:
    """Whether the embedded run's store could not write: S3 itself never says so."""
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == HTTPStatus.INSUFFICIENT_STORAGE


def translates_store_errors(store: type[Store]) -> type[Store]:
    """Make every public method of an adapter raise StoreUnavailable for what the SDKs raise.

    A generator raises while it is read, which is when it asks the store.
    """
    for name, member in vars(store).copy().items():
        if inspect.isfunction(member) and not name.startswith("_"):
            setattr(store, name, _translated(member))
    return store


def _translated(method: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(method):

        @wraps(method)
        def read(*args: Any, **kwargs: Any) -> Iterator[Any]:
            with store_errors():
                yield from method(*args, **kwargs)

        return read

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with store_errors():
            return method(*args, **kwargs)

    return call
