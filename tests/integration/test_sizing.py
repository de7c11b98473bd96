"""The calculators' workload is what the functions really ask of other services."""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from botocore.endpoint import Endpoint
from starlette.testclient import TestClient

from functions.inference import app as inference
from functions.result import app as result
from functions.upload import app as upload
from infra.commands.catalogue import import_examples
from infra.commands.connection import Connection
from infra.sizing.workload import (
    ARRIVAL,
    CONFIRMATION,
    INDEXES,
    LEDGER_KB,
    LOG_KB,
    LOG_SAMPLED_KB,
    LOOK,
    RESULT_KB,
    ROW_KB,
    UPLOAD,
    Calls,
    Usage,
)
from smartscale.adapters.cloudwatch import EmfMetrics
from smartscale.clock import now
from smartscale.domain.job_id import new_job_id
from smartscale.domain.load import Load
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import ModelRef
from smartscale.http import access_log
from smartscale.operations.messages import Arrival, arrival_message
from smartscale.present import weighing as shown
from tests.conftest import Deployed
from tests.fakes import FakeMetrics
from tests.functions.test_handlers import Context, sqs_event
from tests.integration.test_backup import Stack, empty

__all__ = ["empty"]
pytestmark = pytest.mark.integration

_CACHED = (upload, inference, result)
_MODEL = ModelRef(id="builtin", revision="1")
_OF_LAMBDA = 2
"""A queue's message is received and deleted by Lambda, whom nobody sees here."""


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Counts the calls to AWS, by service and operation."""
    calls: Counter[str] = Counter()
    send = Endpoint.make_request

    def count(self: Endpoint, operation: Any, request: dict[str, Any]) -> Any:
        calls[f"{operation.service_model.service_name} {operation.name}"] += 1
        return send(self, operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "make_request", count)
        yield calls


@pytest.fixture
def fresh(
    connection: Connection,  # noqa: ARG001  its environment
    empty: Callable[[], Stack],
    deployed: Deployed,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stack]:
    """A stack whose functions run in this process, and nowhere else."""
    stack = empty()
    for name, value in (deployed.environment | stack.outputs.environment()).items():
        monkeypatch.setenv(name, value)
    # The embedded run's functions have no token of their own, and these ask for one.
    monkeypatch.setenv("ADMIN_TOKEN", "a-token-of-this-test")
    import_examples(stack.connection)
    forget()
    yield stack
    forget()


def forget() -> None:
    """Let the functions read their settings anew. What they import keeps what it knows: by that
    tests find their routes."""
    for module in _CACHED:
        for cached in vars(module).values():
            if hasattr(cached, "cache_clear") and cached.__module__ == module.__name__:
                cached.cache_clear()


def beyond(calls: Counter[str], planned: Calls, *, messages: int = 0) -> list[str]:
    """What is asked for and was not planned; what costs most is planned exactly."""
    asked = {
        "S3 writes": (calls["s3 PutObject"] + calls["s3 ListObjectsV2"], planned.s3_writes),
        "S3 reads": (calls["s3 GetObject"] + calls["s3 HeadObject"], planned.s3_reads),
        "events": (calls["sns PublishBatch"], planned.topic_requests),
    }
    at_most: dict[str, tuple[int, int | Decimal]] = {
        "messages": (calls["sqs SendMessage"] + _OF_LAMBDA * messages, planned.queue_requests),
        "rows read": (
            calls["dynamodb GetItem"] + calls["dynamodb Scan"],
            planned.table_reads,
        ),
        "rows written": (calls["dynamodb PutItem"], planned.table_writes // (1 + INDEXES)),
    }
    known = {"PutObject", "ListObjectsV2", "GetObject", "HeadObject", "PublishBatch", "SendMessage"}
    known |= {"GetItem", "Scan", "PutItem", "PutMetricData"}
    return [
        *(f"{what}: {n}, planned {m}" for what, (n, m) in asked.items() if n != m),
        *(f"{what}: {n}, planned at most {m}" for what, (n, m) in at_most.items() if n > m),
        *(f"not planned at all: {name}" for name in calls if name.split()[1] not in known),
    ]


@pytest.mark.usefixtures("fresh")
def test_a_weighing_asks_for_what_the_calculators_say(samples: dict[str, bytes]) -> None:
    load = Load.parse("0.500", None, None)
    found = {}
    operation = upload.accept()
    with counted() as calls:
        job_id = operation.image(samples["Banana"], load, "kiosk-1", new_job_id(now()))
    found["upload"] = beyond(calls, UPLOAD)

    def recognise(job_id: str) -> None:
        batch = inference.Batch(inference.worker())
        arrival = Arrival(upload_key(job_id))
        assert batch.worker.recognise.process(arrival, batch.recogniser, batch.catalogue)
        batch.worker.outcomes.tell()

    # The first one in a worker looks up what labels are sold as.
    recognise(operation.image(samples["Banana"], load, "kiosk-1"))
    with counted() as calls:
        recognise(job_id)
    found["arrival"] = beyond(calls, ARRIVAL, messages=1)

    history, confirm = result.history(), result.confirm()
    with counted() as calls:
        assert upload.answers().get(job_id) is not None
    assert calls["dynamodb GetItem"] == 1

    with counted() as calls:
        history.result(job_id)
        confirm.process(job_id, label="Lemon")
        batch = inference.Batch(inference.worker())
        batch.worker.learn.process(job_id)
    found["confirmation"] = beyond(calls, CONFIRMATION, messages=1)

    # What is known already: a kiosk asks all day.
    stores = result.catalogue(), result.carry()
    told = stores[0].all().state_at(now()), stores[1].along(_MODEL, 0)
    with counted() as calls:
        assert stores[0].all().state_at(now()) == told[0]
        assert stores[1].along(_MODEL, 0) == told[1]
    found["look"] = beyond(calls, LOOK)
    assert found == {"upload": [], "arrival": [], "confirmation": [], "look": []}


def size(item: Mapping[str, Any], *names: str) -> int:
    """The bytes that DynamoDB counts of an item, or of an entry with these attributes of it.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    total = 0
    for name, value in item.items():
        if names and name not in names:
            continue
        [(kind, held)] = value.items()
        if kind == "N":
            total += len(name) + len(held.strip("-0.")) // 2 + 2
        else:
            total += len(name) + len(held if kind == "B" else held.encode())
    return total


def test_a_row_is_one_write_unit_and_as_large_as_the_calculators_say(
    fresh: Stack, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    operation = upload.accept()
    job_id = operation.image(samples["Banana"], Load.parse("0.500", "0.010", None), "kiosk-1000")
    batch = inference.Batch(inference.worker())
    batch.worker.recognise.process(Arrival(upload_key(job_id)), batch.recogniser, batch.catalogue)

    def row() -> Mapping[str, Any]:
        table, key = fresh.outputs.weighings_table, {"job_id": {"S": job_id}}
        return deployed.dynamodb().get_item(TableName=table, Key=key)["Item"]

    found = row()
    entries = [
        size(found, "job_id", "history_shard", "scale_id", "sold_label", "facts"),
        2 * [size(found, "job_id", "history_shard", "scale_id", "sold_label")][0],
    ]
    assert size(found) <= 1024, size(found)
    stored = size(found) + sum(entries) + 100 * (1 + INDEXES)
    assert abs(Decimal(stored) / 1000 / ROW_KB - 1) < Decimal("0.1"), stored
    weighing = upload.answers().get(job_id)
    assert weighing is not None
    record = len(weighing.model_dump_json(exclude_none=True)) / 1000
    answer = len(shown.result(weighing).model_dump_json()) / 1000
    assert float(LEDGER_KB) * 0.8 < record <= float(LEDGER_KB)
    assert float(RESULT_KB) * 0.7 < answer <= float(RESULT_KB)
    result.confirm().process(job_id, label="Lemon", staff="attendant@kiosk-1000")
    assert size(row()) <= 1024, "a confirmed one, too"


@pytest.mark.usefixtures("fresh")
def test_the_functions_log_no_more_than_the_calculators_say(
    samples: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each function by its own handler, as Lambda runs it, with metrics as on AWS."""
    load, operation, worker = Load.parse("0.500", None, None), upload.accept(), inference.worker()
    log = io.StringIO()
    told = replace(worker, metrics=EmfMetrics(FakeMetrics, "smartscale", log))
    monkeypatch.setattr(inference, "worker", lambda: told)
    for logger in (inference.logger, access_log.logger):
        monkeypatch.setattr(logger.registered_handler, "stream", log)

    def said() -> int:
        """The bytes since the last time."""
        size = len(log.getvalue().encode())
        log.seek(0)
        log.truncate()
        return size

    def all_said(sample: str) -> tuple[int, int]:
        """What is written of a weighing, and of a confirmation besides its figures."""
        monkeypatch.setenv("LOG_SAMPLE", sample)
        said()
        TestClient(upload.app).post("/v1/predict", data={"weight": "1", "picture": "none"})
        one = said()
        job_id = operation.image(samples["Banana"], load, "kiosk-1000")
        event = sqs_event(arrival_message(worker.bucket_name, Arrival(upload_key(job_id))))
        assert inference.handler(event, Context()) == {"batchItemFailures": []}
        return one + said(), one

    all_said("1")  # the first says what it loads
    sampled, line = all_said("1")
    plain, nothing = all_said("0")

    figures = 600  # of a confirmation
    assert nothing == 0
    written = plain + figures * Usage().confirmed
    besides = sampled - plain + line * Usage().confirmed
    assert LOG_KB * 800 < written <= LOG_KB * 1000, written
    assert LOG_SAMPLED_KB * 800 < besides <= LOG_SAMPLED_KB * 1000, besides
