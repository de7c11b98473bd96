"""What somebody in front of the kiosk reads where the kiosk has a fault: never what raised it."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from nicegui import app
from pydantic import ValidationError

import frontend.app
import frontend.shopper.page
from frontend.settings import Settings
from infra.probe import answers
from tests.support import eventually, free_port

ROOT = Path(__file__).parents[2]
SECRET = "what nobody is to read"


def bad_settings() -> Exception:
    with pytest.raises(ValidationError) as wrong:
        Settings.model_validate({"SMARTSCALE_MANAGER_PIN": "x y"})
    return wrong.value


FAULTS = [ZeroDivisionError(SECRET), sqlite3.OperationalError(SECRET), bad_settings()]


def ask(lang: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", params={"lang": lang}
    )


@pytest.mark.asyncio
@pytest.mark.usefixtures("user")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_a_page_that_fails_is_one_calm_sentence(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def fails(*_: object) -> None:
        raise fault

    monkeypatch.setattr(frontend.shopper.page, "Post", fails)
    async with ask("de") as browser:
        answer = await browser.get("/")
    assert answer.status_code == 500
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert "Hier ist etwas schiefgegangen" in answer.text
    for told in ("Traceback", type(fault).__name__, SECRET, "SMARTSCALE_MANAGER_PIN"):
        assert told not in answer.text


@pytest.mark.asyncio
@pytest.mark.usefixtures("user")
async def test_a_route_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(frontend.app, "small_picture", fails)
    async with ask("es") as browser:
        answer = await browser.get("/samples/bananas.jpg")
    assert (answer.status_code, answer.text) == (500, "Algo ha fallado aquí")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_kiosk_that_is_stopped_alone_says_nothing(tmp_path: Path, how: signal.Signals) -> None:
    port = free_port()
    kept = ("AWS_", "PYTEST_", "NICEGUI_", "SMARTSCALE_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(kept)}
    kiosk = subprocess.Popen(
        [sys.executable, "-m", "frontend"],
        cwd=ROOT,
        env={
            **environment,
            "SMARTSCALE_HOME": str(tmp_path),
            "SMARTSCALE_UI_PORT": str(port),
            "SMARTSCALE_API_URL": "http://127.0.0.1:9",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: answers(f"http://127.0.0.1:{port}/static/logo.svg"), 60)
        kiosk.send_signal(how)
        said, complained = kiosk.communicate(timeout=60)
    finally:
        kiosk.kill()
    assert complained == ""
    assert "Traceback" not in said
