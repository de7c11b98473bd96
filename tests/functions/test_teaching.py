"""Teaching many items by the API, and how far a shop is taught."""

from typing import Any

from fastapi.testclient import TestClient

from smartscale.operations.learning.remember import Remember
from tests.examples import picture, scores
from tests.functions.conftest import ADMIN_TOKEN
from tests.shop import Shop

TOKEN = {"X-Admin-Token": ADMIN_TOKEN}
Files = list[tuple[str, tuple[str, bytes]]]


def files(*names: str) -> Files:
    """Pictures of these names, no two the same."""
    return [("images", (name, picture(colour=(90, 20 * n, 90)))) for n, name in enumerate(names)]


def test_many_items_are_taught_by_one_request(admins: TestClient, shop: Shop) -> None:
    sent = files("Banana/1.jpg", "Banana/2.jpg", "Lemon/1.jpg")
    answer = admins.post("/v1/admin/enrol", headers=TOKEN, files=sent)
    assert answer.status_code == 202
    assert answer.json() == {"memory_version": 1, "label": None, "images": 3}
    again = admins.post("/v1/admin/enrol", headers=TOKEN, files=sent)
    assert again.json()["memory_version"] == 1
    assert len(shop.memories.stored) == 1


def test_of_many_items_none_is_taught_when_one_will_not_do(admins: TestClient, shop: Shop) -> None:
    for names, saying in (
        (["Banana/1.jpg", "2.jpg"], "named after its item, such as Fig/1.jpg"),
        (["Banana/1.jpg", "/2.jpg"], "named after its item"),
        (["Banana/1.jpg", "Durian/2.jpg"], "Durian is not in the catalogue"),
        ([], "at least one picture"),
    ):
        refused = admins.post("/v1/admin/enrol", headers=TOKEN, files=files(*names) or None)
        assert refused.status_code == 422, names
        assert saying in refused.json()["detail"]
    assert shop.memories.stored == {}


def test_how_far_a_shop_is_taught(admins: TestClient, shop: Shop) -> None:
    def teaching() -> dict[str, Any]:
        answer = admins.get("/v1/admin/teaching", headers=TOKEN)
        assert answer.status_code == 200
        return dict(answer.json())

    untaught = teaching()
    assert (untaught["memory_version"], untaught["state"], untaught["looked_at"]) == (0, None, 0)
    assert untaught["items"] == [
        {"label": "Banana", "recognised": True, "images": 0},
        {"label": "Lemon", "recognised": False, "images": 0},
    ]

    admins.post("/v1/admin/enrol", headers=TOKEN, files=files("Banana/1.jpg", "Lemon/1.jpg"))
    assert teaching()["state"] == "pending"
    shop.recogniser.answer = scores(Banana=0.5, Lemon=0.4)
    Remember(shop.memories).refresh(shop.recogniser, 1)
    ready = teaching()
    assert (ready["memory_version"], ready["state"], ready["looked_at"]) == (1, "ready", 1)
    assert {"label": "Lemon", "recognised": False, "images": 1} in ready["items"]
    # The fake sees all pictures in one direction.
    assert ready["mixed_up"] == [{"first": "Banana", "second": "Lemon", "share": 1.0}]
    assert admins.get("/v1/admin/teaching").status_code == 401


def test_every_lesson_can_be_seen_and_taken_out_and_what_is_held_back_accepted(
    admins: TestClient, shop: Shop
) -> None:
    def ask(method: str, path: str = "") -> Any:
        answer = admins.request(method, f"/v1/admin/memory/lessons{path}", headers=TOKEN)
        return answer.status_code, answer

    assert ask("GET")[1].json() == {"memory_version": 0, "lessons": []}
    admins.post("/v1/admin/enrol", headers=TOKEN, files=files("Banana/1.jpg", "Lemon/1.jpg"))
    Remember(shop.memories).refresh(shop.recogniser, 1)  # it is sure of bananas
    found = ask("GET")[1].json()
    assert found["memory_version"] == 2
    assert [(one["label"], one["held"], one["seen_as"]) for one in found["lessons"]] == [
        ("Lemon", "contradicts", "Banana"),
        ("Banana", None, None),
    ]
    held, counting = (one["picture"] for one in found["lessons"])
    status, shown = ask("GET", f"/{held}")
    assert (status, shown.headers["content-type"]) == (200, "image/jpeg")
    assert ask("POST", f"/{held}/accept")[1].json()["memory_version"] == 3
    assert ask("POST", f"/{held}/accept")[0] == 404
    assert ask("DELETE", f"/{counting}")[1].json()["memory_version"] == 4
    assert ask("DELETE", f"/{counting}")[0] == ask("GET", f"/{counting}")[0] == 404
    assert [one["label"] for one in ask("GET")[1].json()["lessons"]] == ["Lemon"]
    for method, path in (("GET", ""), ("DELETE", f"/{held}"), ("POST", f"/{held}/accept")):
        refused = admins.request(method, f"/v1/admin/memory/lessons{path}")
        assert refused.status_code == 401, method
