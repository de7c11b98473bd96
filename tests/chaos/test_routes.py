"""Generated requests to all routes: the service answers each as its description says.

Once in memory, where thousands are quick, and once against the whole run.
"""

import os
from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra.schemas import openapi as description
from smartscale.contract.problem import MEDIA_TYPE
from tests.running import Run
from tests.service import TOKEN, Service

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ROUTES = [
    (method.upper(), path)
    for path, operations in sorted(description()["paths"].items())
    for method in operations
]
IN_MEMORY = int(os.environ.get("CHAOS_REQUESTS", "10"))
"""How many requests each route gets, with the token and without."""
RUNNING = 5
ADMIN = "/v1/admin/"


def ask(
    schema: Any, method: str, path: str, examples: int, send: Callable[[Case[Any]], Any]
) -> None:
    """Send generated requests to a route."""

    @seed(int(os.environ.get("CHAOS_SEED", "14")))
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(schema[path][method].as_strategy())
    def each(case: Case[Any]) -> None:
        case.validate_response(send(case), checks=CHECKS)

    each()


def checked(answer: Any, path: str, token: str | None) -> Any:
    """The answer; errors are problem documents, and nobody is served without the token."""
    if answer.status_code >= HTTPStatus.BAD_REQUEST:
        assert answer.headers["content-type"] == [MEDIA_TYPE], answer.headers
    if token is None and path.startswith(ADMIN):
        assert answer.status_code in {
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.TOO_MANY_REQUESTS,
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.NOT_FOUND,
            HTTPStatus.METHOD_NOT_ALLOWED,
        }, answer.status_code
    return answer


def headers_of(token: str | None) -> dict[str, str]:
    """What shows the token; without one, what a client that has none sends."""
    return {} if token is None else {"X-Admin-Token": token}


@pytest.mark.chaos
@pytest.mark.parametrize("token", [TOKEN, None], ids=["with-token", "without-token"])
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_each_route_in_memory(method: str, path: str, token: str | None) -> None:
    service = Service()
    service.weigh()
    schema = openapi.from_asgi("/openapi.json", service)

    def send(case: Case[Any]) -> Any:
        return checked(case.call(headers=headers_of(token)), path, token)

    ask(schema, method, path, IN_MEMORY, send)


@pytest.mark.chaos
@pytest.mark.parametrize("token", ["a-token-for-tests", None], ids=["with-token", "without-token"])
def test_each_route_of_the_whole_run(started: Run, token: str | None) -> None:
    schema = openapi.from_dict(description())
    base = started.api.removesuffix("/v1")
    for method, path in ROUTES:

        def send(case: Case[Any], path: str = path) -> Any:
            answer = case.call(base_url=base, headers=headers_of(token), timeout=60)
            return checked(answer, path, token)

        # Deleting what the stack sells is what the token is for; the routes go on all the same.
        ask(schema, HTTPMethod(method), path, RUNNING, send)
