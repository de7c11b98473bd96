"""The admin routes: nothing without the token, and nothing half done with it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import cast
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from mangum.types import LambdaContext
from pydantic import ValidationError

import functions.admin.app as admin
from smartscale.domain.registry import ImportHints
from smartscale.domain.trial import Tallies, Tally
from smartscale.settings import AdminSettings, time_zone
from tests.examples import picture
from tests.functions.conftest import ADMIN_TOKEN
from tests.shop import Shop

TOKEN = {"X-Admin-Token": ADMIN_TOKEN}
MANGO = {"plu": "4051", "names": {"en": "Mango"}, "unit": "each", "unit_price": "1.49"}
CSV = "label,plu,category,unit,unit_price,currency,tare_kg,name_en\n"


@pytest.mark.parametrize("token", [None, "", "wrong", ADMIN_TOKEN + "x", "\u00e9"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/admin/reload-model"),
        ("GET", "/v1/admin/model"),
        ("PUT", "/v1/admin/catalogue/Banana"),
        ("DELETE", "/v1/admin/catalogue/Banana"),
    ],
)
def test_without_the_token_nothing_happens(
    admins: TestClient, shop: Shop, method: str, path: str, token: str | None
) -> None:
    before = dict(shop.catalogue.items)
    headers = {} if token is None else {"X-Admin-Token": token.encode()}
    response = admins.request(method, path, headers=headers, json=MANGO)
    assert response.status_code == 401
    assert (shop.catalogue.items, shop.registry.switch) == (before, None)


def test_the_built_in_model_is_active_from_the_start(admins: TestClient) -> None:
    state = admins.get("/v1/admin/model", headers=TOKEN).json()
    assert (state["state"], state["active"]["id"], state["workers"]) == ("active", "builtin", [])


def test_a_package_in_the_bucket_can_be_asked_for(admins: TestClient) -> None:
    request = {"model_id": "them/vgg", "model_revision": "a1"}
    answer = admins.post("/v1/admin/reload-model", headers=TOKEN, json=request)
    assert answer.status_code == 202
    assert answer.json()["wanted"] == {"id": "them/vgg", "revision": "a1"}
    assert admins.get("/v1/admin/model", headers=TOKEN).json()["state"] == "switching"
    back = admins.post("/v1/admin/reload-model", headers=TOKEN, json={"model_id": "builtin"})
    assert back.json()["wanted"]["id"] == "builtin"


def test_a_model_that_is_not_there_is_imported(admins: TestClient, shop: Shop) -> None:
    answer = admins.post("/v1/admin/reload-model", headers=TOKEN, json={"model_revision": "main"})
    assert answer.status_code == 202
    state = answer.json()
    assert (state["state"], state["progress"], state["error"]) == ("importing", None, None)
    assert state["wanted"] == {"id": "Adriana213/vgg16-fruit-classifier", "revision": "main"}
    assert state["active"]["id"] == "builtin"

    request = {"model_id": "a/b", "labels": {"Pear": 1, "Apple": 0}, "preprocessing": "VGG16"}
    assert admins.post("/v1/admin/reload-model", headers=TOKEN, json=request).status_code == 202
    assert shop.registry.switch is not None
    assert shop.registry.switch.hints == ImportHints(
        labels=("Apple", "Pear"), preprocessing="caffe"
    )


@pytest.mark.parametrize(
    ("wrong", "saying"),
    [
        ({"model_id": "a/b/c"}, "OWNER/NAME"),
        ({"model_revision": "../main"}, "branch"),
        ({"labels": {"Apple": 0, "Pear": 2}}, "index"),
        ({"labels": ["Apple", "Apple"]}, "twice"),
        ({"preprocessing": "magic"}, "caffe"),
    ],
)
def test_a_wish_that_makes_no_sense_is_422(
    admins: TestClient, shop: Shop, wrong: dict[str, object], saying: str
) -> None:
    answer = admins.post("/v1/admin/reload-model", headers=TOKEN, json=wrong)
    assert (answer.status_code, shop.registry.switch) == (422, None)
    assert saying in answer.json()["detail"]


def test_an_item_is_added_changed_and_retired(admins: TestClient, shop: Shop) -> None:
    added = admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=MANGO).json()
    assert (added["unit_price"], added["currency"]) == ("1.49", "EUR")
    shop.clock.advance(hours=1)
    changed = admins.put(
        "/v1/admin/catalogue/Mango", headers=TOKEN, json=MANGO | {"unit_price": "1.99"}
    ).json()
    assert changed["unit_price"] == "1.99"
    assert len(shop.catalogue.items["Mango"].prices) == 2
    assert admins.delete("/v1/admin/catalogue/Mango", headers=TOKEN).status_code == 204
    assert shop.catalogue.items["Mango"].retired
    assert admins.delete("/v1/admin/catalogue/Mango", headers=TOKEN).status_code == 404
    assert len(shop.ledger.item_changes) == 3


def test_what_a_piece_weighs_can_be_said_and_is_not_forgotten(
    admins: TestClient, shop: Shop
) -> None:
    pieces = {"piece_kg_min": "0.2", "piece_kg_max": "0.6", "sold_as": "bulk"}
    said = admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=MANGO | pieces).json()
    assert said["piece_kg_min"] == "0.200"
    assert said["sold_as"] == "bulk"
    shop.clock.advance(hours=1)
    unsaid = MANGO | {"unit_price": "1.99", "piece_kg_min": None}
    again = admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=unsaid).json()
    assert (again["unit_price"], again["piece_kg_max"]) == ("1.99", "0.600")


def test_what_is_declared_can_be_said_and_emptied(admins: TestClient, shop: Shop) -> None:
    declared = {"origin": "es", "quality_class": "i", "variety": "Kent", "best_before_days": 5}
    said = admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=MANGO | declared).json()
    assert {name: said[name] for name in declared} == declared | {
        "origin": "ES",
        "quality_class": "I",
    }
    shop.clock.advance(hours=1)
    emptied = MANGO | {"variety": "", "best_before_days": "", "origin": None}
    again = admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=emptied).json()
    assert (again["origin"], again["variety"], again["best_before_days"]) == ("ES", None, None)


def test_a_price_may_start_later_and_a_date_without_a_zone_is_utc(
    admins: TestClient, shop: Shop
) -> None:
    admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=MANGO)
    later = MANGO | {"unit_price": "9.99", "valid_from": "2999-12-01"}
    answer = admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=later)
    assert (answer.status_code, answer.json()["unit_price"]) == (200, "1.49")
    then = datetime(2999, 12, 1, tzinfo=UTC)
    assert str(shop.catalogue.items["Mango"].unit_price_at(then)) == "9.99"


@pytest.mark.parametrize(
    ("zone", "day", "begins", "over"),
    [
        ("America/New_York", "2998-12-01", "2998-12-01T05:00:00Z", "2998-12-02T05:00:00Z"),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("Asia/Kathmandu", "2998-12-01", "2998-11-30T18:15:00Z", "2998-12-01T18:15:00Z"),
    ],
)
def test_a_date_is_a_day_of_the_shops(
    admins: TestClient, shop: Shop, zone: str, day: str, begins: str, over: str
) -> None:
    """By an edit, by a file, out as a file again, and when a price is taken back."""
    cast(FastAPI, admins.app).dependency_overrides[time_zone] = lambda: ZoneInfo(zone)
    edit = MANGO | {"unit_price": "0.99", "valid_from": day, "valid_to": day}
    path = "/v1/admin/catalogue/Mango"
    assert admins.put(path, headers=TOKEN, json=MANGO).status_code == 200
    assert admins.put(path, headers=TOKEN, json=edit).status_code == 200
    columns = CSV.strip() + ",valid_from,valid_to\n"
    file = f"{columns}Banana,4011,fruit,kg,0.49,EUR,0,Banana,{day},{day}\n"
    imported = admins.post("/v1/admin/catalogue/import", headers=TOKEN, content=file.encode())
    assert imported.status_code == 200, imported.text
    for label in ("Mango", "Banana"):
        [offer] = [price for price in shop.catalogue.items[label].prices if price.valid_to]
        assert offer.valid_from == datetime.fromisoformat(begins)
        assert offer.valid_to == datetime.fromisoformat(over)
    if datetime.fromisoformat(begins) > shop.clock():
        table = admins.get("/v1/admin/catalogue", headers=TOKEN | {"Accept": "text/csv"}).text
        assert table.count(f",{day},{day},") == 2
        gone = admins.delete(f"{path}/prices", headers=TOKEN, params={"valid_from": day})
        assert gone.status_code == 200, gone.text


@pytest.mark.parametrize(
    ("edit", "status"),
    [
        ({"currency": "euros"}, 422),
        ({"valid_from": "tomorrow"}, 422),
        ({"unit_price": "1,49"}, 422),
        ({"unit_price": "0"}, 422),
        ({"unit_price": 1.49}, 422),
        ({"unit": "pound"}, 422),
        ({"names": {"de": "Mango"}}, 422),
        ({"plu": "123456"}, 422),
        ({"piece_kg_min": "0.2"}, 422),
        ({"sold_as": "crate"}, 422),
        ({"plu": "4011"}, 409),
    ],
)
def test_a_bad_item_is_refused(
    admins: TestClient, shop: Shop, edit: dict[str, object], status: int
) -> None:
    answer = admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=MANGO | edit)
    assert answer.status_code == status
    assert "Mango" not in shop.catalogue.items


def test_guessing_is_throttled_and_told_when_to_try_again(admins: TestClient, shop: Shop) -> None:
    answers = [
        admins.get("/v1/admin/model", headers={"X-Admin-Token": f"guess-{n}"}) for n in range(25)
    ]
    assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 5
    refused = answers[-1]
    assert refused.headers["content-type"] == "application/problem+json"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert admins.get("/v1/admin/model", headers=TOKEN).status_code == 429
    shop.clock.advance(minutes=1)
    assert admins.get("/v1/admin/model", headers=TOKEN).status_code == 200
    assert len(shop.metrics.named("AdminTokenRefused")) == 26


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({"admin_token": "changeme", "smartscale_stage": "embedded"}, None),
        ({"admin_token": "changeme", "smartscale_stage": "localstack"}, None),
        ({"admin_token": "changeme", "smartscale_stage": "prod"}, "ADMIN_TOKEN must not be"),
        ({"admin_token": "changeme"}, "ADMIN_TOKEN must not be"),
        ({"admin_token": "chosen", "smartscale_stage": "prod"}, None),
        ({"admin_token_secret": "arn:aws:secretsmanager:..."}, None),
        ({"admin_token_parameter": "/smartscale/token"}, None),
        ({}, "give one of ADMIN_TOKEN"),
        ({"admin_token": "chosen", "admin_token_secret": "arn"}, "give one of ADMIN_TOKEN"),
    ],
)
def test_exactly_one_token_is_given_and_the_default_only_to_emulators(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], refused: str | None
) -> None:
    monkeypatch.delenv("SMARTSCALE_STAGE", raising=False)
    monkeypatch.delenv("ADMIN_TOKEN", raising=False)
    if refused is None:
        AdminSettings.model_validate(settings)
        return
    with pytest.raises(ValidationError, match=refused) as error:
        AdminSettings.model_validate(settings)
    assert "chosen" not in str(error.value), "the token is not told to the log"


def test_the_function_answers_nothing_with_the_default_token_on_a_real_stage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("smartscale_bucket", "models_table", "catalogue_table"):
        monkeypatch.setenv(name.upper(), "name")
    for name in ("weighings_queue_url", "imports_queue_url"):
        monkeypatch.setenv(name.upper(), "https://queue.example")
    monkeypatch.setenv("ADMIN_TOKEN", "changeme")
    monkeypatch.setenv("SMARTSCALE_STAGE", "prod")
    admin.settings.cache_clear()
    with pytest.raises(ValidationError, match="on stage prod"):
        admin.handler({}, cast("LambdaContext", None))


def test_a_label_that_needs_a_product_gets_one(admins: TestClient) -> None:
    kaki = {"label": "Kaki", "product": None, "how": "none"}
    assert admins.get("/v1/admin/labels", headers=TOKEN).json() == [
        {"label": "Banana", "product": "Banana", "how": "exact"},
        kaki,
    ]
    given = admins.put("/v1/admin/labels/Kaki", headers=TOKEN, json={"product": "Lemon"})
    assert given.json() == {"label": "Kaki", "product": "Lemon", "how": "operator"}
    assert admins.delete("/v1/admin/labels/Kaki", headers=TOKEN).json() == kaki
    refused = admins.put("/v1/admin/labels/Kaki", headers=TOKEN, json={"product": "Dragon"})
    assert refused.status_code == 422


TRY = {"model_id": "them/vgg", "model_revision": "a1"}


def test_a_model_is_tried_shown_and_taken_over(admins: TestClient, shop: Shop) -> None:
    assert admins.get("/v1/admin/candidate", headers=TOKEN).json() is None
    request = TRY | {"mode": "canary", "share": "0.5", "limits": {"error_rate": "0.1"}}
    began = admins.post("/v1/admin/candidate", headers=TOKEN, json=request)
    assert began.status_code == 202
    one, more = Tally.of_answer(Decimal("0.9"), Decimal(12), low=False), Tally(errors=1)
    shop.trials.add(1, Tallies(active=one, candidate=one + one + more), shop.clock())

    shown = admins.get("/v1/admin/candidate", headers=TOKEN).json()
    figures = {"latency_ms": 12.0, "confidence": 0.9, "low_confidence_rate": 0.0}
    assert shown == {
        "model": {"id": "them/vgg", "revision": "a1"},
        "mode": "canary",
        "share": "0.5",
        "started_at": "2026-11-25T08:30:00Z",
        "ended_at": None,
        "state": "running",
        "reason": None,
        "compared": 0,
        "agreement": None,
        "skipped": 0,
        "active": figures | {"n": 1, "error_rate": 0.0},
        "candidate": figures | {"n": 2, "error_rate": 0.3333},
        "limits": {"error_rate": "0.1", "low_confidence_rate": "0.80", "minimum_answers": 30},
    }
    marks = {
        one["id"]: one["candidate"] for one in admins.get("/v1/admin/models", headers=TOKEN).json()
    }
    assert marks == {"builtin": False, "them/vgg": True}
    labels = {
        one["id"]: (one["labels"], one["unmapped"])
        for one in admins.get("/v1/admin/models", headers=TOKEN).json()
    }
    assert labels == {"builtin": (2, 1), "them/vgg": (3, 1)}

    promoted = admins.post("/v1/admin/candidate/promote", headers=TOKEN)
    assert (promoted.status_code, promoted.json()["state"]) == (202, "promoted")
    assert promoted.json()["candidate"]["n"] == 2
    state = admins.get("/v1/admin/model", headers=TOKEN).json()
    assert state["wanted"] == {"id": "them/vgg", "revision": "a1"}


def test_a_trial_is_stopped_once(admins: TestClient) -> None:
    admins.post("/v1/admin/candidate", headers=TOKEN, json=TRY)
    assert admins.delete("/v1/admin/candidate", headers=TOKEN).json()["state"] == "stopped"
    again = admins.delete("/v1/admin/candidate", headers=TOKEN)
    assert (again.status_code, again.json()["detail"]) == (409, "No candidate is tried just now.")


@pytest.mark.parametrize(
    ("wrong", "status", "saying"),
    [
        ({"model_revision": "main"}, 422, "there are: builtin@1, them/vgg@a1"),
        ({"model_id": "builtin"}, 409, "serves already"),
        ({"share": "0"}, 422, "share"),
        ({"share": 1.5}, 422, "share"),
        ({"mode": "loud"}, 422, "mode"),
        ({"limits": {"error_rate": 2}}, 422, "error_rate"),
        ({"limits": {"errors": 2}}, 422, "errors"),
        ({"percent": 5}, 422, "percent"),
    ],
)
def test_a_trial_that_makes_no_sense_is_refused(
    admins: TestClient, shop: Shop, wrong: dict[str, object], status: int, saying: str
) -> None:
    answer = admins.post("/v1/admin/candidate", headers=TOKEN, json=TRY | wrong)
    assert answer.status_code == status
    assert saying in answer.json()["detail"]
    assert shop.trials.trial is None


def test_a_file_is_previewed_then_imported(admins: TestClient, shop: Shop) -> None:
    file = (
        f"\ufeff{CSV}Banana,4011,fruit,kg,2.49,EUR,0,Banana\nMango,4051,fruit,each,1.49,EUR,0,Mango"
    )
    path = "/v1/admin/catalogue/import"
    seen = admins.post(path, headers=TOKEN, params={"dry_run": True}, content=file.encode()).json()
    assert (seen["applied"], seen["counts"]["added"], seen["counts"]["changed"]) == (False, 1, 1)
    assert seen["changes"][0]["fields"][-1]["after"] == "2.49"
    assert "Mango" not in shop.catalogue.items

    wrong = admins.post(path, headers=TOKEN, params={"fingerprint": "other"}, content=file.encode())
    assert wrong.status_code == 409
    done = admins.post(
        path, headers=TOKEN, params={"fingerprint": seen["fingerprint"]}, content=file.encode()
    )
    assert (done.status_code, done.json()["applied"]) == (200, True)
    assert "Mango" in shop.catalogue.items


@pytest.mark.parametrize(
    ("file", "saying"),
    [(b"", "lacks the columns"), (b"\xff\xfe", "UTF-8"), (f"{CSV}x".encode(), "line 2")],
)
def test_a_file_that_is_no_catalogue_is_422(admins: TestClient, file: bytes, saying: str) -> None:
    answer = admins.post("/v1/admin/catalogue/import", headers=TOKEN, content=file)
    assert answer.status_code == 422
    assert saying in answer.json()["detail"]


def test_each_fault_of_a_file_can_be_said_in_another_language(admins: TestClient) -> None:
    file = f"{CSV}Banana,4011,fruit,kg,cheap,EUR,0,Banana\nLemon,4053,fruit\n"
    problem = admins.post("/v1/admin/catalogue/import", headers=TOKEN, content=file).json()
    assert problem["faults"] == [
        {
            "line": 2,
            "detail": "unit_price 'cheap' must be a price such as 2.49.",
            "message": "unit_price {text} must be a price such as 2.49.",
            "values": {"text": "'cheap'"},
        },
        {
            "line": 3,
            "detail": "the number of fields differs from the header's.",
            "message": "the number of fields differs from the header's.",
            "values": {},
        },
    ]
    for fault in problem["faults"]:
        assert f"line {fault['line']}: {fault['detail']}" in problem["detail"]


def test_the_whole_catalogue_and_its_export(admins: TestClient) -> None:
    later = {"valid_from": "2999-01-01", "unit_price": "1.99"}
    admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=MANGO)
    mango = admins.put("/v1/admin/catalogue/Mango", headers=TOKEN, json=MANGO | later).json()
    assert [price["unit_price"] for price in mango["prices"]] == ["1.49", "1.99"]
    admins.delete("/v1/admin/catalogue/Lemon", headers=TOKEN)

    items = admins.get("/v1/admin/catalogue", headers=TOKEN).json()["items"]
    assert [(item["label"], item["retired"]) for item in items] == [
        ("Banana", False),
        ("Lemon", True),
        ("Mango", False),
    ]
    table = admins.get("/v1/admin/catalogue", headers=TOKEN | {"Accept": "text/csv"}).text
    assert "Lemon" not in table
    assert table.count("Mango,4051") == 2

    path = "/v1/admin/catalogue/Mango/prices"
    cancelled = admins.delete(path, headers=TOKEN, params={"valid_from": "2999-01-01"})
    assert [price["unit_price"] for price in cancelled.json()["prices"]] == ["1.49"]
    since = {"valid_from": mango["prices"][0]["valid_from"]}
    started = admins.delete(path, headers=TOKEN, params=since)
    assert started.status_code == 409


def test_an_edit_empties_what_it_says_is_empty(admins: TestClient) -> None:
    path = "/v1/admin/catalogue/Mango"
    known = admins.put(
        path, headers=TOKEN, json=MANGO | {"aliases": ["Mango Red"], "synonyms": ["Manga"]}
    ).json()
    kept = admins.put(path, headers=TOKEN, json=MANGO | {"tare_kg": "0.010"}).json()
    assert (kept["aliases"], kept["synonyms"]) == (["Mango Red"], ["Manga"])
    stale = admins.put(path, headers=TOKEN, json=MANGO | {"version": known["version"]})
    assert stale.status_code == 409
    emptied = admins.put(path, headers=TOKEN, json=MANGO | {"aliases": [], "synonyms": []}).json()
    assert (emptied["aliases"], emptied["synonyms"]) == ([], [])


def test_a_picture_of_an_item_comes_and_goes(admins: TestClient, results: TestClient) -> None:
    path = "/v1/admin/catalogue/Banana/picture"
    shown = admins.put(path, headers=TOKEN, files={"image": picture()}).json()
    answer = results.get(shown["picture_url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert "immutable" in answer.headers["cache-control"]
    assert admins.put(path, headers=TOKEN, files={"image": b"<svg/>"}).status_code == 415
    assert admins.delete(path, headers=TOKEN).json()["picture_url"] is None
    assert results.get("/v1/catalogue/pictures/no").status_code == 404


def test_a_shop_says_how_many_unasked_answers_may_be_wrong(admins: TestClient) -> None:
    path = "/v1/admin/asking"
    assert admins.get(path, headers=TOKEN).json()["wanted"] == 0.01
    said = admins.put(path, headers=TOKEN, json={"wanted": "0.002"})
    assert (said.status_code, said.json()["wanted"]) == (200, 0.002)
    assert admins.get(path, headers=TOKEN).json()["wanted"] == 0.002
    refused = admins.put(path, headers=TOKEN, json={"wanted": 0.5})
    assert refused.status_code == 422
    assert "one in a thousand" in refused.json()["detail"]
    assert admins.put(path, json={"wanted": "0.002"}).status_code in {401, 403}
