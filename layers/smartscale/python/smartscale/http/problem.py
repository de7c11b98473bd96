"""Every error becomes an answer of one format, `application/problem+json`, in this one place."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from smartscale.contract.problem import MEDIA_TYPE, Fault, Problem
from smartscale.domain import correlation, errors, spreadsheet
from smartscale.recognition.photo import ImageError, TooManyPixels, UnsupportedImage

_log = logging.getLogger(__name__)

_STATUS: dict[type[Exception], HTTPStatus] = {
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TooManyPixels: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedImage: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ImageError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Unprocessable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ImportFailed: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Unauthorised: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.StoreUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Which status a refusal has; the most special class of an exception decides."""


def problem(status: int, detail: str, faults: Sequence[Fault] = ()) -> JSONResponse:
    """An error answer with a sentence that says what was wrong and what would be right."""
    title = HTTPStatus(status).phrase
    body = Problem(title=title, status=status, detail=detail, faults=tuple(faults))
    shown = body.model_dump(exclude=None if faults else {"faults"})
    return JSONResponse(shown, status_code=status, media_type=MEDIA_TYPE)


def _faults(error: Exception) -> list[Fault]:
    """What clients need to say a refusal in another language."""
    found: Sequence[spreadsheet.Fault] = ()
    if isinstance(error, spreadsheet.BadTable):
        found = error.faults
    elif isinstance(error, errors.DomainError) and error.values:
        found = [spreadsheet.Fault(None, error)]
    return [
        Fault(
            line=one.line, detail=str(one.error), message=one.error.message, values=one.error.values
        )
        for one in found
    ]


def answer_errors_as_problems(app: FastAPI) -> None:
    """Make every error of an application an answer in this format."""
    for kind, status in _STATUS.items():
        app.add_exception_handler(kind, _refusal(status))
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _internal_error)


def _refusal(status: HTTPStatus) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def answer(_request: Request, error: Exception) -> JSONResponse:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("%s", error, exc_info=error)  # the operator needs its cause
        refused = problem(status, str(error), _faults(error))
        if isinstance(error, errors.TooManyAttempts):
            refused.headers["Retry-After"] = str(error.retry_after_s)
        return refused

    return answer


async def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  as registered
    found = "; ".join(
        f"{'.'.join(str(part) for part in one['loc'][1:]) or one['loc'][0]}: {_said(one['msg'])}"
        for one in error.errors()
    )
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"The request is not valid: {found}.")


def _said(message: str) -> str:
    """The framework's words, but where they are of its own classes."""
    if "Expected UploadFile" in message:
        return "must be sent as a file of the form (multipart/form-data), not as text"
    return message


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  as registered
    detail = str(error.detail)
    if error.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}:
        detail = f"There is no {request.method} {request.url.path}; /docs lists the routes."
    answer = problem(error.status_code, detail)
    answer.headers.update(error.headers or {})
    return answer


async def _internal_error(_request: Request, error: Exception) -> JSONResponse:
    _log.error("unexpected error", exc_info=error)
    answer = problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong on our side, and it is not known whether this was stored: send it "
        "again in a moment.",
    )
    if (correlation_id := correlation.current()) is not None:
        answer.headers[correlation.HEADER] = correlation_id
    return answer
