"""A kiosk without a browser, in front of an API without a network."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from nicegui import Client
from nicegui.testing import User, user_simulation
from PIL import Image

from frontend.app import create_kiosk, serve
from frontend.settings import Settings
from tests.frontend.fake_api import FakeApi

SAMPLES = (
    ("bananas", "Banana", "0.500", "0", {"en": "Bananas", "de": "Bananen"}),
    ("lemons", "Lemon", "0.420", "0.020", {"en": "Lemons in a bag", "de": "Zitronen im Beutel"}),
)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A folder of sample pictures."""
    for number, (name, *_) in enumerate(SAMPLES):
        photo(1600, 1200, colour=(200, 180 - number * 90, 40)).save(tmp_path / f"{name}.jpg")
    manifest = [
        {
            "file": f"{name}.jpg",
            "label": label,
            "weight_kg": weight,
            "tare_kg": tare,
            "title": title,
            "licence": "Apache-2.0",
            "source": "drawn by the test",
        }
        for name, label, weight, tare, title in SAMPLES
    ]
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return tmp_path


@pytest.fixture
def api() -> FakeApi:
    """The API behind the kiosk."""
    return FakeApi()


@pytest_asyncio.fixture
async def user(api: FakeApi, samples: Path) -> AsyncIterator[User]:
    """Somebody in front of the kiosk."""
    settings = {
        "samples": samples,
        "patience_s": 5,
        "home": samples / "home",
        "printer": f"file://{samples}/printer",
    }
    kiosk = create_kiosk(Settings.model_validate(settings), transport=api.transport)
    async with user_simulation() as somebody:
        serve(kiosk)
        yield somebody
        # NiceGUI would take the modules of its pages out of sys.modules, and other tests' with it.
        Client.page_routes.clear()
    kiosk.labels.issued.close()
    await kiosk.api.close()


def photo(width: int, height: int, colour: tuple[int, int, int] = (220, 190, 60)) -> Image.Image:
    """A picture."""
    return Image.new("RGB", (width, height), colour)


def jpeg(picture: Image.Image, **options: object) -> bytes:
    """A picture as a JPEG file."""
    out = io.BytesIO()
    picture.save(out, "JPEG", **options)
    return out.getvalue()
