"""The FastAPI application around a function's routes."""

from collections.abc import Callable
from itertools import count
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from mangum import Mangum
from mangum.types import LambdaContext, LambdaEvent

from smartscale import __version__
from smartscale.contract.problem import MEDIA_TYPE
from smartscale.domain.limits import MAX_IMAGE_BYTES
from smartscale.http.access_log import AccessLog
from smartscale.http.body_limit import BodyLimit
from smartscale.http.openapi import PROBLEMS, declare_problems
from smartscale.http.problem import answer_errors_as_problems
from smartscale.http.unknown_fields import refuse_unknown_fields

BASE_PATH = "/v1"
_TEXT = ["text/", "application/json", MEDIA_TYPE]
"""Media types that a gateway passes on as text; the rest travels as base64."""


def create_app(
    title: str,
    *routers: APIRouter,
    make: Callable[..., FastAPI] = FastAPI,
) -> FastAPI:
    """An application that serves the routers under /v1 and answers every error as a problem.

    Args:
        title: its name in /docs.
        routers: its routes.
        make: what makes the application, for a /docs that works without internet.
    """
    app = make(title=title, version=__version__, responses=PROBLEMS)
    for router in routers:
        app.include_router(router, prefix=BASE_PATH, dependencies=[Depends(refuse_unknown_fields)])
    app.add_middleware(BodyLimit, max_image_bytes=MAX_IMAGE_BYTES)
    app.add_middleware(AccessLog)
    answer_errors_as_problems(app)
    declare_problems(app)
    return app


def lambda_handler(
    app: FastAPI, on_cold_start: Callable[[], None]
) -> Callable[[LambdaEvent, LambdaContext], dict[str, Any]]:
    """The application as the handler of a Lambda function behind an API gateway.

    Args:
        app: the application.
        on_cold_start: called before a worker's first request.
    """
    serve = Mangum(app, lifespan="off", text_mime_types=_TEXT)
    first = count()

    def handler(event: LambdaEvent, context: LambdaContext) -> dict[str, Any]:
        if next(first) == 0:
            on_cold_start()
        answer: dict[str, Any] = serve(event, context)
        return answer

    return handler
