"""A kiosk that is opened by its name: over https with its camera, over http with a word why not."""

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from playwright.sync_api import Page, expect, sync_playwright

from infra.certificate import Certificate, certificate_in
from tests.e2e.conftest import QUIET
from tests.e2e.kiosks import kiosk, service_on_a_port
from tests.scales.emulators import OnTerminal, Toledo
from tests.service import KIOSK_SECRET

pytestmark = [pytest.mark.integration, pytest.mark.browser]

NAME = "kiosk-7.local"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A kiosk's certificate."""
    return certificate_in(tmp_path_factory.mktemp("certificate"), ["localhost", "127.0.0.1", NAME])


@pytest.fixture
def page(chromium: Path, camera_picture: Path, certificate: Certificate) -> Iterator[Page]:
    """A page that finds the kiosk by its name and takes its certificate, and nobody else's."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium,
            args=[
                *QUIET,
                f"--host-resolver-rules=MAP {NAME} 127.0.0.1",
                f"--ignore-certificate-errors-spki-list={_key_of(certificate.file)}",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera_picture}",
            ],
        )
        opened = running.new_context(viewport={"width": 1280, "height": 800}).new_page()
        opened.set_default_timeout(20_000)
        yield opened
        running.close()


def test_by_https_the_camera_and_all_that_the_page_uses_work(
    page: Page, certificate: Certificate, tmp_path: Path
) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    toledo = Toledo("00.000")
    with (
        service_on_a_port() as (service, api),
        OnTerminal(toledo, tmp_path / "scale"),
        kiosk(
            api,
            tmp_path,
            SMARTSCALE_CERTIFICATE=str(certificate.file),
            SMARTSCALE_CERTIFICATE_AUTHORITY=str(certificate.authority),
            SMARTSCALE_ALLOWED_HOSTS=NAME,
            SMARTSCALE_KIOSK_SECRET=KIOSK_SECRET,
            SMARTSCALE_SCALE=f"serial://{tmp_path / 'scale'}?protocol=toledo-8217",
        ) as address,
    ):
        service.label, service.confidence = "Banana", 0.97
        origin = address.replace("127.0.0.1", NAME)
        page.goto(origin)

        assert page.evaluate("isSecureContext")
        expect(page.get_by_role("button", name="Take picture")).to_be_visible()
        toledo.moves()
        toledo.says = b"00.500"
        expect(page.get_by_role("heading", name="Bananas")).to_be_visible()
        picture = page.get_by_role("img", name="Your picture")
        expect(picture).to_be_visible()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

        page.get_by_role("link", name="Staff").click()
        page.get_by_label("PIN").fill("1234")
        page.get_by_role("button", name="Log in").click()
        photo = page.locator("img[src*='/photo']").first
        expect(photo).to_be_visible()
        assert photo.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

        # A phone that has been told to trust it sees nothing wrong.
        trusting = ssl.create_default_context(cafile=certificate.authority)
        trusted = httpx.get(f"{address}/authority.crt", verify=trusting, trust_env=False)
        assert trusted.content == certificate.authority.read_bytes()
        assert trusted.headers["content-type"] == "application/x-x509-ca-cert"

        sockets = [url for url in asked if url.startswith("ws")]
        assert sockets
        assert all(url.startswith(origin.replace("https", "wss", 1)) for url in sockets)
        others = [url for url in asked if url not in sockets]
        assert [url for url in others if not url.startswith((origin, "data:", "blob:"))] == []
        # It keeps who has logged in by the tab: there is no cookie that a plain page could leak.
        assert page.context.cookies() == []
    assert errors == []


def test_by_http_it_says_that_the_camera_needs_https(page: Page, tmp_path: Path) -> None:
    with (
        service_on_a_port() as (_, api),
        kiosk(api, tmp_path, SMARTSCALE_ALLOWED_HOSTS=NAME) as address,
    ):
        page.goto(address.replace("127.0.0.1", NAME))

        assert not page.evaluate("isSecureContext")
        expect(page.get_by_text("opened by https")).to_be_visible()
        expect(page.get_by_text("There is no camera here")).to_be_hidden()


def _key_of(pem: Path) -> str:
    """What Chromium knows a certificate's key by."""
    key = load_pem_x509_certificate(pem.read_bytes()).public_key()
    digest = Hash(SHA256())
    digest.update(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return base64.b64encode(digest.finalize()).decode()
