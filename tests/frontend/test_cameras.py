"""A camera that is wired to the kiosk's machine: OpenCV reads a film in its place."""

import io
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import pytest_asyncio
from nicegui.testing import User
from PIL import Image

from frontend.app import create_kiosk
from frontend.devices.cameras import BROWSER, CameraUnavailable, DeviceCamera, open_camera
from frontend.settings import Settings
from frontend.weighing.containers import Container, read_containers
from tests.frontend.conftest import SOON, standing_at
from tests.service import Service

pytestmark = pytest.mark.asyncio


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Two hundred frames of something yellow."""
    path = tmp_path / "film.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    frame = np.full((240, 320, 3), (40, 200, 220), dtype=np.uint8)  # blue, green, red
    for _ in range(200):
        writer.write(frame)
    writer.release()
    return path


@pytest_asyncio.fixture
async def user(api: Service, samples: Path, film: Path) -> AsyncIterator[User]:
    """Somebody in front of a kiosk with a camera of its own."""
    settings = Settings.model_validate(
        {"samples": samples, "patience_s": 5, "camera": str(film), "home": samples / "home"}
    )
    kiosk = create_kiosk(settings, transport=api.transport)
    async with standing_at(kiosk) as somebody:
        yield somebody


async def test_the_camera_gives_a_picture_and_a_film(film: Path) -> None:
    camera = DeviceCamera(str(film))
    with Image.open(io.BytesIO(await camera.picture())) as seen:
        red, green, blue = seen.convert("RGB").getpixel((160, 120))  # type: ignore[misc]
    assert red > green > blue
    async for part in camera.film():
        head, _, rest = part.partition(b"\r\n\r\n")
        assert b"Content-Type: image/jpeg" in head
        assert rest.startswith(b"\xff\xd8")
        break
    camera.close()


async def test_a_camera_that_is_not_there_is_said_in_time(tmp_path: Path) -> None:
    camera = DeviceCamera(str(tmp_path / "no-camera"))
    with pytest.raises(CameraUnavailable):
        await camera.picture(patience_s=0.2)
    camera.close()


async def test_a_camera_survives_whatever_opencv_raises(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.devices.cameras._AGAIN_S", 0.01)
    encode, broken = cv2.imencode, [True]

    def encoding(*arguments: Any) -> Any:
        if broken:
            broken.pop()
            raise cv2.error("an empty frame")
        return encode(*arguments)

    monkeypatch.setattr(cv2, "imencode", encoding)
    camera = DeviceCamera(str(film))
    assert await camera.picture()
    camera.close()


async def test_the_browsers_camera_is_the_browsers() -> None:
    assert open_camera(BROWSER) is None


async def test_the_weight_lands_and_the_kiosks_own_camera_looks(user: User, api: Service) -> None:
    await user.open("/")
    user.find("weight").type("0.5")
    user.find("classify").click()

    await user.should_see("answer", retries=3 * SOON)
    with Image.open(io.BytesIO(api.pictures[0])) as sent:
        assert sent.size == (320, 240)


@pytest.mark.parametrize(
    ("text", "containers"),
    [
        ("", []),
        ("Box=0.06", [("Box", "0.060")]),
        (" Paper bag = 0.006 ; Glas=0.25;", [("Paper bag", "0.006"), ("Glas", "0.250")]),
    ],
)
async def test_containers_of_a_setting(text: str, containers: list[tuple[str, str]]) -> None:
    assert read_containers(text) == tuple(Container(name, Decimal(kg)) for name, kg in containers)


@pytest.mark.parametrize(
    "text",
    [
        *("Box", "=0.1", "Box=", "Box=abc", "Box=-0.1", "Box=0", "Box=6", "Box=0.0001", "Box=NaN"),
        "A=0.1;a=0.2",
        ";".join(f"{n}=0.1" for n in range(13)),
    ],
)
async def test_what_are_no_containers(text: str) -> None:
    with pytest.raises(ValueError, match=r"use|give"):
        read_containers(text)
