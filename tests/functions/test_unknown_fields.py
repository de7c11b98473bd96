"""What no route reads is refused, and the right name is told: it may change what is charged."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from smartscale.domain.errors import Unprocessable
from smartscale.domain.upload import StoredUpload
from tests.examples import NOW, picture

IMAGE = ("image", ("a.jpg", picture(), "image/jpeg"))


def refused(answer: Any) -> str:
    """The sentence of a refusal."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["detail"])


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ([("weight", "1"), ("tare", "0.1")], "`tare` is not known: is it `tare_kg`?"),
        ([("weight", "1"), ("weight", "2")], "`weight` was sent 2 times: send it once."),
        (
            [("weight", "1"), ("weight_kg", "1")],
            "sent twice: send it as `weight` or as `weight_kg`",
        ),
        ([("weight", "1"), ("scale", "a")], "`scale` is not known: is it `scale_id`?"),
        (
            [("weight", "1"), ("note", "x")],
            "Known are: image, picture, quantity, scale_id,",
        ),
    ],
)
def test_a_form(uploads: TestClient, form: list[tuple[str, str]], said: str) -> None:
    files = [IMAGE, *((name, (None, value)) for name, value in form)]
    assert said in refused(uploads.post("/v1/predict", files=files))


def test_two_pictures(uploads: TestClient) -> None:
    answer = uploads.post("/v1/predict", files=[IMAGE, IMAGE], data={"weight": "1"})
    assert "`image` was sent 2 times" in refused(answer)


def test_several_pictures_where_several_are_taken(admins: TestClient) -> None:
    images = [("images", (f"{n}.jpg", picture(), "image/jpeg")) for n in range(3)]
    headers = {"X-Admin-Token": "a-token-for-tests"}
    answer = admins.post("/v1/admin/enrol/Banana", headers=headers, files=images)
    assert answer.status_code == 202, answer.text
    one = admins.post("/v1/admin/enrol/Banana", headers=headers, files=[("image", images[0][1])])
    assert "`image` is not known: is it `images`?" in refused(one)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"weight": "1", "tare": "0.1"}', "`tare` is not known: is it `tare_kg`?"),
        ('{"weight": "1", "weight": "2"}', "`weight` was sent 2 times"),
        ('{"weight": "1", "weight_kg": "2"}', "sent twice"),
    ],
)
def test_a_json_body(uploads: TestClient, body: str, said: str) -> None:
    headers = {"content-type": "application/json"}
    assert said in refused(uploads.post("/v1/uploads", content=body, headers=headers))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("form=2026-11-01", "`form` is not known: is it `from`?"),
        ("label=Banana&label=Lemon", "`label` was sent 2 times"),
        ("colour=red", "Known are: cursor, from, label, lang, limit,"),
    ],
)
def test_a_query(results: TestClient, query: str, said: str) -> None:
    assert said in refused(results.get(f"/v1/history?{query}"))


def test_what_a_confirmation_holds(results: TestClient) -> None:
    body = {"label": "Banana", "charged": {"unit_prise": "1"}}
    answer = results.post(f"/v1/confirm/{'0' * 32}", json=body)
    assert "`unit_prise` is not known: is it `unit_price`?" in refused(answer)


@pytest.mark.parametrize(
    ("name", "right"), [("tare", "tare-kg"), ("weight_kg", "weight-kg"), ("scale", "scale-id")]
)
def test_a_dropped_object(name: str, right: str) -> None:
    upload = StoredUpload("uploads/a.jpg", "e", NOW, {"weight-kg": "1", name: "0.1"})
    with pytest.raises(Unprocessable, match=f"`{name}` is not known: is it `{right}`"):
        upload.load()


def test_what_copying_tools_note_is_no_mistake() -> None:
    upload = StoredUpload("uploads/a.jpg", "e", NOW, {"weight-kg": "1", "mtime": "1732752000"})
    assert str(upload.load().weight_kg) == "1.000"
