"""What the embedded API answers while tables are restored, and without room on the disk."""

import asyncio
import json
import os
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from infra.gate import Gate
from infra.readiness import Readiness
from infra.space import Room, Space


@pytest.fixture
def ready(tmp_path: Path) -> Readiness:
    """Tables that can be relied on."""
    found = Readiness.of(tmp_path)
    found.declare()
    return found


@pytest.fixture
def client(ready: Readiness, tmp_path: Path) -> TestClient:
    """An API that answers everything, behind the gate."""
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "POST", "PUT"])
    def anything(path: str) -> str:
        return path

    app.add_middleware(Gate, ready=ready, space=Space(tmp_path))
    return TestClient(app)


def disk(monkeypatch: pytest.MonkeyPatch, **values: int) -> None:
    """A disk of 1 GB and 100,000 files, but for these values."""
    usual = {
        "f_frsize": 1000,
        "f_blocks": 1_000_000,
        "f_bavail": 900_000,
        "f_files": 100_000,
        "f_favail": 90_000,
        "f_flag": 0,
    }
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(**usual | values))


def test_nobody_is_served_until_tables_are_restored(client: TestClient, ready: Readiness) -> None:
    ready.withdraw()
    for method, path in (("PUT", "/v1/admin/catalogue/Banana"), ("GET", "/v1/catalogue")):
        answer = client.request(method, path)
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["retry-after"]) > 0
    health = client.get("/v1/health")
    assert health.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert health.json()["dependencies"] == {"tables": "restoring"}
    ready.declare()
    assert client.get("/v1/catalogue").is_success


@pytest.mark.parametrize("scarce", [{"f_bavail": 40_000}, {"f_favail": 500}])
def test_without_room_pictures_are_refused_and_the_reserve_serves_the_rest(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, scarce: dict[str, int]
) -> None:
    disk(monkeypatch, **scarce)
    for path in ("/v1/predict", "/v1/uploads"):
        answer = client.post(path)
        assert answer.status_code == HTTPStatus.INSUFFICIENT_STORAGE
        assert "disk" in answer.json()["detail"]
    assert client.post("/v1/confirm/1").is_success
    assert client.get("/v1/history").is_success
    assert client.get("/v1/health").json()["dependencies"] == {"disk": Room.NONE.value}


def test_on_a_read_only_disk_nothing_is_taken(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(monkeypatch, f_flag=os.ST_RDONLY)
    assert client.post("/v1/confirm/1").status_code == HTTPStatus.INSUFFICIENT_STORAGE
    assert client.get("/v1/history").is_success
    assert "read-only" in client.get("/v1/health").json()["dependencies"]["disk"]


@pytest.mark.parametrize(
    ("values", "room"),
    [
        ({}, Room.ENOUGH),
        ({"f_bavail": 150_000}, Room.SCARCE),
        ({"f_bavail": 0}, Room.NONE),
        ({"f_files": 0, "f_favail": 0}, Room.ENOUGH),
        ({"f_blocks": 10_000, "f_bavail": 5_000}, Room.ENOUGH),
        ({"f_favail": 3000}, Room.SCARCE),
    ],
)
def test_room_is_what_a_disk_has_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, values: dict[str, int], room: Room
) -> None:
    disk(monkeypatch, **values)
    assert Space(tmp_path).room() is room


async def cancelled(ready: Readiness, *sent_before: Message) -> Sequence[Message]:
    """What a request is told that is cancelled while the API works on it, as a stop does."""
    told: list[Message] = []
    works = asyncio.Event()

    async def api(_scope: Scope, _receive: Receive, send: Send) -> None:
        for message in sent_before:
            await send(message)
        works.set()
        await asyncio.Event().wait()

    async def send(message: Message) -> None:
        told.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "PUT", "path": "/v1/admin/catalogue/Banana", "headers": []}
    request = asyncio.ensure_future(Gate(api, ready, None)(scope, receive, send))
    await works.wait()
    request.cancel()
    await request
    return told


def test_who_waits_when_the_service_stops_is_told_so(ready: Readiness) -> None:
    start, body = asyncio.run(cancelled(ready))
    assert start["status"] == HTTPStatus.SERVICE_UNAVAILABLE
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert b"retry-after" in dict(start["headers"])
    assert "send it again" in json.loads(body["body"])["detail"]


def test_an_answer_that_has_begun_is_not_begun_again(ready: Readiness) -> None:
    begun = {"type": "http.response.start", "status": 200, "headers": []}
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled(ready, begun))
