"""Every error that the domain or the recognition raises is an answer that a person can act on."""

import importlib
import pkgutil
import sqlite3
from collections.abc import Iterator

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from pydantic import ValidationError

import smartscale
from smartscale.contract.problem import MEDIA_TYPE, Problem
from smartscale.domain.errors import DomainError, StorageFull, StoreUnavailable, TooManyAttempts
from smartscale.http.app import create_app
from smartscale.recognition.photo import ImageError

SENTENCE = "This is what was wrong, and what would be right."


def kinds(base: type[Exception]) -> Iterator[type[Exception]]:
    """An error and all that are derived from it, wherever in the layer they are."""
    for module in pkgutil.walk_packages(smartscale.__path__, "smartscale."):
        importlib.import_module(module.name)
    yield base
    for derived in base.__subclasses__():
        yield from kinds(derived)


def client(error: Exception) -> TestClient:
    """An API whose one route raises an error."""
    router = APIRouter()

    @router.get("/fails")
    def fails() -> None:
        raise error

    return TestClient(create_app("test", router), raise_server_exceptions=False)


KINDS = {kind for base in (DomainError, ImageError) for kind in kinds(base)} - {DomainError}


@pytest.mark.parametrize("kind", sorted(KINDS, key=str))
def test_every_domain_error_has_a_status_and_says_its_sentence(kind: type[Exception]) -> None:
    error = kind(SENTENCE, 5) if kind is TooManyAttempts else kind(SENTENCE)
    answer = client(error).get("/v1/fails")
    ours: dict[type[Exception], int] = {StoreUnavailable: 503, StorageFull: 507}
    assert answer.status_code == ours.get(kind, answer.status_code)
    assert kind in ours or 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["detail"] == SENTENCE


def invalid() -> Exception:
    """What pydantic raises, whose text has the input in it."""
    with pytest.raises(ValidationError) as wrong:
        Problem.model_validate({"title": SENTENCE})
    return wrong.value


FAULTS = [ZeroDivisionError(SENTENCE), sqlite3.OperationalError(SENTENCE), invalid()]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_what_nobody_foresaw_is_a_problem_without_a_traceback(fault: Exception) -> None:
    answer = client(fault).get("/v1/fails")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "Something went wrong on our side" in answer.json()["detail"]
    for told in ("Traceback", type(fault).__name__, SENTENCE, "pydantic"):
        assert told not in answer.text
