"""The screen of an installed kiosk: its browser, by the command line and the policy of its files.

A policy is a whole machine's; in a mount namespace this one is bound over it for the browser alone.
"""

import base64
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from playwright.sync_api import Error, Page, expect, sync_playwright

from infra.certificate import certificate_in
from infra.kiosk.browser import PROFILE
from infra.kiosk.install import Installed
from infra.kiosk.plan import BROWSERS, Machine, plan
from tests.e2e.conftest import START_S
from tests.e2e.kiosks import kiosk, service_on_a_port
from tests.support import eventually, free_port

pytestmark = [pytest.mark.integration, pytest.mark.browser]


@pytest.fixture
def display() -> Iterator[str]:
    """A screen that stands upright."""
    server = shutil.which("Xvfb")
    if server is None:
        pytest.skip("no Xvfb here (apt install xvfb)")
    told, tell = os.pipe()
    with subprocess.Popen(
        [server, "-displayfd", str(tell), "-screen", "0", "1080x1920x24"],
        pass_fds=[tell],
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(tell)
        try:
            with os.fdopen(told) as number:
                yield f":{number.readline().strip()}"
        finally:
            process.terminate()


def test_the_browser_shows_the_kiosk_with_its_camera_and_nothing_else(
    chromium: Path, display: str, tmp_path: Path
) -> None:
    if str(chromium) not in BROWSERS:
        pytest.skip(f"{chromium} is not one that a kiosk is installed with")
    made = certificate_in(tmp_path / "certificate", ["localhost", "127.0.0.1"])
    with (
        service_on_a_port() as (_, api),
        kiosk(
            api,
            tmp_path,
            SMARTSCALE_CERTIFICATE=str(made.file),
        ) as address,
    ):
        url = f"https://localhost:{urlsplit(address).port}/"
        authority = load_pem_x509_certificate(made.authority.read_bytes())
        told = base64.b64encode(authority.public_bytes(Encoding.DER))
        root = tmp_path / "root"
        Installed(root).write(plan(Machine("/opt/smartscale", str(chromium), url, told)))
        with _screen(root, display) as page:
            expect(page).to_have_url(url)
            expect(page.get_by_role("button", name="Take picture")).to_be_visible()
            assert page.evaluate("isSecureContext")
            assert _permission(page, "camera") == "granted"
            assert _permission(page, "microphone") == "denied"
            assert _permission(page, "geolocation") == "denied"
            # The compositor makes the window as large as the screen; here there is none.
            assert page.evaluate("[outerWidth - innerWidth, outerHeight - innerHeight]") == [0, 0]
            page.context.new_cdp_session(page).send(
                "Input.synthesizePinchGesture", {"x": 300, "y": 300, "scaleFactor": 2}
            )
            assert page.evaluate("visualViewport.scale") == 1

            with pytest.raises(Error, match="ERR_BLOCKED_BY_ADMINISTRATOR"):
                page.goto("https://example.com/")


def _shows_a_page(tabs: str) -> bool:
    try:
        shown = httpx.get(tabs, timeout=5, trust_env=False).json()
    except httpx.HTTPError:
        return False
    return any(tab["type"] == "page" for tab in shown)


def _permission(page: Page, name: str) -> str:
    found: str = page.evaluate(
        "name => navigator.permissions.query({ name }).then(found => found.state)", name
    )
    return found


@contextmanager
def _screen(root: Path, display: str) -> Iterator[Page]:
    """The page of the browser that the screen's unit starts, which is looked at from outside."""
    unit = (root / "etc/systemd/system/smartscale-screen.service").read_text("utf-8")
    line = next(line for line in unit.splitlines() if line.startswith("ExecStart="))
    words = shlex.split(line)
    command = words[words.index("--") + 1 :]
    policy = root / "etc/chromium/policies/managed/smartscale.json"
    rules = json.loads(policy.read_text("utf-8"))
    assert rules.pop("DeveloperToolsAvailability") == 2  # by which nobody could look at the page
    policy.write_text(json.dumps(rules), "utf-8")
    port = free_port()
    watched = [f"--remote-debugging-port={port}", "--use-fake-device-for-media-stream"]
    watched += ["--no-sandbox"]
    # Who binds the policy is root, who has no sandbox; an installed kiosk's browser is no root.
    own = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    inside = (
        f"mount --bind {root}/etc/chromium /etc/chromium && mount -t tmpfs tmpfs /run && "
        f'mkdir -p {PROFILE} && exec "$@"'
    )
    namespace = ["unshare", *own, "--mount", "sh", "-c", inside, "sh"]
    may = subprocess.run([*namespace, "true"], capture_output=True, text=True, check=False)
    if may.returncode != 0:
        pytest.skip(f"no mount namespace for the browser's policy here: {may.stderr.strip()}")
    said = root / "browser.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [*namespace, *command, *watched],
            env={**os.environ, "DISPLAY": display, "HOME": str(root)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        eventually(lambda: _shows_a_page(f"http://127.0.0.1:{port}/json/list"), START_S)
        with sync_playwright() as playwright:
            browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
            page = browser.contexts[0].pages[0]
            page.set_default_timeout(20_000)
            yield page
    finally:
        process.terminate()
        process.wait(30)
