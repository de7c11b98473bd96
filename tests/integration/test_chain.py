"""The real chain, from an upload to its result, on every way in."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import httpx
import pytest
from PIL import Image

from infra.commands.connection import Connection
from smartscale.domain.job_id import new_job_id
from smartscale.domain.upload import evidence_key, upload_key
from smartscale.operations.messages import Arrival, arrival_message
from tests.conftest import Deployed
from tests.examples import NOW, picture
from tests.integration.conftest import Api
from tests.support import eventually

pytestmark = pytest.mark.integration


def exact_price(result: dict[str, Any]) -> Decimal:
    """What a result has to cost, worked out anew from its own fields."""
    amount = Decimal(result["unit_price"]) * (
        result["quantity"] if result["unit"] == "each" else Decimal(result["net_kg"])
    )
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def history_of(api: Api, scale_id: str) -> list[dict[str, Any]]:
    """The weighings of a scale, newest first."""
    items: list[dict[str, Any]] = api.get("/history", params={"scale_id": scale_id}).json()["items"]
    return items


@pytest.mark.parametrize("way", ["api", "gateway"])
def test_a_picture_becomes_a_priced_result(
    way: str, request: pytest.FixtureRequest, samples: dict[str, bytes], deployed: Deployed
) -> None:
    api: Api = request.getfixturevalue(way)
    job_id = api.predict(samples["Banana"], "0.500", tare_kg="0.020", scale_id=f"till-{way}")
    result = api.result(job_id)
    assert (result["status"], result["label"]) == ("done", "Banana")
    assert (result["weight_kg"], result["net_kg"]) == ("0.500", "0.480")
    assert Decimal(result["price"]) == exact_price(result)
    assert result["top_k"][0]["label"] == "Banana"
    assert result["model"]["id"] == "builtin"
    stored = deployed.s3().get_object(Bucket=deployed.outputs.bucket, Key=upload_key(job_id))
    assert stored["Body"].read() == samples["Banana"], "the picture arrives byte for byte"
    day = job_day(job_id)
    entry = deployed.s3().get_object(
        Bucket=deployed.outputs.bucket, Key=f"ledger/{day}/{job_id}/done.json"
    )
    assert json.loads(entry["Body"].read())["price"] == result["price"]


def job_day(job_id: str) -> str:
    """The day of a weighing as the ledger writes it."""
    return "/".join(upload_key(job_id).split("/")[1:4])


def test_a_dropped_object_is_a_weighing_too(
    api: Api, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    deployed.s3().put_object(
        Bucket=deployed.outputs.bucket,
        Key="uploads/camera 7/äpfel.jpg",
        Body=samples["Banana"],
        Metadata={"weight-kg": "0.750", "scale-id": "dropped"},
    )
    eventually(lambda: bool(history_of(api, "dropped")))
    [result] = history_of(api, "dropped")
    assert (result["label"], result["weight_kg"]) == ("Banana", "0.750")
    assert result["upload_key"] == "uploads/camera 7/äpfel.jpg"
    assert Decimal(result["price"]) == exact_price(result)


def test_a_direct_upload_starts_a_weighing(api: Api, samples: dict[str, bytes]) -> None:
    permission = api.post("/uploads", json={"weight": "1.000", "scale_id": "direct"}).json()
    posted = httpx.post(
        permission["url"], data=permission["fields"], files={"file": samples["Banana"]}
    )
    assert posted.is_success, posted.text
    result = api.result(permission["job_id"])
    assert (result["label"], result["weight_kg"]) == ("Banana", "1.000")


def test_what_others_put_there_loses_its_metadata_and_is_not_replaced(
    api: Api, deployed: Deployed
) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Nobody's business"
    told = picture(exif=exif)
    s3, bucket = deployed.s3(), deployed.outputs.bucket
    dropped = "uploads/camera 7/told.jpg"
    s3.put_object(Bucket=bucket, Key=dropped, Body=told, Metadata={"weight-kg": "0.750"})
    permission = api.post("/uploads", json={"weight": "1.000", "scale_id": "told"}).json()

    def post() -> None:
        posted = httpx.post(permission["url"], data=permission["fields"], files={"file": told})
        assert posted.is_success, posted.text

    post()
    api.result(permission["job_id"])
    kept = evidence_key(permission["job_id"])
    first = s3.get_object(Bucket=bucket, Key=kept)
    assert b"business" not in first["Body"].read()
    post()  # the form holds for five minutes

    def gone() -> bool:
        keys = {found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]}
        return not keys & {dropped, permission["fields"]["key"]}

    eventually(gone)
    again = s3.head_object(Bucket=bucket, Key=kept)
    assert (again["ETag"], again["LastModified"]) == (first["ETag"], first["LastModified"])


def test_duplicate_events_are_one_result(
    api: Api, connection: Connection, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    job_id = api.predict(samples["Banana"], scale_id="twice")
    first = api.result(job_id)
    message = arrival_message(deployed.outputs.bucket, Arrival(upload_key(job_id)))
    for _ in range(5):
        connection.weighings_queue.send(message)
    fence = api.result(api.predict(samples["Banana"], scale_id="fence"))
    assert fence["status"] == "done"
    assert queue_is_empty(deployed)
    assert api.result(job_id) == first
    assert len(history_of(api, "twice")) == 1


def queue_is_empty(deployed: Deployed) -> bool:
    """Whether no message waits or is under way."""

    def empty() -> bool:
        found = deployed.sqs().get_queue_attributes(
            QueueUrl=deployed.outputs.weighings_queue_url, AttributeNames=["All"]
        )["Attributes"]
        return (
            found["ApproximateNumberOfMessages"] == "0"
            and found["ApproximateNumberOfMessagesNotVisible"] == "0"
        )

    eventually(empty)
    return True


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"weight-kg": "0.5"}, "picture"),
        ({"weight-kg": "heavy"}, "weight"),
        ({}, "weight"),
    ],
)
def test_a_poison_object_ends_as_failed_with_its_reason(
    api: Api, deployed: Deployed, metadata: dict[str, str], reason: str
) -> None:
    job_id = new_job_id(NOW)
    deployed.s3().put_object(
        Bucket=deployed.outputs.bucket,
        Key=upload_key(job_id),
        Body=picture()[:-100] if reason == "picture" else picture(),
        Metadata=metadata,
    )
    result = api.result(job_id)
    assert result["status"] == "failed"
    assert reason in result["error"]


def test_a_hundred_uploads_at_once_are_each_done_once_and_priced_to_the_cent(
    api: Api, samples: dict[str, bytes]
) -> None:
    labels = sorted(samples)
    sent = [(labels[n % len(labels)], f"{0.1 + n / 100:.3f}") for n in range(100)]

    def weigh(sending: tuple[str, str]) -> str:
        return api.predict(samples[sending[0]], sending[1], scale_id="rush")

    with ThreadPoolExecutor(100) as threads:
        ids = list(threads.map(weigh, sent))
        results = list(threads.map(api.result, ids))
    assert len(set(ids)) == 100
    assert Counter(result["status"] for result in results) == {"done": 100}
    assert [result["weight_kg"] for result in results] == [weight for _, weight in sent]
    for result in results:
        if result["price"] is not None:
            assert Decimal(result["price"]) == exact_price(result)
        for candidate in result["top_k"]:
            assert Decimal(candidate["total"]) > 0
    seen, cursor = [], None
    while True:
        query: dict[str, str] = {"scale_id": "rush", "limit": "30"}
        query |= {"cursor": cursor} if cursor else {}
        page = api.get("/history", params=query).json()
        seen += [item["job_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(ids, reverse=True)


def test_a_request_repeated_with_its_key_is_one_weighing(
    api: Api, samples: dict[str, bytes]
) -> None:
    def weigh(_: int) -> str:
        return api.predict(samples["Banana"], scale_id="retry", idempotency_key="the-same")

    with ThreadPoolExecutor(10) as threads:
        ids = set(threads.map(weigh, range(10)))
    assert len(ids) == 1
    api.result(ids.pop())
    assert len(history_of(api, "retry")) == 1


def test_a_confirmation_is_stored_and_priced_anew(api: Api, samples: dict[str, bytes]) -> None:
    job_id = api.predict(samples["Banana"], "1.000", scale_id="confirmed")
    api.result(job_id)
    said = {"plu": "4053", "confirmed_by": "shopper"}
    confirmed = api.post(f"/confirm/{job_id}", json=said)
    assert confirmed.status_code == 200, confirmed.text
    assert confirmed.json()["confirmed_label"] == "Lemon"
    assert Decimal(confirmed.json()["price"]) == exact_price(confirmed.json())
    assert api.post(f"/confirm/{job_id}", json=said).json() == confirmed.json()
    assert [item["name"] for item in history_of(api, "confirmed")] == ["Lemons"]


def test_a_price_that_is_changed_holds_from_then_on(api: Api, samples: dict[str, bytes]) -> None:
    api.headers["X-Admin-Token"] = "a-token-for-tests"
    item = next(i for i in api.get("/catalogue").json()["items"] if i["label"] == "Banana")
    edit = {key: item[key] for key in ("plu", "names", "unit", "category", "tare_kg", "unit_price")}
    before = api.result(api.predict(samples["Banana"], "1.000"))
    changed = api.put("/admin/catalogue/Banana", json=edit | {"unit_price": "7.77"})
    assert changed.status_code == 200, changed.text
    after = api.result(api.predict(samples["Banana"], "1.000"))
    api.put("/admin/catalogue/Banana", json=edit)
    assert (before["price"], after["price"]) == (item["unit_price"], "7.77")


def test_the_analytics_count_what_was_weighed(api: Api, samples: dict[str, bytes]) -> None:
    before = api.get("/analytics", params={"hours": 1}).json()["total_requests"]
    for _ in range(3):
        api.result(api.predict(samples["Banana"]))
    # What others weighed in the last second before may still come.
    eventually(
        lambda: api.get("/analytics", params={"hours": 1}).json()["total_requests"] >= before + 3
    )
    found = api.get("/analytics", params={"hours": 1, "lang": "de"}).json()
    assert found["latency_ms"]["p95"] >= found["latency_ms"]["average"] > 0
    assert 0 <= found["low_confidence_rate"] <= 1
    assert found["errors"] >= 0
    assert "Bananen" in [label["name"] for label in found["top_labels"]]
