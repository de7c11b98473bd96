"""The whole system as `make run` starts it, and a real browser in front of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
    sync_playwright,
)

from infra.waiting import wait_until
from tests.support import eventually, free_port

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""The names Chromium goes by; `.ci/run` looks for the same."""
HEADLESS = "chromium-headless-shell"
"""Debian's package of Chromium without what draws on a screen."""
SAMPLES = ROOT / "sample_data"
ATTENDANT, MANAGER = "1234", "9876"
"""The demo's PINs."""
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)  # this machine may be busy
TABLET: Mapping[str, Any] = {
    "viewport": {"width": 1280, "height": 800},
    "locale": "en-GB",
    "permissions": ["camera"],
}
REBOUND = "rebound.example"
"""A name of somebody else's, which the browser's DNS leads to this machine."""
START_S = 240.0
STOP_S = 60.0

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Running:
    """Where the running system answers."""

    kiosk: str
    api: str
    cloud: str
    home: Path


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The first Chromium on the path."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} (apt install chromium)")
    return Path(found)


@pytest.fixture(scope="session")
def headless(chromium: Path) -> Path:
    """What draws the same pages for no screen, in two thirds of the time; else Chromium itself."""
    return Path(shutil.which(HEADLESS) or chromium)


@pytest.fixture(scope="session")
def system(chromium: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:  # noqa: ARG001 - no browser, no system
    """`smartscale run` in a home of its own. All tests of a session share it: none may expect to be
    the first."""
    home = tmp_path_factory.mktemp("home")
    kiosk, api, cloud = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
    running = Running(kiosk, api, cloud, home)
    environment = {
        # NiceGUI takes a process with pytest's variable for a test of its own.
        **{name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"},
        "SMARTSCALE_HOME": str(home),
        "SMARTSCALE_UI_PORT": running.kiosk.rpartition(":")[2],
        "SMARTSCALE_API_PORT": running.api.rpartition(":")[2],
        "SMARTSCALE_CLOUD_PORT": running.cloud.rpartition(":")[2],
    }
    said = home / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [Path(sys.executable).with_name("smartscale"), "run"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        ready = wait_until(
            lambda: (
                process.poll() is not None
                or (_answers(f"{running.api}/v1/health") and _answers(running.kiosk))
            ),
            START_S,
        )
        if not ready or process.poll() is not None:
            pytest.fail(f"`smartscale run` did not come up:\n{said.read_text('utf-8')}")
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(STOP_S)


@pytest.fixture(scope="session")
def busy(system: Running) -> None:
    """Some customers before us: every sample was weighed, some more often."""
    samples = json.loads((SAMPLES / "manifest.json").read_text("utf-8"))
    waiting = []
    with httpx.Client(base_url=f"{system.api}/v1", timeout=30, trust_env=False) as client:
        for number, sample in enumerate(samples):
            picture = (SAMPLES / sample["file"]).read_bytes()
            for _ in range(1 + number % 3):
                accepted = client.post(
                    "/predict",
                    files={"image": picture},
                    data={"weight": str(sample["weight_kg"]), "scale_id": "kiosk-2"},
                ).raise_for_status()
                waiting.append(accepted.json()["job_id"])

        def is_done(job_id: str) -> bool:
            result = client.get(f"/result/{job_id}", params={"wait": 10}).raise_for_status().json()
            assert result["status"] in {"pending", "done"}, result
            return bool(result["status"] == "done")

        for job_id in waiting:
            eventually(partial(is_done, job_id), 120)


@pytest.fixture(scope="session")
def camera_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake camera sees: the bananas of the samples, five times a second.

    Chromium draws each page anew with each of its pictures; motion JPEG has thirty a second.
    """
    film = tmp_path_factory.mktemp("camera") / "bananas.y4m"
    with Image.open(SAMPLES / "bananas.jpg") as sample:
        whole = np.asarray(sample.resize((640, 480)).convert("YCbCr"), np.float32)
    light = 16 + whole[..., 0] * 219 / 255
    # One value of each colour for four pixels.
    colours = 128 + (whole[..., 1:] - 128).reshape(240, 2, 320, 2, 2).mean(axis=(1, 3)) * 224 / 255
    planes = (light, colours[..., 0], colours[..., 1])
    frame = b"FRAME\n" + b"".join(np.rint(plane).astype(np.uint8).tobytes() for plane in planes)
    film.write_bytes(b"YUV4MPEG2 W640 H480 F5:1 Ip A1:1 C420\n" + 2 * frame)
    return film


# Playwright's loop runs until the browser's end; longer, and no other test could run its own.
@pytest.fixture(scope="module")
def browser(headless: Path, camera_picture: Path) -> Iterator[Browser]:
    """A real browser with a camera that always sees the same."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=headless,
            args=[
                *QUIET,
                f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera_picture}",
            ],
        )
        yield running
        running.close()


@pytest.fixture(scope="module")
def tablet(browser: Browser, system: Running) -> Iterator[BrowserContext]:
    """A tablet at the kiosk, which has its scripts: to load and compile them takes longer than most
    walks. Each test leaves it without a cookie; what else a page keeps there goes with the page."""
    with browser.new_context(base_url=system.kiosk, **TABLET) as context:
        yield context


@contextmanager
def opened_on(tablet: BrowserContext) -> Iterator[Page]:
    """A page of its own; an error in its console fails the test."""
    page = tablet.new_page()
    page.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    yield page
    page.close()
    tablet.clear_cookies()
    assert errors == []


@pytest.fixture
def page(tablet: BrowserContext) -> Iterator[Page]:
    """Its screen."""
    with opened_on(tablet) as opened:
        yield opened


def wants_screenshots() -> bool:
    """Whether the documentation's are to be taken."""
    return os.environ.get("SMARTSCALE_SCREENSHOTS") == "1"


@pytest.fixture
def keep(page: Page) -> Callable[[str], None]:
    """Keep a screenshot where the README shows it from, with SMARTSCALE_SCREENSHOTS=1."""

    def screenshot(name: str) -> None:
        if wants_screenshots():
            page.mouse.move(0, 0)
            path = ROOT / "docs" / "screenshots" / f"{name}.png"
            page.screenshot(path=path, animations="disabled", full_page=True)

    return screenshot


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """What axe finds, each with the elements it is about."""
    # Else it describes each element that is as it should be too.
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


def log_in(page: Page, pin: str) -> None:
    """From the shopper's screen to the pages for staff."""
    page.get_by_role("link", name="Staff").click()
    page.get_by_label("PIN").fill(pin)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
