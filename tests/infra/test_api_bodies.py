"""What clients that send everything first, or nothing more, get from the embedded API's server."""

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus

import pytest
import uvicorn
from fastapi import APIRouter, Request, UploadFile

from infra.api import ImpatientProtocol
from smartscale.domain.errors import Unauthorised
from smartscale.http import app as http_app
from smartscale.http.body_limit import BodyLimit
from tests.support import eventually

LIMIT = 20_000_000


class Quick(ImpatientProtocol):
    """The same with less patience."""

    headers_s = 0.5


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A real server with the API's middleware, in a thread."""
    router = APIRouter()

    @router.post("/takes")
    def takes(image: UploadFile) -> int:
        return len(image.file.read())

    @router.post("/refuses")
    async def refuses(request: Request) -> None:
        del request
        raise Unauthorised("The token is wrong.")

    app = http_app.create_app("bodies", router)
    for one in app.user_middleware:
        if str(one.cls) == str(BodyLimit):
            one.kwargs.update(max_image_bytes=LIMIT, stalled_s=0.5, body_s=2.0)
    config = uvicorn.Config(app, port=0, http=Quick, log_config=None, timeout_keep_alive=75)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    eventually(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)


FORM = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/v1/takes", 413),
        ("POST", "/v1/nowhere", 404),
        ("PUT", "/v1/takes", 405),
        ("POST", "/v1/refuses", 401),
    ],
)
def test_an_early_answer_reaches_a_client_that_sends_everything_first(
    port: int, method: str, path: str, expected: int
) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=FORM + bytes(30_000_000 if expected == 413 else 19_000_000),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
        method=method,
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)  # noqa: S310
    assert refused.value.code == expected
    assert json.load(refused.value)["status"] == expected


def exchange(port: int, *parts: bytes) -> bytes:
    """Send parts and read until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for part in parts:
            connection.sendall(part)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def head(path: str, *lines: str) -> bytes:
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: x", *lines, "", "")).encode()


MULTIPART = "Content-Type: multipart/form-data; boundary=b"


def test_too_large_without_a_declared_length_is_answered_too(port: int) -> None:
    chunk = b"%x\r\n" % 100_000 + bytes(100_000) + b"\r\n"
    start = b"%x\r\n" % len(FORM) + FORM + b"\r\n"
    answer = exchange(
        port,
        head("/v1/takes", MULTIPART, "Transfer-Encoding: chunked"),
        start,
        *[chunk] * 250,
        b"0\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("sent", [b"", FORM + bytes(5000)])
def test_an_upload_that_stops_is_told_so_and_closed(port: int, sent: bytes) -> None:
    answer = exchange(port, head("/v1/takes", MULTIPART, "Content-Length: 500000"), sent)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"without a pause of more than 0.5" in answer
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "sent", [b"", b"POST /v1/takes HT", b"POST /v1/takes HTTP/1.1\r\nHost: x\r\n"]
)
def test_a_header_that_never_ends_is_closed(port: int, sent: bytes) -> None:
    assert exchange(port, sent) == b""


def test_who_asks_before_sending_is_not_told_to_send_what_is_refused(port: int) -> None:
    answer = exchange(
        port, head("/v1/takes", MULTIPART, "Content-Length: 30000000", "Expect: 100-continue")
    )
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_connection_goes_on_after_a_body_that_was_read(port: int) -> None:
    body = FORM + bytes(1000) + b"\r\n--b--\r\n"
    request = head("/v1/takes", MULTIPART, f"Content-Length: {len(body)}") + body
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        for _ in range(2):
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b"\r\n\r\n1000"):
                received = connection.recv(65536)
                assert received, answer
                answer += received
            assert answer.startswith(b"HTTP/1.1 %d" % HTTPStatus.OK)
