"""A kiosk without a browser, in front of an API without a network."""

import asyncio
import gc
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from nicegui import Client, helpers
from nicegui.testing import User, user_simulation
from PIL import Image

from frontend.access.pins import hash_pin
from frontend.app import create_kiosk, serve
from frontend.devices.scales.simulated import SimulatedScale
from frontend.kiosk import Kiosk
from frontend.offline import watch
from frontend.settings import Settings
from frontend.shopper import offline_notice
from frontend.shopper import page as shopper_page
from frontend.staff import page as staff_page
from frontend.staff.desk import Pace
from tests.service import KIOSK_SECRET, TOKEN, Service, routes_read_once

# No digits alone: such are in the random ids of a page now and then.
ATTENDANT_PIN, MANAGER_PIN = "4711-till", "0815-boss"
MANAGER_HASH = hash_pin(MANAGER_PIN, log2_cost=4)  # what it takes to guess is no matter here
SOON = 200
"""Looks, ten or twenty a second, until a step must be done on the busiest machine."""

SAMPLES = (
    ("bananas", "Banana", "0.500", "0", {"en": "Bananas", "de": "Bananen"}),
    ("lemons", "Lemon", "0.420", "0.020", {"en": "Lemons in a bag", "de": "Zitronen im Beutel"}),
)


@pytest.fixture(scope="session", autouse=True)
def imported_for_good() -> None:
    """What imports left behind is no garbage: NiceGUI looks for some before and after each page,
    which took most of the time of these tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def signatures_read_once() -> Iterator[None]:
    """NiceGUI reads for each element that it draws anew whether the same few functions of its own
    take an argument: a quarter of the time of a page."""
    known: dict[object, bool] = {}

    def expects(handler: Callable[..., Any]) -> bool:
        code = getattr(handler, "__code__", None)
        if code is None or hasattr(handler, "__wrapped__"):
            return read(handler)
        defaults = len(handler.__defaults__ or ()), len(handler.__kwdefaults__ or ())
        key = code, defaults, hasattr(handler, "__self__")
        if key not in known:
            known[key] = read(handler)
        return known[key]

    read = helpers.expects_arguments
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(helpers, "expects_arguments", expects)
        yield


@pytest.fixture(scope="session", autouse=True)
def few_readings() -> Iterator[None]:
    """Each kiosk has the same routes: to read what they take was a tenth of the time of a page."""
    with routes_read_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def look_often() -> Iterator[None]:
    """Look for what should be seen soon, and then less often: NiceGUI looks ten times a second, and
    most is there within a hundredth. What a test allows in all (`retries`) stays."""

    async def until(holds: Callable[[], bool], limit_s: float) -> None:
        pause_s = 0.005
        while limit_s > 0 and not holds():
            await asyncio.sleep(pause_s)
            limit_s -= pause_s
            pause_s = min(1.5 * pause_s, 0.05)

    async def should_see(user: User, *target: Any, retries: int = 3, **wanted: Any) -> None:
        await until(lambda: user._sees(*target, **wanted), retries / 10)
        await seen(user, *target, retries=1, **wanted)

    async def should_not_see(user: User, *target: Any, retries: int = 3, **wanted: Any) -> None:
        await until(lambda: not user._sees(*target, **wanted), retries / 20)
        await not_seen(user, *target, retries=1, **wanted)

    seen, not_seen = User.should_see, User.should_not_see
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(User, "should_see", should_see)
        patch.setattr(User, "should_not_see", should_not_see)
        yield


# For these tests alone: others of the same process look at the true times.
@pytest.fixture(scope="module", autouse=True)
def wait_little() -> Iterator[None]:
    """What a page waits for comes soon: most of the time of these tests was to wait until a weight
    on the simulated scale is stable, and until a page asks or looks again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shopper_page, "SimulatedScale", partial(SimulatedScale, settle_s=0.02))
        patch.setattr(offline_notice, "_POLL_S", 0.05)
        patch.setattr(staff_page, "_CHECK_S", 0.05)
        patch.setattr(Pace, "FASTEST_S", 0.05)
        patch.setattr(watch, "PROBE_S", 0.1)
        yield


@cache
def _sample_files() -> dict[str, bytes]:
    """As large as the screen shows them: to shrink them took longer than the rest of most tests."""
    return {
        name: jpeg(photo(640, 480, colour=(200, 180 - number * 90, 40)))
        for number, (name, *_) in enumerate(SAMPLES)
    }


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A folder of sample pictures."""
    for name, file in _sample_files().items():
        (tmp_path / f"{name}.jpg").write_bytes(file)
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
def api() -> Service:
    """The API behind the kiosk."""
    return Service()


@pytest.fixture
def own_settings() -> dict[str, object]:
    """What a file of tests sets besides."""
    return {}


@pytest.fixture
def kiosk(api: Service, samples: Path, own_settings: dict[str, object]) -> Kiosk:
    """The kiosk, with PINs of its own."""
    settings = Settings.model_validate(
        {
            "samples": samples,
            "patience_s": 5,
            "time_zone": "America/New_York",
            "home": samples / "home",
            "printer": f"file://{samples}/printer",
            "attendant_pin": ATTENDANT_PIN,
            "manager_pin": MANAGER_HASH,
            "admin_token": TOKEN,
            "kiosk_secret": KIOSK_SECRET,
            **own_settings,
        }
    )
    return create_kiosk(settings, transport=api.transport)


@asynccontextmanager
async def standing_at(kiosk: Kiosk) -> AsyncIterator[User]:
    """Somebody in front of a kiosk, which is closed when they have gone."""
    async with user_simulation() as somebody:
        serve(kiosk)
        yield somebody
        # Pages end before their tasks do: one that draws as it ends keeps NiceGUI waiting a second.
        for page in list(Client.instances.values()):
            page.delete()
        # NiceGUI would take the modules of its pages out of sys.modules, and other tests' with it.
        Client.page_routes.clear()
    if kiosk.camera is not None:
        kiosk.camera.close()
    if kiosk.station is not None:
        await kiosk.station.close()
    kiosk.labels.issued.close()
    kiosk.favourites.close()
    await kiosk.api.close()
    # FastAPI remembers the routes of each test, and with them its kiosk: no garbage either.
    gc.freeze()


@pytest_asyncio.fixture
async def user(kiosk: Kiosk) -> AsyncIterator[User]:
    """Somebody in front of the kiosk, which is in touch with its service."""
    async with standing_at(kiosk) as somebody:
        kiosk.api.start()
        yield somebody


async def log_in(user: User, path: str, pin: str) -> None:
    """Open a page for staff, and log in there."""
    await user.open(path)
    await user.should_see("login", retries=SOON)
    user.find("pin").type(pin)
    user.find("log-in").click()


def photo(width: int, height: int, colour: tuple[int, int, int] = (220, 190, 60)) -> Image.Image:
    """A picture."""
    return Image.new("RGB", (width, height), colour)


def jpeg(picture: Image.Image, **options: object) -> bytes:
    """A picture as a JPEG file."""
    out = io.BytesIO()
    picture.save(out, "JPEG", **options)
    return out.getvalue()
