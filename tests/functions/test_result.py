"""Results, confirmations, the history and the catalogue over HTTP."""

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from smartscale.domain.catalogue import Price
from smartscale.domain.job_id import new_job_id
from smartscale.domain.upload import upload_key
from smartscale.operations.messages import Arrival
from smartscale.settings import time_zone
from tests.examples import item, scores
from tests.shop import Shop


@pytest.fixture
def job_id(shop: Shop) -> str:
    """A weighing of 1 kg that is done."""
    job_id = shop.upload()
    shop.recognise(job_id)
    return job_id


def test_a_result_has_all_that_the_kiosk_shows(results: TestClient, job_id: str) -> None:
    result = results.get(f"/v1/result/{job_id}", params={"lang": "de"}).json()
    assert result["status"] == "done"
    assert (result["label"], result["name"], result["confidence"]) == ("Banana", "Banana-de", 0.9)
    assert (result["weight_kg"], result["tare_kg"], result["net_kg"]) == ("1.000", "0.000", "1.000")
    assert (result["unit"], result["unit_price"], result["price"]) == ("kg", "2.00", "2.00")
    assert (result["currency"], result["quantity"]) == ("EUR", 1)
    assert (result["needs_confirmation"], result["confirmed_label"]) == (False, None)
    assert result["model"] == {"id": "builtin", "revision": "1"}
    assert result["timings"]["inference_ms"] >= 0
    assert result["created_at"].startswith("2026-11-25T08:30:00")
    best, second = result["top_k"]
    assert (best["label"], best["plu"], best["total"]) == ("Banana", "4011", "2.00")
    assert (second["name"], second["unit"], second["total"]) == ("Lemon-de", "each", "0.50")


def test_a_pending_weighing_is_pending(results: TestClient, shop: Shop) -> None:
    job_id = shop.upload()
    result = results.get(f"/v1/result/{job_id}", params={"wait": 0.05})
    assert (result.status_code, result.json()["status"]) == (200, "pending")


def test_a_direct_upload_is_pending_until_its_permission_ends(
    results: TestClient, shop: Shop
) -> None:
    job_id = new_job_id(shop.clock())
    assert results.get(f"/v1/result/{job_id}").json()["status"] == "pending"
    shop.clock.advance(minutes=6)
    assert results.get(f"/v1/result/{job_id}").status_code == 404


def test_a_weighing_that_waits_long_is_still_pending(results: TestClient, shop: Shop) -> None:
    job_id = shop.upload()
    shop.clock.advance(hours=1)
    assert results.get(f"/v1/result/{job_id}").json()["status"] == "pending"


def test_a_failed_weighing_says_why(results: TestClient, shop: Shop) -> None:
    job_id = shop.upload()
    shop.fail.process(Arrival(upload_key(job_id)), "The picture is cut short.")
    result = results.get(f"/v1/result/{job_id}").json()
    assert (result["status"], result["error"]) == ("failed", "The picture is cut short.")
    assert result["price"] is None


@pytest.mark.parametrize("job_id", ["0" * 32, "f" * 32, "nonsense", "..", "a" * 5000])
def test_an_unknown_weighing_is_404(results: TestClient, job_id: str) -> None:
    assert results.get(f"/v1/result/{job_id}").status_code == 404
    assert results.post(f"/v1/confirm/{job_id}", json={"label": "Banana"}).status_code == 404


@pytest.mark.parametrize("wait", ["-1", "11", "soon"])
def test_a_wait_is_at_most_ten_seconds(results: TestClient, job_id: str, wait: str) -> None:
    response = results.get(f"/v1/result/{job_id}", params={"wait": wait})
    assert (response.status_code, "wait" in response.json()["detail"]) == (422, True)


def test_nothing_on_the_menu_has_no_price(results: TestClient, shop: Shop) -> None:
    shop.recogniser.answer = scores(unknown=0.9, Banana=0.1)
    job_id = shop.upload()
    shop.recognise(job_id)
    result = results.get(f"/v1/result/{job_id}").json()
    assert (result["label"], result["price"], result["needs_confirmation"]) == (
        "unknown",
        None,
        True,
    )


def test_confirming(results: TestClient, job_id: str) -> None:
    said = {"plu": "4053", "quantity": 2, "confirmed_by": "attendant"}
    confirmed = results.post(f"/v1/confirm/{job_id}", json=said).json()
    assert (confirmed["confirmed_label"], confirmed["price"]) == ("Lemon", "1.00")
    assert results.get(f"/v1/result/{job_id}").json() == confirmed


def test_a_suspicious_confirmation_is_shown_filtered_and_exported(
    results: TestClient, shop: Shop, job_id: str
) -> None:
    assert results.get(f"/v1/result/{job_id}").json()["suspicious"] is False
    shop.clock.advance(seconds=1)
    honest = shop.upload()
    shop.recognise(honest)
    results.post(f"/v1/confirm/{honest}", json={"label": "Banana"})

    flagged = results.post(f"/v1/confirm/{job_id}", json={"label": "Lemon"}).json()
    assert flagged["suspicious"] is True
    assert "90% sure of Banana for 2.00 EUR" in flagged["suspicious_reason"]

    def found(value: str) -> list[str]:
        page = results.get("/v1/history", params={"suspicious": value}).json()
        return [one["job_id"] for one in page["items"]]

    assert (found("true"), found("false")) == ([job_id], [honest])
    table = results.get(
        "/v1/history", params={"suspicious": "true"}, headers={"Accept": "text/csv"}
    )
    [row] = csv.DictReader(table.text.splitlines())
    assert (row["suspicious"], row["suspicious_reason"]) == ("True", flagged["suspicious_reason"])

    said = {"label": "Lemon", "confirmed_by": "attendant"}
    settled = results.post(f"/v1/confirm/{job_id}", json=said).json()
    assert (settled["suspicious"], settled["suspicious_reason"]) == (False, None)
    assert found("true") == []


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"label": "Durian"}, 422),
        ({}, 422),
        ({"label": "Banana", "quantity": 0}, 422),
        ({"label": "Banana", "confirmed_by": "ghost"}, 422),
    ],
)
def test_bad_confirmations(
    results: TestClient, job_id: str, said: dict[str, object], status: int
) -> None:
    assert results.post(f"/v1/confirm/{job_id}", json=said).status_code == status


def test_confirming_a_pending_weighing_is_409(results: TestClient, shop: Shop) -> None:
    job_id = shop.upload()
    response = results.post(f"/v1/confirm/{job_id}", json={"label": "Banana"})
    assert (response.status_code, "pending" in response.json()["detail"]) == (409, True)


def test_the_history_comes_in_pages(results: TestClient, shop: Shop) -> None:
    ids = []
    for _ in range(5):
        shop.clock.advance(seconds=1)
        ids.append(shop.upload())
        shop.recognise(ids[-1])
    seen, cursor = [], None
    while True:
        query = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = results.get("/v1/history", params=query).json()
        seen += [one["job_id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-11-24T04:59:59Z", "2026-11-23"),
        ("2026-11-24T05:00:01Z", "2026-11-24"),
        ("2026-11-01T03:59:59Z", "2026-10-31"),  # still on summer time
        ("2026-11-02T04:59:59Z", "2026-11-01"),  # no more
        ("2026-11-02T05:00:01Z", "2026-11-02"),
    ],
)
def test_a_day_of_the_history_is_one_of_the_shops(
    results: TestClient, shop: Shop, at: str, day: str
) -> None:
    new_york = ZoneInfo("America/New_York")
    cast(FastAPI, results.app).dependency_overrides[time_zone] = lambda: new_york
    shop.clock.advance(seconds=(datetime.fromisoformat(at) - shop.clock()).total_seconds())
    shop.recognise(shop.upload())
    shop.clock.advance(days=40)
    next_day = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    for since, found in ((day, 1), (next_day, 0)):
        page = results.get("/v1/history", params={"from": since}).json()
        assert len(page["items"]) == found
    assert len(results.get("/v1/history", params={"to": day}).json()["items"]) == 0
    assert len(results.get("/v1/history", params={"to": next_day}).json()["items"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"cursor": "f" * 32},
        {"limit": 0},
        {"from": "yesterday"},
        {"from": "2026-11-20", "to": "2026-11-19"},
        {"from": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_bad_history_queries(results: TestClient, query: dict[str, str]) -> None:
    assert results.get("/v1/history", params=query).status_code == 422


def test_the_history_is_a_table_too(results: TestClient, job_id: str) -> None:
    response = results.get("/v1/history", headers={"Accept": "text/csv"})
    assert response.headers["content-type"].startswith("text/csv")
    [row] = csv.DictReader(response.text.splitlines())
    assert (row["job_id"], row["price"], row["name"]) == (job_id, "2.00", "Banana")


def test_a_page_of_the_catalogue_leads_to_the_next(results: TestClient, shop: Shop) -> None:
    for number in range(9):
        label = f"Item-{number}"
        shop.catalogue.items[label] = item(label, plu=f"4{number:03}")
    whole = results.get("/v1/catalogue").json()
    assert whole["next_cursor"] is None
    labels, cursor = [], None
    for _ in range(6):
        query = {"limit": 2} | ({} if cursor is None else {"cursor": cursor})
        page = results.get("/v1/catalogue", params=query).json()
        labels += [one["label"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert labels == [one["label"] for one in whole["items"]] == sorted(labels)


def test_the_catalogue_comes_again_only_when_it_has_changed(
    results: TestClient, shop: Shop
) -> None:
    def asked(state: str) -> int:
        answer = results.get("/v1/catalogue", headers={"If-None-Match": state})
        return int(answer.status_code)

    state = results.get("/v1/catalogue").headers["etag"]
    assert asked(state) == 304
    tomorrow = shop.clock() + timedelta(days=1)
    banana = shop.catalogue.items["Banana"]
    dearer = Price(unit_price=Decimal("9.00"), valid_from=tomorrow)
    shop.catalogue.items["Banana"] = banana.model_copy(
        update={"prices": (*banana.prices, dearer), "version": banana.version + 1}
    )
    assert asked(state) == 200
    state = results.get("/v1/catalogue").headers["etag"]
    assert asked(state) == 304
    shop.clock.advance(days=2)
    assert asked(state) == 200, "a price has begun since"


def test_the_catalogue(results: TestClient) -> None:
    banana, lemon = results.get("/v1/catalogue").json()["items"]
    assert (banana["label"], banana["unit_price"], banana["names"]["de"]) == (
        "Banana",
        "2.00",
        "Banana-de",
    )
    assert (lemon["plu"], lemon["unit"]) == ("4053", "each")
    assert (lemon["piece_kg_min"], lemon["sold_as"]) == (None, None)


def test_a_charge_of_a_scale_that_was_cut_off_is_shown_as_it_was_printed(
    results: TestClient, job_id: str
) -> None:
    charged = {"unit": "kg", "unit_price": "1.50", "price": "1.50", "currency": "EUR"}
    said = {"label": "Banana", "confirmed_by": "kiosk", "charged": charged}
    result = results.post(f"/v1/confirm/{job_id}", json=said).json()
    assert (result["unit_price"], result["price"]) == ("1.50", "1.50")
    assert (result["charged_offline"], result["confirmed_by"]) == (True, "kiosk")
    assert results.get("/v1/history").json()["items"][0] == result

    wrong = results.post(f"/v1/confirm/{job_id}", json=said | {"charged": charged | {"price": "1"}})
    assert (wrong.status_code, "1.50 would" in wrong.json()["detail"]) == (422, True)


def test_the_picture_of_a_weighing_is_small_and_expires_calmly(
    results: TestClient, shop: Shop
) -> None:
    job_id = shop.upload()
    shop.recognise(job_id)
    answer = results.get(f"/v1/history/{job_id}/picture", params={"side": 32})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.content)) as small:
        assert max(small.size) == 32
    assert results.get(f"/v1/history/{job_id}/picture", params={"side": 5000}).status_code == 422

    shop.uploads.objects.clear()
    gone = results.get(f"/v1/history/{job_id}/picture")
    assert gone.status_code == 404
    assert "not any more" in gone.json()["detail"]
    assert results.get("/v1/history/nonsense/picture").status_code == 404


def test_the_history_shows_what_failed(results: TestClient, shop: Shop) -> None:
    done, failed = shop.upload(), shop.upload({"weight-kg": "heavy"})
    shop.recognise(done)
    shop.fail.process(Arrival(upload_key(failed)), "The weight is bad.")
    for status, job_id in (("done", done), ("failed", failed)):
        page = results.get("/v1/history", params={"status": status}).json()
        assert [one["job_id"] for one in page["items"]] == [job_id]
    assert results.get("/v1/history", params={"status": "lost"}).status_code == 422
