"""Who may ask API and kiosk through a browser, and what the browser is told."""

import asyncio
import socket

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from smartscale.contract.browsers import HEADERS, Doorkeeper, Hosts, Message, Scope

MACHINE = socket.gethostname()
ALL = "0.0.0.0"  # noqa: S104  nothing is bound


@pytest.mark.parametrize(
    ("bound", "host", "known"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "localhost:8000", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("127.0.0.1", "shop.localhost:8501", True),
        ("127.0.0.1", "[::1]:8000", True),
        ("127.0.0.1", f"{MACHINE}:8000", True),
        ("127.0.0.1", f"{MACHINE}.local", True),
        ("127.0.0.1", "scale.shop.example", True),
        ("127.0.0.1", "evil.example", False),
        ("127.0.0.1", "127.0.0.1.evil.example", False),
        ("127.0.0.1", "evil.example:127.0.0.1", False),
        ("127.0.0.1", "localhost.evil.example:8000", False),
        ("127.0.0.1", "192.168.0.7", False),
        ("127.0.0.1", "", False),
        ("127.0.0.1", "[", False),
        ("127.0.0.1", "127.0.0.1, evil.example", False),
        ("192.168.0.7", "192.168.0.7:8501", True),
        (ALL, "192.168.0.7:8501", True),
        (ALL, "evil.example", False),
    ],
)
def test_a_host_is_known_by_its_name_or_its_address(bound: str, host: str, *, known: bool) -> None:
    assert Hosts(bound, ["scale.shop.example"]).know(host) is known


def test_an_asterisk_knows_every_host() -> None:
    hosts = Hosts("127.0.0.1", ["*"])
    assert hosts.know("evil.example")
    assert hosts.know_origin("https://evil.example", "here")


@pytest.fixture
def client() -> TestClient:
    """Somebody at a service behind the doorkeeper."""
    app = FastAPI()

    @app.get("/")
    @app.post("/")
    def hello() -> str:
        return "hello"

    @app.websocket("/socket")
    async def talk(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")
        await socket.close()

    policies = {"/": "default-src 'none'", "/docs": "default-src 'self'"}
    door = Doorkeeper(app, Hosts("127.0.0.1", ["till.example"]), policies)
    return TestClient(door, base_url="http://localhost:8000")


def test_an_unknown_host_is_told_what_to_set(client: TestClient) -> None:
    answer = client.get("/", headers={"Host": "rebound.example"})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert "SMARTSCALE_ALLOWED_HOSTS" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:9000", "null", "http://[", "file://"]
)
def test_a_foreign_page_is_refused(client: TestClient, method: str, origin: str) -> None:
    answer = client.request(method, "/", headers={"Origin": origin})
    assert answer.status_code == 403
    assert not any("access-control" in name for name in answer.headers)


@pytest.mark.parametrize("origin", ["http://localhost:8000", "https://till.example:4443"])
def test_its_own_pages_and_those_of_given_names_may_ask(client: TestClient, origin: str) -> None:
    headers = {"Origin": origin, "Host": "localhost:8000"}
    assert client.post("/", headers=headers).status_code == 200
    with client.websocket_connect("/socket", headers=headers) as opened:
        assert opened.receive_text() == "hello"


def test_a_foreign_page_opens_no_websocket(client: TestClient) -> None:
    foreign = {"Origin": "https://evil.example", "Host": "localhost:8000"}
    for headers in (foreign, {"Host": "rebound.example"}):
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect("/socket", headers=headers),
        ):
            pass


def test_each_answer_binds_the_browser(client: TestClient) -> None:
    none = "default-src 'none'"
    for path, policy in {"/": none, "/gone": none, "/docs": "default-src 'self'"}.items():
        headers = client.get(path).headers
        assert headers["content-security-policy"] == policy
        assert HEADERS.items() <= dict(headers).items()
    refused = client.get("/", headers={"Origin": "https://evil.example"})
    assert HEADERS.items() <= dict(refused.headers).items()


def test_the_kiosk_refuses_by_a_sentence() -> None:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def never(_scope: Scope, *_: object) -> None:
        raise AssertionError("nobody is behind the door")

    door = Doorkeeper(never, Hosts("127.0.0.1"), {}, as_problem=False)
    scope: Scope = {"type": "http", "path": "/", "headers": [(b"host", b"rebound.example")]}
    asyncio.run(door(scope, receive, send))
    assert said[0]["status"] == 421
    assert said[1]["body"].startswith(b"This service is not known as 'rebound.example'")
