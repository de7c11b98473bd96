"""The examples of docs/integration.md, run as they stand on the real chain."""

import ftplib
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pyftpdlib.authorizers import AuthenticationFailed

from examples.camera_ftp_gateway import Cameras, server
from examples.consume_events import Sales, subscribe, work
from infra.commands.connection import Connection
from infra.schemas import EVENT_SCHEMA
from infra.settings import ROOT
from tests.conftest import Deployed
from tests.integration.conftest import Api
from tests.support import eventually

pytestmark = pytest.mark.integration
BANANAS = ROOT / "sample_data" / "bananas.jpg"


def run(*command: str, deployed: Deployed) -> subprocess.CompletedProcess[str]:
    """Run an example as its reader would."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **deployed.environment, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def of_scale(api: Api, scale_id: str) -> list[dict[str, Any]]:
    """The weighings of a scale, as soon as there is one."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        found[:] = api.get("/history", params={"scale_id": scale_id}).json()["items"]
        return bool(found)

    eventually(there, 60)
    return found


def test_dropping_with_the_aws_cli(api: Api, deployed: Deployed) -> None:
    script = str(ROOT / "examples" / "drop_with_aws_cli.sh")
    done = run(script, str(BANANAS), "0.740", "cli-1", deployed=deployed)
    assert done.returncode == 0, done.stderr
    [weighing] = of_scale(api, "cli-1")
    assert weighing["upload_key"] == done.stdout.strip()
    assert (weighing["status"], weighing["label"]) == ("done", "Banana")
    assert weighing["weight_kg"] == "0.740"


@pytest.mark.parametrize(
    ("weight", "status", "says"), [("0.740", 0, ""), ("heavy", 1, "weight"), ("", 1, "weight")]
)
def test_dropping_with_boto3(
    api: Api, deployed: Deployed, weight: str, status: int, says: str
) -> None:
    script = str(ROOT / "examples" / "drop_with_boto3.py")
    done = run(sys.executable, script, str(BANANAS), weight, "boto-1", deployed=deployed)
    assert done.returncode == status, done.stderr
    record = json.loads(done.stdout)
    assert says in record.get("error", "")
    assert api.result(record["job_id"])["status"] == record["status"]


@pytest.fixture
def gateway_port(connection: Connection, deployed: Deployed, tmp_path: Path) -> Iterator[int]:
    """A running FTP gateway, which has found a picture that its predecessor could not send."""
    del connection
    left = tmp_path / "cam-left" / "0001_0.740kg.jpg"
    left.parent.mkdir()
    left.write_bytes(BANANAS.read_bytes())
    running = server(deployed.outputs.bucket, "secret", tmp_path, "127.0.0.1", 0)
    assert not left.exists()
    thread = threading.Thread(target=running.serve_forever, kwargs={"handle_exit": False})
    thread.start()
    yield running.socket.getsockname()[1]
    running.close_all()
    thread.join(10)


def test_a_camera_that_speaks_ftp(api: Api, gateway_port: int) -> None:
    with ftplib.FTP() as camera:  # noqa: S321  it is what these cameras can do
        camera.connect("127.0.0.1", gateway_port, timeout=20)
        camera.login("cam-7", "secret")
        for name in ("0042_0.740kg.jpg", "0043.jpg"):
            camera.storbinary(f"STOR {name}", io.BytesIO(BANANAS.read_bytes()))
    eventually(lambda: len(of_scale(api, "cam-7")) == 2, 60)
    failed, done = sorted(of_scale(api, "cam-7"), key=lambda one: one["status"], reverse=True)
    assert (done["label"], done["weight_kg"]) == ("Banana", "0.740")
    assert "weight" in failed["error"]
    assert [one["status"] for one in of_scale(api, "cam-left")] == ["done"]


@pytest.mark.parametrize(
    ("user", "password"), [("cam-7", "wrong"), ("..", "secret"), ("a b", "secret")]
)
def test_a_camera_without_the_password_or_a_scales_id_is_kept_out(
    tmp_path: Path, user: str, password: str
) -> None:
    with pytest.raises(AuthenticationFailed):
        Cameras(tmp_path, "secret").validate_authentication(user, password, None)
    assert list(tmp_path.iterdir()) == []


def test_a_consumer_counts_each_sale_once(
    api: Api, deployed: Deployed, samples: dict[str, bytes], tmp_path: Path
) -> None:
    sqs, topic = deployed.sqs(), deployed.outputs.weighing_completed_topic
    everything = sqs.create_queue(QueueName="everything")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=everything, AttributeNames=["QueueArn"])["Attributes"]
    sns = deployed.session.client("sns", endpoint_url=deployed.endpoint)
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=arn["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    url, sales = subscribe(topic, "sales"), Sales(tmp_path / "sales.sqlite")

    job_id = api.predict(samples["Banana"], "1.000", scale_id="consumed")
    first = api.result(job_id)
    corrected = api.post(f"/confirm/{job_id}", json={"label": "Lemon"}).json()

    heard: dict[str, dict[str, Any]] = {}

    def hear() -> bool:
        for message in sqs.receive_message(QueueUrl=everything, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            event = json.loads(message["Body"])
            heard[event["id"]] = event
            sqs.delete_message(QueueUrl=everything, ReceiptHandle=message["ReceiptHandle"])
        return {f"{job_id}/done", f"{job_id}/confirmed-0001"} <= heard.keys()

    eventually(hear, 60)
    schema = Draft202012Validator(json.loads(EVENT_SCHEMA.read_text("utf-8")))
    for event in heard.values():
        schema.validate(event)
    done = heard[f"{job_id}/done"]
    assert (done["data"]["price"], done["data"]["label"]) == (first["price"], "Banana")

    # The topic may deliver twice, and in any order.
    sns.publish(
        TopicArn=topic,
        Message=json.dumps(done),
        MessageAttributes={
            "outcome": {"DataType": "String", "StringValue": "done"},
            "needs_confirmation": {"DataType": "String", "StringValue": "false"},
        },
    )
    while work(sqs, url, sales, wait_s=0):
        pass
    assert (job_id, "Lemon", corrected["price"]) in sales.all()
    assert [one[0] for one in sales.all()].count(job_id) == 1

    api.post(f"/history/{job_id}", json={"what": "void", "staff": "attendant@kiosk-1"})

    def is_void() -> bool:
        work(sqs, url, sales, wait_s=0)
        return job_id not in [one[0] for one in sales.all()]

    eventually(is_void, 60)
    # What came first may come last.
    sales.take(heard[f"{job_id}/confirmed-0001"] | {"id": "late"})
    assert job_id not in [one[0] for one in sales.all()]
