"""A kiosk whose service is pulled away, walked in a real browser on the real chain."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from frontend.labels.render import HEIGHT, WIDTH
from tests.e2e.conftest import ROOT, START_S, Running, _answers, wants_screenshots
from tests.e2e.line import Line
from tests.support import eventually, free_port

pytestmark = [pytest.mark.integration, pytest.mark.browser]

SOON_MS = 20_000


@dataclass
class Till:
    """A kiosk of its own on a line of its own."""

    url: str
    line: Line
    printed: Path


@pytest.fixture
def till(system: Running, tmp_path: Path) -> Iterator[Till]:
    """A second kiosk in the shop, with a printer, behind a line that can be cut."""
    line, port = Line(int(system.api.rpartition(":")[2])), free_port()
    printer = tmp_path / "printer"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "SMARTSCALE_HOME": str(tmp_path),
        "SMARTSCALE_API_URL": line.url,
        "SMARTSCALE_UI_PORT": str(port),
        "SMARTSCALE_SCALE_ID": "till-2",
        # What it charged by itself is believed from a kiosk of the shop alone.
        "SMARTSCALE_KIOSK_SECRET": (system.home / "kiosk-secret").read_text("utf-8").strip(),
        "SMARTSCALE_PRINTER": f"file://{printer}",
        "NICEGUI_STORAGE_PATH": str(tmp_path / "nicegui"),
    }
    process = subprocess.Popen([sys.executable, "-m", "frontend"], cwd=ROOT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _answers(url), START_S)
        eventually((tmp_path / "kiosk/catalogue.json").exists)
        yield Till(url, line, printer)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


@pytest.fixture
def screen(browser: Browser, till: Till) -> Iterator[Page]:
    """The till's screen."""
    context = browser.new_context(base_url=till.url, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    yield page
    context.close()


def history(system: Running) -> list[dict[str, str]]:
    """What the service knows of this till, oldest first."""
    asked = httpx.get(f"{system.api}/v1/history", params={"scale_id": "till-2"}, trust_env=False)
    found: list[dict[str, str]] = asked.raise_for_status().json()["items"]
    return found[::-1]


def scanned(printed: Path) -> str:
    """The barcode of the last label."""
    head = b"\x1dv0\x00" + (WIDTH // 8).to_bytes(2, "little") + HEIGHT.to_bytes(2, "little")
    raster = printed.read_bytes().rpartition(head)[2][: WIDTH // 8 * HEIGHT]
    dots = Image.frombytes("1", (WIDTH, HEIGHT), raster).convert("L")
    (code,) = zxingcpp.read_barcodes(dots.point(lambda dot: 255 - dot))
    return str(code.text)


def weigh(page: Page, sample: str) -> None:
    """Tap a sample, and wait for its answer."""
    page.get_by_role("group", name="Samples").get_by_role("button", name=sample).click()
    page.get_by_role("button", name="Classify").click()
    expect(page.get_by_text("Price", exact=True)).to_be_visible(timeout=SOON_MS)


def test_offline_and_back(screen: Page, till: Till, system: Running) -> None:
    screen.goto("/")
    till.line.cut()
    weigh(screen, "Bananas")
    expect(screen.get_by_role("heading", level=1)).to_contain_text("Bananas")
    expect(screen.get_by_text("this scale works by itself")).to_be_visible()
    screen.get_by_role("button", name="Print label").click()
    expect(screen.get_by_text("Your label is printed.")).to_be_visible(timeout=SOON_MS)
    code = scanned(till.printed)
    screen.mouse.move(0, 0)
    if wants_screenshots():
        path = ROOT / "docs" / "screenshots" / "offline.png"
        screen.screenshot(path=path, animations="disabled", full_page=True)
    assert history(system) == []

    screen.get_by_role("button", name="Next item").click()
    weigh(screen, "Carrots")
    assert history(system) == []
    screen.get_by_role("button", name="Next item").click()

    till.line.mend()
    expect(screen.get_by_text("this scale works by itself")).to_be_hidden(timeout=SOON_MS)
    eventually(lambda: [one["label"] for one in history(system)] == ["Banana", "Carrots"], 60)
    eventually(lambda: all(one["charged_offline"] for one in history(system)), 60)
    banana = history(system)[0]
    assert code[-6:-1] == f"{int(Decimal(banana['price']) * 100):05d}", "as printed"
    assert banana["confirmed_by"] == "kiosk"

    weigh(screen, "Oranges")
    eventually(lambda: len(history(system)) == 3)
    assert not history(system)[2]["charged_offline"]
