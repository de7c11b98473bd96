"""The description of the API's routes, which says of their errors what they are: problems."""

from typing import Any

from fastapi import FastAPI

from smartscale.contract.problem import MEDIA_TYPE, Problem

PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "A problem (RFC 9457)"}
}
"""What every route answers beside what it declares itself, as FastAPI takes it."""


def declare_problems(app: FastAPI) -> None:
    """Have an application describe its errors by the media type they have.

    FastAPI declares the document of an additional answer as the route's own media type, JSON.
    """
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        known = app.openapi_schema is not None
        document = describe()
        if not known:
            for operations in document["paths"].values():
                for operation in operations.values():
                    content = operation["responses"]["default"]["content"]
                    content[MEDIA_TYPE] = content.pop("application/json")
        return document

    app.openapi = openapi  # type: ignore[method-assign]
