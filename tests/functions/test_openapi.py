"""The committed description of the API is that of its routes."""

import json
from typing import Any

import pytest

from infra.schemas import OPENAPI, openapi
from smartscale.contract.problem import MEDIA_TYPE

CHANGED = (
    f"The API's routes and {OPENAPI.name} differ. Where that is not meant, mend the routes. Else "
    "run `make openapi`, read its difference as an integrator would, commit it, and write into "
    "CHANGELOG.md, under [Unreleased], what changes for integrators."
)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The description of the routes: to make it takes a second."""
    return openapi()


def test_the_committed_description_is_that_of_the_routes(document: dict[str, Any]) -> None:
    assert json.loads(OPENAPI.read_text("utf-8")) == document, CHANGED


def test_every_error_is_declared_as_the_problem_it_is(document: dict[str, Any]) -> None:
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len(operations) > 20
    for operation in operations:
        assert operation["responses"]["default"]["content"] == {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
        }, operation["operationId"]
        assert "422" not in operation["responses"], operation["operationId"]
