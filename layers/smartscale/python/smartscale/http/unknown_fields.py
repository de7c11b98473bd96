"""Refuse what no route reads: unknown and repeated query parameters, form fields and JSON keys."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from smartscale.domain.fields import check_fields


async def refuse_unknown_fields(request: Request) -> None:
    """A dependency of every route. Raises InvalidInput."""
    route = request.scope["route"]
    assert isinstance(route, APIRoute)  # noqa: S101  dependencies belong to no other
    query = dict(_fields(route.dependant, "query_params"))
    sent = [name for name, _ in request.query_params.multi_items()]
    check_fields("query parameter", sent, query)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        form = dict(_fields(route.dependant, "body_params"))
        sent = [name for name, _ in (await request.form()).multi_items()]
        repeatable = [name for name, is_list in form.items() if is_list]
        check_fields("form field", sent, form, repeatable=repeatable)
    elif media_type == "application/json" and route.dependant.body_params:
        json.loads(await request.body() or "null", object_pairs_hook=_once)


def _fields(dependant: Dependant, kind: str) -> Iterator[tuple[str, bool]]:
    """The names that a route and its dependencies read, and whether each may be repeated."""
    declared: Sequence[Any] = getattr(dependant, kind)
    for field in declared:
        annotation = field.field_info.annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            for name, info in annotation.model_fields.items():
                yield info.alias or name, _is_list(info.annotation)
        else:
            yield field.alias, _is_list(annotation)
    for dependency in dependant.dependencies:
        yield from _fields(dependency, kind)


def _is_list(annotation: Any) -> bool:
    parts = getattr(annotation, "__args__", ())
    return get_origin(annotation) is list or any(get_origin(part) is list for part in parts)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    check_fields("field", names, set(names))
    return dict(pairs)
