"""One correlation id, followed through every log on the real chain."""

import io
import json
import logging
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from frontend.api.client import ApiClient
from frontend.logs import log_as_json
from frontend.weighing.pictures import Picture
from frontend.weighing.weighing import Entry, Weighing
from frontend.words.languages import load_languages
from infra.commands.connection import Connection
from smartscale.domain.upload import upload_key
from tests.conftest import Deployed
from tests.examples import picture
from tests.integration.conftest import Api
from tests.support import eventually

pytestmark = pytest.mark.integration


@pytest.fixture
def kiosk_log() -> Iterator[io.StringIO]:
    """What a kiosk in this process writes."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    out = io.StringIO()
    log_as_json(out)
    yield out
    root.handlers[:] = before
    root.setLevel(level)


def lines(text: str, correlation_id: str) -> list[dict[str, Any]]:
    """The JSON lines of a log that carry an id."""
    found = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return [line for line in found if line.get("correlation_id") == correlation_id]


def messages(log: Path, correlation_id: str) -> list[str]:
    """What a log file says about an id."""
    return [line["message"] for line in lines(log.read_text("utf-8"), correlation_id)]


@pytest.mark.asyncio
async def test_the_kiosks_id_is_in_every_log_of_its_weighing(
    api: Api, deployed: Deployed, samples: dict[str, bytes], kiosk_log: io.StringIO
) -> None:
    assert api.log is not None
    weighing, english = Weighing(), load_languages()["en"]
    entry = Entry(Picture(samples["Banana"], ""), Decimal("0.500"), None)
    async with ApiClient(str(api.base_url).removesuffix("/v1/")) as client:
        attempt = weighing.send(entry)
        await weighing.recognise(attempt, client, english, scale_id="followed", patience_s=60)
        assert weighing.result is not None
        weighing.claim("Lemon")
        await weighing.settle(client, english)
    job_id = weighing.result.job_id
    told = api.get(f"/result/{job_id}").json()
    correlation_id = told["correlation_id"]

    of_kiosk = lines(kiosk_log.getvalue(), correlation_id)
    asked = [(line["method"], line["status"]) for line in of_kiosk if "method" in line]
    assert asked[0] == ("POST", 202)
    # It asks until the answer is there.
    assert set(asked[1:-1]) == {("GET", 200)}
    assert asked[-1] == ("POST", 200)
    requests = {
        (line["method"], line["path"]) for line in lines(api.log.read_text("utf-8"), correlation_id)
    }
    assert requests == {
        ("POST", "/v1/predict"),
        ("GET", f"/v1/result/{job_id}"),
        ("POST", f"/v1/confirm/{job_id}"),
    }
    stored = deployed.s3().head_object(Bucket=deployed.outputs.bucket, Key=upload_key(job_id))
    assert stored["Metadata"]["correlation-id"] == correlation_id
    functions = deployed.settings.home / "logs" / "cloud.log"
    eventually(lambda: messages(functions, correlation_id) == ["recognised"])
    ledger = f"ledger/{'/'.join(upload_key(job_id).split('/')[1:4])}/{job_id}"
    for event in ("done", "confirmed-0001"):
        record = deployed.s3().get_object(
            Bucket=deployed.outputs.bucket, Key=f"{ledger}/{event}.json"
        )
        assert json.loads(record["Body"].read())["correlation_id"] == correlation_id


def test_a_dead_letter_carries_it_too(api: Api, deployed: Deployed) -> None:
    sent = {"X-Correlation-Id": "till-7.broken"}
    allowed = api.post("/uploads", json={"weight": "0.5"}, headers=sent)
    assert allowed.headers["X-Correlation-Id"] == "till-7.broken"
    fields, job_id = allowed.json()["fields"], allowed.json()["job_id"]
    deployed.s3().put_object(
        Bucket=deployed.outputs.bucket,
        Key=fields["key"],
        Body=picture()[:-100],
        Metadata={
            name.removeprefix("x-amz-meta-"): value
            for name, value in fields.items()
            if name.startswith("x-amz-meta-")
        },
    )
    assert api.result(job_id)["correlation_id"] == "till-7.broken"
    log = deployed.settings.home / "logs" / "cloud.log"
    # The emulator passes a function's lines on after its answer: which come first is chance.
    both = ["unprocessable", "weighing failed"]
    eventually(lambda: sorted(messages(log, "till-7.broken")) == both)


def test_an_object_that_names_none_is_followed_by_its_job_id(
    api: Api, connection: Connection, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    del connection
    deployed.s3().put_object(
        Bucket=deployed.outputs.bucket,
        Key="uploads/till 9/plain.jpg",
        Body=samples["Banana"],
        Metadata={"weight-kg": "0.500", "scale-id": "plain", "correlation-id": "no good id\t"},
    )
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = api.get("/history", params={"scale_id": "plain"}).json()["items"]
        return bool(found)

    eventually(there, 60)
    assert found[0]["correlation_id"] == found[0]["job_id"]
    log = deployed.settings.home / "logs" / "cloud.log"
    eventually(lambda: messages(log, found[0]["job_id"]) == ["recognised"])


def test_the_functions_behind_the_gateway_write_it_too(
    gateway: Api, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    gateway.headers["X-Correlation-Id"] = "behind-the-gateway"
    job_id = gateway.predict(samples["Banana"])
    gateway.result(job_id)
    del gateway.headers["X-Correlation-Id"]
    logs = deployed.session.client("logs", endpoint_url=deployed.endpoint)

    def paths() -> set[str]:
        written = "\n".join(
            event["message"]
            for page in logs.get_paginator("describe_log_groups").paginate()
            for group in page["logGroups"]
            for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        )
        return {line.get("path", "") for line in lines(written, "behind-the-gateway")}

    eventually(lambda: paths() >= {"/v1/predict", f"/v1/result/{job_id}"})
