"""The FastAPI application around a function's routes."""

from fastapi import APIRouter, FastAPI

from smartscale import __version__
from smartscale.http.access_log import AccessLog
from smartscale.http.body_limit import BodyLimit
from smartscale.http.problem import Problem, answer_errors_as_problems
from smartscale.operations.accept import MAX_IMAGE_BYTES

BASE_PATH = "/v1"


def create_app(title: str, *routers: APIRouter, max_image_bytes: int = MAX_IMAGE_BYTES) -> FastAPI:
    """An application that serves the routers under /v1 and answers every error as a problem."""
    app = FastAPI(
        title=title,
        version=__version__,
        responses={"default": {"model": Problem, "description": "A problem (RFC 9457)"}},
    )
    for router in routers:
        app.include_router(router, prefix=BASE_PATH)
    app.add_middleware(BodyLimit, max_image_bytes=max_image_bytes)
    app.add_middleware(AccessLog)
    answer_errors_as_problems(app)
    return app
