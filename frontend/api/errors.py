"""What can go wrong when the API is asked, and what an error answer means."""

import logging
from http import HTTPStatus

import httpx
from pydantic import Field, ValidationError

from smartscale.contract.document import Document
from smartscale.contract.problem import MEDIA_TYPE, Fault

_log = logging.getLogger(__name__)


class ApiError(Exception):
    """A request to the API failed."""


class ApiUnreachable(ApiError):
    """The API does not answer, or its answer makes no sense."""


class ApiForbidden(ApiUnreachable):
    """The API does not take this kiosk's proof, which its operator can mend."""


class ApiRefused(ApiError):
    """The API refused; the text is its own sentence about what would be right.

    The faults are the same one by one, for languages that the API does not speak.
    """

    def __init__(self, sentence: str = "", faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(sentence)
        self.faults = faults


class ApiUnauthorised(ApiRefused):
    """The admin token is missing or wrong."""


class ApiMissing(ApiRefused):
    """There is no such thing, or this service has no such route."""


class ApiThrottled(ApiRefused):
    """Too many attempts; a later one may do."""


class ApiTroubled(ApiRefused):
    """The service failed at it, or has no room: a later try may do."""


class _Refusal(Document):
    """What the kiosk shows of a problem. RFC 9457 leaves every other member to who answers, which
    may be a proxy."""

    detail: str = Field(min_length=1)
    faults: tuple[Fault, ...] = ()


_REFUSALS: dict[int, type[ApiRefused]] = {
    HTTPStatus.UNAUTHORIZED: ApiUnauthorised,
    HTTPStatus.NOT_FOUND: ApiMissing,
    HTTPStatus.REQUEST_TIMEOUT: ApiTroubled,
    HTTPStatus.TOO_MANY_REQUESTS: ApiThrottled,
}
# What no shopper can mend: a service that is stopping, and a kiosk without its API key.
_THE_OPERATORS = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.FORBIDDEN)


def log_unreachable(error: ApiError) -> None:
    """Note for the operator why the shopper is told that the service cannot be reached."""
    _log.warning("The kiosk's service cannot be reached: %s", error)


def meaning(response: httpx.Response) -> ApiError:
    """Turn an error answer into the exception to raise: a refusal with a sentence to show, or an
    unreachable service."""
    asked = f"{response.request.method} {response.request.url.path}"
    problem = response.headers.get("content-type", "").startswith(MEDIA_TYPE)
    if problem and response.status_code == HTTPStatus.FORBIDDEN:
        return ApiForbidden(f"{asked} was answered with 403: {response.text}")
    if not problem or response.status_code in _THE_OPERATORS:
        return ApiUnreachable(f"{asked} was answered with {response.status_code}")
    try:
        refusal = _Refusal.model_validate_json(response.content)
    except ValidationError:
        return ApiUnreachable(f"{asked} was refused without a reason")
    kind = ApiTroubled if response.is_server_error else ApiRefused
    return _REFUSALS.get(response.status_code, kind)(refusal.detail, refusal.faults)
