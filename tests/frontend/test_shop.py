"""The screen says whose shop it is, what is declared of the produce, and what an offer is."""

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from nicegui.testing import User
from PIL import Image

from frontend.kiosk import STATIC
from smartscale.clock import now
from tests.frontend.conftest import SOON
from tests.frontend.test_weigh import weigh_sample
from tests.service import Service

pytestmark = pytest.mark.asyncio


@pytest.fixture
def own_settings(tmp_path: Path) -> dict[str, object]:
    logo = tmp_path / "logo.png"
    Image.new("RGB", (40, 20), "green").save(logo)
    return {
        "shop_name": "Corner Fruit",
        "shop_address": "Market Square 1",
        "shop_logo": logo,
    }


async def test_the_screen_has_the_shop_and_the_price_sign(user: User, api: Service) -> None:
    banana = api.shop.catalogue.items["Banana"]
    [usual] = banana.prices
    offer = usual.model_copy(
        update={
            "unit_price": usual.unit_price / 2,
            "valid_from": now() - timedelta(days=1),
            "valid_to": now() + timedelta(days=1),
        }
    )
    declared = {"origin": "ES", "quality_class": "I", "variety": "Cavendish"}
    api.shop.catalogue.items["Banana"] = banana.model_copy(
        update={**declared, "prices": (usual, offer)}
    )
    await user.open("/")
    await user.should_see("Corner Fruit · Market Square 1")
    served = await user.http_client.get("/shop/logo.png")
    assert served.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(served.content)).size == (40, 20)

    await weigh_sample(user)
    await user.should_see("Spain · Cavendish · Class I", retries=SOON)
    await user.should_see("was €1.89/kg", retries=SOON)


async def test_the_manifest_names_icons_that_are_there(user: User) -> None:
    manifest = json.loads((STATIC / "kiosk.webmanifest").read_text("utf-8"))
    found = set()
    for icon in manifest["icons"]:
        answer = await user.http_client.get(icon["src"])
        assert answer.headers["content-type"].startswith(icon["type"])
        if icon["type"] == "image/png":
            width, height = Image.open(io.BytesIO(answer.content)).size
            assert icon["sizes"] == f"{width}x{height}"
            found.add((width, icon["purpose"]))
    assert found == {(192, "any"), (512, "any"), (192, "maskable"), (512, "maskable")}
