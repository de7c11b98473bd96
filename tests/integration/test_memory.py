"""A shop teaches its scales through the API, and the worker knows it with its next batch."""

import base64
import io

import httpx
import pytest
from PIL import Image

from smartscale.adapters.litert import load_builtin
from smartscale.recognition.carried import unpack
from tests.conftest import Deployed
from tests.integration.conftest import Api
from tests.support import eventually

pytestmark = pytest.mark.integration

TOKEN = {"X-Admin-Token": "a-token-for-tests"}
MUG = {"plu": "9901", "names": {"en": "Mug"}, "unit": "each", "unit_price": "4.50"}


def views(image: bytes, count: int) -> list[bytes]:
    """A picture as it looks when what it shows lies a little differently."""
    found = []
    whole = Image.open(io.BytesIO(image)).convert("RGB")
    for number in range(count):
        out = io.BytesIO()
        edge = 4 + 6 * number
        cut = whole.rotate(9 * number, fillcolor=whole.getpixel((2, 2)))
        cut.crop((edge, edge, cut.width - edge, cut.height - edge)).save(out, "JPEG")
        found.append(out.getvalue())
    return found


def memory_state(api: Api) -> str:
    """How far the newest version is."""
    newest, *_ = api.get("/admin/memory", headers=TOKEN).json()
    state: str = newest["state"]
    return state


def enrol(
    api: Api, label: str, images: list[bytes], token: dict[str, str] = TOKEN
) -> httpx.Response:
    """Send pictures of an item."""
    files = [("images", ("photo.jpg", image, "image/jpeg")) for image in images]
    return api.post(f"/admin/enrol/{label}", headers=token, files=files)


@pytest.fixture
def builtin(api: Api) -> None:
    """The built-in model serves, whatever other tests have asked for: it can be taught."""
    api.post("/admin/reload-model", headers=TOKEN, json={"model_id": "builtin"}).raise_for_status()

    def serves() -> bool:
        state = api.get("/admin/model", headers=TOKEN).json()
        return bool(state["active"]["id"] == "builtin" and state["state"] == "active")

    eventually(serves)


@pytest.mark.usefixtures("builtin")
@pytest.mark.parametrize("way", ["api", "gateway"])
def test_an_enrolled_item_is_recognised_and_sold_until_it_is_taken_back(
    way: str,
    request: pytest.FixtureRequest,
    api: Api,
    deployed: Deployed,
    samples: dict[str, bytes],
) -> None:
    teacher: Api = request.getfixturevalue(way)
    deployed_with = {"X-Admin-Token": deployed.settings.admin_token.get_secret_value()}
    token = TOKEN if way == "api" else deployed_with
    api.put("/admin/catalogue/Mug", headers=TOKEN, json=MUG).raise_for_status()
    *shown, unseen = views(samples["unknown"], 6)
    bananas = api.result(api.predict(samples["Banana"]))

    answer = enrol(teacher, "Mug", shown, token)
    assert answer.status_code == 202, answer.text
    assert answer.json()["images"] == 5
    eventually(lambda: memory_state(api) == "ready")

    result = api.result(api.predict(unseen, "0.350"))
    assert (result["label"], result["price"]) == ("Mug", "4.50")
    # What a kiosk takes along knows it as well, once the service is away.
    model = {"model_id": "builtin", "revision": result["model"]["revision"]}
    along = teacher.get("/memory", headers=token, params=model).raise_for_status().json()
    carried = unpack(base64.b64decode(along["lessons"]))
    assert len(carried["Mug"]) == 5
    kiosk = load_builtin()
    kiosk.remember(carried)
    assert kiosk.recognise(unseen)[0].label == "Mug"
    lessons = teacher.get("/admin/memory/lessons", headers=token).raise_for_status().json()
    assert {one["label"] for one in lessons["lessons"]} >= {"Mug"}
    again = api.result(api.predict(samples["Banana"]))
    assert again["label"] == bananas["label"]

    back = teacher.post("/admin/memory/rollback", headers=token)
    assert back.status_code == 202, back.text
    eventually(lambda: memory_state(api) == "ready")
    assert api.result(api.predict(unseen, "0.350"))["label"] != "Mug"


def test_enrolling_says_what_is_wrong(api: Api, samples: dict[str, bytes]) -> None:
    nobody = httpx.post(f"{api.base_url}admin/enrol/Banana")
    assert nobody.status_code == 401
    unknown = enrol(api, "Nothing-we-sell", [samples["Banana"]])
    assert unknown.status_code == 422
    assert "not in the catalogue" in unknown.json()["detail"]
    text = enrol(api, "Banana", [b"no picture"])
    assert text.status_code in {415, 422}
    assert enrol(api, "Banana", []).status_code == 422
