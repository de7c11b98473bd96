"""A page of a foreign origin in a browser on the kiosk's machine: it reads and changes nothing."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import REBOUND, Running

_TRY = """async ([method, url, headers, mode]) => {
  try {
    const body = method === 'POST' ? 'x=1' : undefined;
    const answer = await fetch(url, {method, headers, mode, body});
    return {read: mode === 'cors', status: answer.status, text: await answer.text()};
  } catch (error) { return {read: false, error: String(error)}; }
}"""
_SOCKET = """url => new Promise(done => {
  const socket = new WebSocket(url);
  socket.onopen = () => done('open');
  socket.onerror = () => done('refused');
})"""
_FRAME = """url => new Promise(done => {
  const frame = document.createElement('iframe');
  frame.onload = () => {
    let seen = 'foreign';
    try { seen = frame.contentDocument ? 'blank' : 'foreign'; } catch (error) { /* foreign */ }
    done(seen);
  };
  frame.src = url;
  document.body.append(frame);
})"""


@pytest.fixture(scope="module")
def foreign() -> Iterator[str]:
    """The address of a site that has nothing to do with the shop."""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>You have won</title>")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as site:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        yield f"http://localhost:{site.server_port}/"
        site.shutdown()


@pytest.fixture
def page(browser: Browser, foreign: str) -> Iterator[Page]:
    """A browser on that site; what it is refused stands in its console."""
    with browser.new_context() as context:
        opened = context.new_page()
        opened.goto(foreign)
        yield opened


def test_it_reads_and_changes_nothing(page: Page, system: Running) -> None:
    bucket = "smartscale-000000000000-us-east-1"
    places = [
        (system.cloud, "/2015-03-31/functions/"),
        (system.cloud, "/"),
        (system.cloud, f"/{bucket}"),
        (system.cloud, f"/{bucket}/ledger/mine"),
        (system.cloud, "/_ministack/reset"),
        (system.api, "/v1/history"),
        (system.api, "/v1/catalogue"),
        (system.api, "/v1/predict"),
        (system.api, "/v1/admin/catalogue/Banana"),
        (system.kiosk, "/"),
        (system.kiosk, "/history"),
    ]
    json = {"Content-Type": "application/json"}
    shown = {"X-Admin-Token": "changeme", "X-Amz-Target": "DynamoDB_20120810.Scan"}
    for base, path in places:
        for method in ("GET", "POST", "PUT", "DELETE"):
            for headers in ({}, json, shown):
                told = page.evaluate(_TRY, [method, base + path, headers, "cors"])
                assert not told["read"], (method, base + path, told)
        page.evaluate(_TRY, ["POST", base + path, {}, "no-cors"])
    there = httpx.get(f"{system.api}/v1/catalogue", trust_env=False).json()["items"]
    assert "Banana" in {item["label"] for item in there}
    assert httpx.get(f"{system.api}/v1/health", trust_env=False).json()["status"] == "ok"


def test_it_opens_no_websocket_of_the_kiosk(page: Page, system: Running) -> None:
    socket = f"{system.kiosk}/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    assert page.evaluate(_SOCKET, socket.replace("http", "ws")) == "refused"


def test_it_frames_neither_kiosk_nor_documentation(page: Page, system: Running) -> None:
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text))
    for number, url in enumerate((system.kiosk, f"{system.api}/docs"), 1):
        page.evaluate(_FRAME, url)
        assert len([text for text in refused if "frame-ancestors" in text]) == number, refused


def test_a_name_that_its_owner_has_lead_here_reads_nothing(
    browser: Browser, system: Running
) -> None:
    """To the browser such a page has the origin of the answer, so only the service can refuse."""
    with browser.new_context() as context:
        page = context.new_page()
        for base, path in (
            (system.cloud, "/2015-03-31/functions/"),
            (system.api, "/v1/history"),
            (system.kiosk, "/history"),
        ):
            port = base.rpartition(":")[2]
            answer = page.goto(f"http://{REBOUND}:{port}{path}")
            assert answer is not None
            assert answer.status in {403, 421}, base


def test_the_documentation_works_under_its_policy(browser: Browser, system: Running) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        errors: list[str] = []
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.goto(f"{system.api}/docs")
        page.get_by_text("/v1/predict").first.wait_for()
        assert errors == []
