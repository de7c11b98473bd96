"""POST /v1/predict and /v1/uploads."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from smartscale.domain.job_id import job_time
from smartscale.domain.upload import upload_key
from tests.examples import picture, too_large
from tests.functions.conftest import ADMIN_TOKEN
from tests.shop import Shop


def predict(
    uploads: TestClient, image: bytes | None = None, **form: str
) -> tuple[int, dict[str, Any]]:
    """Post a weighing; the status and the answer."""
    response = uploads.post(
        "/v1/predict",
        data={"weight": "0.500"} | form,
        files={"image": ("a.jpg", picture() if image is None else image)},
    )
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()


def test_a_weighing_is_accepted_and_durable(uploads: TestClient, shop: Shop) -> None:
    status, accepted = predict(uploads, scale_id="till-3", tare_kg="0.010")
    assert status == 202
    assert accepted["status"] == "pending"
    assert accepted["result_url"] == f"/v1/result/{accepted['job_id']}"
    upload, image = shop.uploads.read(upload_key(accepted["job_id"]))
    assert image == picture()
    assert upload.scale_id == "till-3"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("till-7.0815", True), ("", False), ("a b", False), ("x" * 65, False), ("ä", False)],
)
def test_the_correlation_id_is_the_callers_or_a_new_one(
    uploads: TestClient, shop: Shop, sent: str, kept: bool
) -> None:
    headers = {"X-Correlation-Id": sent.encode()}
    files = {"image": ("a.jpg", picture())}
    answer = uploads.post("/v1/predict", data={"weight": "1"}, files=files, headers=headers)
    told = answer.headers["X-Correlation-Id"]
    assert (told == sent) is kept
    assert len(told) <= 64
    upload, _ = shop.uploads.read(upload_key(answer.json()["job_id"]))
    assert upload.metadata["correlation-id"] == told == upload.correlation_id


@pytest.mark.parametrize("field", ["weight", "weight_kg"])
def test_the_weight_has_two_names(uploads: TestClient, field: str) -> None:
    response = uploads.post(
        "/v1/predict", data={field: "0.500"}, files={"image": ("a.jpg", picture())}
    )
    assert response.status_code == 202


@pytest.mark.parametrize("weight", ["-1", "abc", "1e999", "0.0001", "NaN", "0", "31", ""])
def test_a_bad_weight_is_422_and_leaves_nothing(
    uploads: TestClient, shop: Shop, weight: str
) -> None:
    status, problem = predict(uploads, weight=weight)
    assert (status, problem["status"]) == (422, 422)
    assert "weight" in problem["detail"]
    assert shop.uploads.objects == {}


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (b"just text", 415),
        (picture()[:-100], 422),
        (too_large(), 413),
        (b"\xff\xd8\xff" + b"x" * 250_000, 413),
        (b"\xff\xd8\xff" + b"x" * 11_000_000, 413),
    ],
)
def test_a_bad_picture_is_refused_and_leaves_nothing(
    uploads: TestClient, shop: Shop, image: bytes, expected: int
) -> None:
    status, problem = predict(uploads, image)
    assert status == expected
    assert problem["detail"].endswith(".")
    assert shop.uploads.objects == {}


def test_a_body_without_a_declared_length_is_cut_off(uploads: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"--b\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
        yield from (b"x" * 1_000_000 for _ in range(11))

    response = uploads.post(
        "/v1/predict",
        content=chunks(),
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert response.status_code == 413


def test_missing_parts_are_named(uploads: TestClient) -> None:
    no_picture = uploads.post("/v1/predict", data={"weight": "1"})
    assert (no_picture.status_code, "image" in no_picture.json()["detail"]) == (422, True)
    no_weight = uploads.post("/v1/predict", files={"image": ("a.jpg", picture())})
    assert (no_weight.status_code, "weight" in no_weight.json()["detail"]) == (422, True)
    nothing = uploads.post("/v1/predict", content=b"{}")
    assert nothing.status_code == 422


def test_a_weighing_without_a_picture_is_accepted_and_says_so(
    uploads: TestClient, shop: Shop
) -> None:
    uploads.headers["Idempotency-Key"] = "no-camera"
    load = {"weight": "0.800", "tare_kg": "0.010", "picture": "none"}
    first, again = (uploads.post("/v1/predict", data=load) for _ in range(2))
    assert first.status_code == 202
    assert again.json() == first.json()
    upload, _ = shop.uploads.read(upload_key(first.json()["job_id"]))
    assert not upload.has_picture
    assert upload.load().tare_kg == Decimal("0.010")


@pytest.mark.parametrize(
    ("said", "files", "right"),
    [
        ("later", {}, "picture can only be none"),
        ("none", {"image": ("a.jpg", picture())}, "not both"),
    ],
)
def test_picture_is_none_or_not_said(
    uploads: TestClient, shop: Shop, said: str, files: dict[str, Any], right: str
) -> None:
    answer = uploads.post("/v1/predict", data={"weight": "1", "picture": said}, files=files)
    assert (answer.status_code, right in answer.json()["detail"]) == (422, True)
    assert shop.uploads.objects == {}


def test_text_instead_of_a_file_is_said_so(uploads: TestClient) -> None:
    answer = uploads.post("/v1/predict", data={"image": "bananas.jpg", "weight": "1"})
    assert answer.status_code == 422
    assert "image: must be sent as a file of the form" in answer.json()["detail"]
    assert "UploadFile" not in answer.text


def test_a_request_repeated_with_its_key_is_one_weighing(uploads: TestClient, shop: Shop) -> None:
    uploads.headers["Idempotency-Key"] = "8d3f"
    _, first = predict(uploads)
    _, again = predict(uploads)
    assert again == first
    assert len(shop.uploads.objects) == 1
    status, problem = predict(uploads, weight="0.600")
    assert (status, "Idempotency-Key" in problem["detail"]) == (422, True)


def test_a_direct_upload(uploads: TestClient) -> None:
    response = uploads.post("/v1/uploads", json={"weight": "0.5", "content_type": "image/png"})
    assert response.status_code == 202
    answer = response.json()
    assert answer["fields"]["weight-kg"] == "0.500"
    assert answer["result_url"].endswith(answer["job_id"])
    refused = uploads.post("/v1/uploads", json={"weight": "0.5", "content_type": "text/html"})
    assert refused.status_code == 415
    assert uploads.post("/v1/uploads", json={"weight": "0"}).status_code == 422


def test_an_unknown_route_is_a_problem_too(uploads: TestClient) -> None:
    response = uploads.get("/v1/nowhere")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert "/docs" in response.json()["detail"]
    assert uploads.get("/v1/predict").status_code == 405


def test_a_weighing_of_before_begins_then(uploads: TestClient) -> None:
    uploads.headers["X-Admin-Token"] = ADMIN_TOKEN
    status, accepted = predict(uploads, weighed_at="2026-11-24T10:00:00Z")
    assert status == 202
    assert job_time(accepted["job_id"]) == datetime(2026, 11, 24, 10, tzinfo=UTC)
    for wrong in ("yesterday", "2020-01-01"):
        assert predict(uploads, weighed_at=wrong)[0] == 422


def test_who_prefers_to_wait_gets_the_result_with_the_answer(
    uploads: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = shop.uploads.put

    def put(key: str, *said: Any) -> None:
        stored(key, *said)
        shop.recognise(key.rpartition("/")[2])

    monkeypatch.setattr(shop.uploads, "put", put)
    headers = {"Prefer": "wait=5", "Accept-Language": "de-DE"}
    files = {"image": ("a.jpg", picture())}

    answer = uploads.post("/v1/predict", data={"weight": "1"}, files=files, headers=headers)

    assert answer.status_code == 202
    accepted = answer.json()
    assert accepted["status"] == accepted["result"]["status"] == "done"
    assert accepted["result"]["job_id"] == accepted["job_id"]
    assert accepted["result"]["name"] == "Banana-de"


@pytest.mark.parametrize("prefer", ["", "respond-async", "wait=x", "wait=0"])
def test_who_prefers_nothing_that_is_known_has_the_answer_at_once(
    uploads: TestClient, prefer: str
) -> None:
    files = {"image": ("a.jpg", picture())}
    headers = {"Prefer": prefer}
    answer = uploads.post("/v1/predict", data={"weight": "1"}, files=files, headers=headers)
    assert (answer.json()["status"], answer.json()["result"]) == ("pending", None)


def test_a_wait_ends_when_its_time_is_over(uploads: TestClient) -> None:
    files = {"image": ("a.jpg", picture())}
    headers = {"Prefer": "wait=1"}
    answer = uploads.post("/v1/predict", data={"weight": "1"}, files=files, headers=headers)
    assert (answer.status_code, answer.json()["result"]) == (202, None)


def test_lines_about_what_went_well_are_sampled_by_the_correlation_id(
    uploads: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def lines(share: str, weight: str) -> set[str]:
        """The correlation ids of 40 requests of which there is a line."""
        monkeypatch.setenv("LOG_SAMPLE", share)
        caplog.clear()
        for number in range(40):
            headers = {"X-Correlation-Id": f"till-{number}"}
            files = {"image": ("a.jpg", picture())}
            uploads.post("/v1/predict", data={"weight": weight}, files=files, headers=headers)
        told = [record for record in caplog.records if record.msg == "request"]
        return {str(vars(record)["correlation_id"]) for record in told}

    assert len(lines("1", "0.5")) == len(lines("0", "none")) == 40, "what went wrong is written"
    assert lines("0", "0.5") == set()
    some = lines("0.5", "0.5")
    assert 10 < len(some) < 30
    assert lines("0.5", "0.5") == some
