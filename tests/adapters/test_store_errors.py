"""Whoever calls an adapter learns by the domain's own error that a store does not answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import pytest
from botocore.endpoint import Endpoint
from botocore.exceptions import EndpointConnectionError

from infra import cli
from smartscale.adapters import bucket as buckets
from smartscale.adapters import tables
from smartscale.adapters.aws import cloudwatch_client, sqs_client
from smartscale.adapters.briefings import DynamoBriefings
from smartscale.adapters.catalogue import DynamoCatalogue
from smartscale.adapters.cloudwatch import CloudWatchQueries
from smartscale.adapters.memories import S3Memories
from smartscale.adapters.queue import SqsQueue
from smartscale.adapters.store_errors import sdk_errors
from smartscale.adapters.topic import topic_for
from smartscale.domain.errors import StoreUnavailable
from smartscale.domain.weighing import ModelRef, Status, Weighing
from smartscale.domain.weighing_completed import WeighingCompleted
from smartscale.operations.ports.metrics import MetricQuery

REGION = "us-east-1"
NOW = datetime(2026, 11, 28, tzinfo=UTC)
WEIGHING = Weighing(
    job_id="01JDTT2Q0000000000000000000",
    status=Status.FAILED,
    scale_id="a",
    upload_key="uploads/a",
    created_at=NOW,
    completed_at=NOW,
    correlation_id="c",
    error="A reason.",
)
ADDRESS = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request of any SDK reaches anybody."""

    def refuse(*_: object) -> NoReturn:
        raise EndpointConnectionError(endpoint_url=ADDRESS)

    monkeypatch.setattr(Endpoint, "make_request", refuse)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")


def a_bucket() -> buckets.Bucket:
    """A bucket that cannot be reached."""
    return buckets.data_bucket("data", REGION)


def a_queue() -> SqsQueue:
    """A queue that cannot be reached."""
    return SqsQueue(sqs_client(REGION), f"{ADDRESS}/queue")


def queries() -> CloudWatchQueries:
    """Figures that cannot be reached."""
    return CloudWatchQueries(cloudwatch_client(REGION), "smartscale")


CALLS: dict[str, Callable[[Path], object]] = {
    "read an object": lambda _: a_bucket().read("key"),
    "write an object": lambda _: a_bucket().put_new("key", b"", "text/plain"),
    "list objects": lambda _: list(a_bucket().list("prefix")),
    "store a picture": lambda _: buckets.S3Uploads(a_bucket()).put("key", b"", "image/jpeg", {}),
    "find a picture": lambda _: buckets.S3Uploads(a_bucket()).find("key"),
    "list pictures": lambda _: list(buckets.S3Uploads(a_bucket()).since(None)),
    "claim a key": lambda _: buckets.S3IdempotencyKeys(a_bucket()).claim("key", {}),
    "read the ledger": lambda _: list(buckets.S3Ledger(a_bucket(), 0).outcomes(None)),
    "store a package": lambda folder: buckets.S3Packages(a_bucket()).store(
        ModelRef(id="a/b", revision="1"), folder
    ),
    "read lessons": lambda _: S3Memories(a_bucket(), DynamoBriefings("t", REGION)).newest(),
    "read a weighing": lambda _: tables.DynamoWeighings("t", REGION).get("id"),
    "store a weighing": lambda _: tables.DynamoWeighings("t", REGION).put(WEIGHING),
    "read versions": lambda _: tables.DynamoWeighings("t", REGION).versions(["id"]),
    "read the catalogue": lambda _: DynamoCatalogue("t", "m", REGION).all(),
    "read the briefing": lambda _: DynamoBriefings("t", REGION).read(),
    "read the registry": lambda _: tables.DynamoRegistry("t", REGION).current(),
    "read a trial": lambda _: tables.DynamoTrials("t", REGION).current(),
    "count refusals": lambda _: tables.DynamoRefusals("t", REGION).add("key", NOW),
    "send a message": lambda _: a_queue().send("{}"),
    "receive messages": lambda _: list(a_queue().held()),
    "read figures": lambda _: queries().series([MetricQuery("Requests", "Sum")], NOW, NOW, 60),
    "read a metric's labels": lambda _: queries().dimension_values("Label", "Label"),
    "publish an event": lambda _: topic_for("arn:aws:sns:us-east-1:1:t", REGION).publish(
        WeighingCompleted.of(WEIGHING)
    ),
    "publish events": lambda _: topic_for("arn:aws:sns:us-east-1:1:t", REGION).publish_all(
        [WeighingCompleted.of(WEIGHING)]
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_store_that_does_not_answer_is_the_domains_error(call: str, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(StoreUnavailable, match="just now") as caught:
        CALLS[call](tmp_path)
    assert isinstance(caught.value.__cause__, sdk_errors())


def test_the_command_says_what_the_sdk_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "app", lambda: a_bucket().read("key"))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("Error: The store does not answer just now")
    assert ADDRESS in said
    assert len(said.splitlines()) == 1
