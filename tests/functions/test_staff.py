"""What only staff may say and see, over HTTP: with a kiosk's proof or the admin token."""

from datetime import timedelta

import httpx
import pytest
from fastapi.testclient import TestClient

from smartscale.contract import proof
from smartscale.domain.job_id import job_time
from tests.examples import picture
from tests.functions.conftest import ADMIN_TOKEN, KIOSK_SECRET
from tests.shop import Shop

CHARGED = {"unit": "kg", "unit_price": "0.01", "price": "0.01", "currency": "EUR"}


@pytest.fixture
def job_id(shop: Shop) -> str:
    """A weighing of 1 kg that is done."""
    job_id = shop.upload()
    shop.recognise(job_id)
    return job_id


@pytest.fixture
def anybody(results: TestClient) -> TestClient:
    """Somebody without the admin token."""
    results.headers.pop("X-Admin-Token")
    return results


def _proved(
    client: TestClient, request: httpx.Request, shop: Shop, secret: str = KIOSK_SECRET
) -> httpx.Response:
    request.read()  # forms are streams
    url = request.url
    request.headers[proof.HEADER] = proof.prove(
        secret, request.method, url.path, url.query.decode(), request.content, shop.clock()
    )
    answer: httpx.Response = client.send(request)
    return answer


STAFFS = [
    {"label": "Lemon", "confirmed_by": "attendant"},
    {"label": "Lemon", "confirmed_by": "kiosk"},
    {"label": "Banana", "charged": CHARGED},
    {"label": "Banana", "charged": CHARGED, "confirmed_by": "kiosk"},
]


@pytest.mark.parametrize("said", STAFFS)
def test_what_staff_says_takes_a_proof(
    anybody: TestClient, shop: Shop, job_id: str, said: dict[str, object]
) -> None:
    before = shop.weighings.get(job_id)
    refused = anybody.post(f"/v1/confirm/{job_id}", json=said)
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert "X-Admin-Token" in refused.json()["detail"]
    assert shop.weighings.get(job_id) == before

    shown = {"X-Admin-Token": ADMIN_TOKEN}
    assert anybody.post(f"/v1/confirm/{job_id}", json=said, headers=shown).status_code == 200


@pytest.mark.parametrize("said", STAFFS)
def test_a_kiosk_proves_what_it_says(
    anybody: TestClient, shop: Shop, job_id: str, said: dict[str, object]
) -> None:
    url = f"/v1/confirm/{job_id}?lang=de"
    assert _proved(anybody, anybody.build_request("POST", url, json=said), shop).status_code == 200
    other = _proved(anybody, anybody.build_request("POST", url, json=said), shop, "another secret")
    assert other.status_code == 403


def test_to_void_a_weighing_takes_a_proof(anybody: TestClient, shop: Shop, job_id: str) -> None:
    said = {"what": "void", "staff": "attendant@kiosk-1"}
    assert anybody.post(f"/v1/history/{job_id}", json=said).status_code == 403
    request = anybody.build_request("POST", f"/v1/history/{job_id}", json=said)
    voided = _proved(anybody, request, shop).json()
    assert (voided["voided"], voided["acts"][0]["staff"]) == (True, "attendant@kiosk-1")


def test_a_shopper_needs_none(anybody: TestClient, job_id: str) -> None:
    said = {"label": "Lemon", "confirmed_by": "shopper"}
    assert anybody.post(f"/v1/confirm/{job_id}", json=said).status_code == 200


def test_a_proof_is_of_one_request_for_a_while(
    anybody: TestClient, shop: Shop, job_id: str
) -> None:
    said = {"label": "Lemon", "confirmed_by": "attendant"}
    url = f"/v1/confirm/{job_id}"
    good = anybody.build_request("POST", url, json=said)
    assert _proved(anybody, good, shop).status_code == 200
    headers = {proof.HEADER: good.headers[proof.HEADER]}
    for other in (
        anybody.build_request("POST", url, json=said | {"label": "Banana"}, headers=headers),
        anybody.build_request("POST", f"{url}?lang=de", json=said, headers=headers),
        anybody.build_request("GET", "/v1/history", headers=headers),
    ):
        assert anybody.send(other).status_code == 403
    again = anybody.build_request("POST", url, json=said, headers=headers)
    assert anybody.send(again).status_code == 200
    shop.clock.advance(minutes=3)
    assert anybody.send(again).status_code == 403


@pytest.mark.parametrize("shown", ["", ".", "1.x", "x.1", "٣.x", "9" * 400 + ".x", "99999999999.x"])
def test_nonsense_proves_nothing(anybody: TestClient, shown: str) -> None:
    headers = {proof.HEADER.encode(): shown.encode()}
    assert anybody.get("/v1/history", headers=headers).status_code == 403


def test_a_proof_for_ever_is_none(anybody: TestClient, shop: Shop) -> None:
    later = shop.clock() + timedelta(days=365)
    request = anybody.build_request("GET", "/v1/history")
    request.headers[proof.HEADER] = proof.prove(KIOSK_SECRET, "GET", "/v1/history", "", b"", later)
    assert anybody.send(request).status_code == 403


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "image/jpeg"])
def test_history_and_pictures_are_for_staff(
    anybody: TestClient, shop: Shop, job_id: str, accept: str
) -> None:
    path = f"/v1/history/{job_id}/picture" if accept == "image/jpeg" else "/v1/history"
    headers = {"Accept": accept}
    assert anybody.get(path, headers=headers).status_code == 403
    assert anybody.get(path, headers=headers | {"X-Admin-Token": "wrong"}).status_code == 401
    assert anybody.get(path, headers=headers | {"X-Admin-Token": ADMIN_TOKEN}).is_success
    query = (
        {} if accept == "image/jpeg" else {"label": "Banana", "from": "2026-11-01T00:00:00+00:00"}
    )
    request = anybody.build_request("GET", path, params=query, headers=headers)
    assert _proved(anybody, request, shop).is_success


def _weighing(
    client: TestClient, said: dict[str, str], headers: dict[str, str] | None = None
) -> httpx.Request:
    files = {"image": ("a.jpg", picture(), "image/jpeg")}
    request: httpx.Request = client.build_request(
        "POST", "/v1/predict", data={"weight": "1"} | said, files=files, headers=headers
    )
    return request


def test_a_weighing_of_before_takes_a_proof(uploads: TestClient, shop: Shop) -> None:
    """Else anybody could pick the day with the lowest price."""
    before = "2026-11-24T10:00:00+00:00"

    def asked(**said: str) -> httpx.Request:
        return _weighing(uploads, said)

    refused = uploads.send(asked(weighed_at=before))
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert "weighed_at" in refused.json()["detail"]
    assert _proved(uploads, asked(weighed_at=before), shop, "another").status_code == 403
    wrong = asked(weighed_at=before)
    wrong.headers["X-Admin-Token"] = "wrong"
    assert uploads.send(wrong).status_code == 401
    assert not shop.uploads.objects

    right = asked(weighed_at=before)
    right.headers["X-Admin-Token"] = ADMIN_TOKEN
    for answer in (uploads.send(right), _proved(uploads, asked(weighed_at=before), shop)):
        assert answer.status_code == 202
        assert job_time(answer.json()["job_id"]).isoformat() == before
    assert uploads.send(asked()).status_code == 202, "what is weighed now takes none"


def test_a_proof_is_of_the_picture_and_its_moment(uploads: TestClient, shop: Shop) -> None:
    def asked(day: int, weight: str) -> httpx.Request:
        said = {"weight": weight, "weighed_at": f"2026-11-{day}T10:00:00+00:00"}
        return _weighing(uploads, said, {"Content-Type": "multipart/form-data; boundary=same"})

    good = asked(24, "1")
    assert _proved(uploads, good, shop).status_code == 202
    for other in (asked(23, "1"), asked(24, "2")):
        other.headers[proof.HEADER] = good.headers[proof.HEADER]
        assert uploads.send(other).status_code == 403


def test_wrong_admin_tokens_are_counted_here_too(anybody: TestClient) -> None:
    codes = [
        anybody.get("/v1/history", headers={"X-Admin-Token": f"guess {n}"}).status_code
        for n in range(25)
    ]
    assert codes[0] == 401
    assert codes[-1] == 429
