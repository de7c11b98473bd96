"""`smartscale predict`, where the API keeps it waiting."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.errors import PlainError
from infra.settings import ROOT


class _NeverDone(BaseHTTPRequestHandler):
    """Takes every weighing, holds each question as long as it may be held, and has no answer."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say(202, {"job_id": "abc"})

    def do_GET(self) -> None:
        Event().wait(float(parse_qs(urlsplit(self.path).query)["wait"][0]))
        self._say(200, {"status": "pending"})

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _say(self, status: int, document: dict[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def api() -> Iterator[str]:
    """The address of an API that is busy."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _NeverDone) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_is_not_answered_in_time_says_where_the_answer_will_be(api: str) -> None:
    picture = str(ROOT / "sample_data" / "bananas.jpg")
    arguments = ["predict", picture, "--weight", "0.5", "--api-url", api, "--timeout", "1"]

    ended = CliRunner().invoke(app, arguments)

    assert isinstance(ended.exception, PlainError)
    assert f"GET {api}/v1/result/abc has it" in str(ended.exception)
