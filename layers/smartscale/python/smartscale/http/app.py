"""The FastAPI application around a function's routes."""

from collections.abc import Callable

from fastapi import APIRouter, FastAPI
from mangum import Mangum

from smartscale import __version__
from smartscale.domain.upload import MAX_IMAGE_BYTES
from smartscale.http.access_log import AccessLog
from smartscale.http.body_limit import BodyLimit
from smartscale.http.problem import MEDIA_TYPE, Problem, answer_errors_as_problems

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
    app = make(
        title=title,
        version=__version__,
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)"}},
    )
    for router in routers:
        app.include_router(router, prefix=BASE_PATH)
    app.add_middleware(BodyLimit, max_image_bytes=MAX_IMAGE_BYTES)
    app.add_middleware(AccessLog)
    answer_errors_as_problems(app)
    return app


def lambda_handler(app: FastAPI) -> Mangum:
    """The application as the handler of a Lambda function behind an API gateway."""
    return Mangum(app, lifespan="off", text_mime_types=_TEXT)
