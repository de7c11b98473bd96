"""The calculators' workload is what the functions really ask of other services."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.endpoint import Endpoint

from functions.inference import app as inference
from functions.result import app as result
from functions.upload import app as upload
from infra.commands.catalogue import import_missing
from infra.commands.connection import Connection
from infra.sizing.workload import ARRIVAL, CONFIRMATION, RESULT, UPLOAD, Calls, Usage
from smartscale.domain.load import Load
from smartscale.domain.upload import upload_key
from smartscale.operations.messages import arrival_message, arrivals
from smartscale.operations.recognise import Arrival
from tests.conftest import Deployed
from tests.integration.test_backup import Stack, empty

__all__ = ["empty"]
pytestmark = pytest.mark.integration

_CACHED = (upload, inference, result)
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
    import_missing(stack.connection)
    forget()
    yield stack
    forget()


def forget() -> None:
    """Let the functions read their settings anew."""
    for module in _CACHED:
        for cached in vars(module).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()


def within(calls: Counter[str], planned: Calls, *, messages: int = 0) -> None:
    """Nothing is asked for that was not planned; what costs most is planned exactly."""
    assert calls["s3 PutObject"] + calls["s3 ListObjectsV2"] == planned.s3_writes, calls
    assert calls["s3 GetObject"] + calls["s3 HeadObject"] == planned.s3_reads, calls
    assert calls["sns Publish"] == planned.topic_requests, calls
    assert calls["sqs SendMessage"] + _OF_LAMBDA * messages <= planned.queue_requests, calls
    reads = calls["dynamodb GetItem"] + calls["dynamodb Scan"]
    assert reads <= planned.table_reads, calls
    written = calls["dynamodb PutItem"] + calls["dynamodb UpdateItem"]
    assert 2 * written <= planned.table_writes, calls
    known = {"PutObject", "ListObjectsV2", "GetObject", "HeadObject", "Publish", "SendMessage"}
    known |= {"GetItem", "Scan", "PutItem", "UpdateItem", "PutMetricData"}
    assert {name.split()[1] for name in calls} <= known, calls


def test_a_weighing_asks_for_what_the_calculators_say(
    fresh: Stack, samples: dict[str, bytes]
) -> None:
    load = Load.parse("0.500", None, None)
    warm = upload.accept()
    with counted() as calls:
        job_id = warm.image(samples["Banana"], load, "kiosk-1", "a-key")
    within(calls, UPLOAD)

    batch = inference.Batch(inference.worker())  # a worker that has started already
    arrival = Arrival(upload_key(job_id))
    with counted() as calls:
        batch = inference.Batch(inference.worker())
        for one in arrivals(arrival_message(fresh.outputs.bucket, arrival)):
            inference.worker().recognise.process(one, batch.recogniser, batch.catalogue)
    within(calls, ARRIVAL, messages=1)

    with counted() as calls:
        assert result.history().result(job_id) is not None
    within(calls, RESULT)

    confirm = result.confirm()
    with counted() as calls:
        result.history().result(job_id)
        confirm.process(job_id, label="Lemon")
        batch = inference.Batch(inference.worker())
        batch.worker.learn.process(job_id)
    within(calls, CONFIRMATION, messages=1)


def test_the_functions_have_the_memory_that_is_paid_for(deployed: Deployed) -> None:
    functions = deployed.functions().list_functions()["Functions"]
    usage = Usage()
    for name, planned in (
        ("UploadFunction", usage.upload),
        ("InferenceFunction", usage.inference),
        ("ResultFunction", usage.result),
        ("ResultFunction", usage.confirm),
    ):
        [found] = [one for one in functions if name in one["FunctionName"]]
        assert found["MemorySize"] == planned.memory_mb, name
