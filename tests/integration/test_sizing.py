"""The calculators' workload is what the functions really ask of other services."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from botocore.endpoint import Endpoint

from functions.inference import app as inference
from functions.result import app as result
from functions.upload import app as upload
from infra.commands.catalogue import import_examples
from infra.commands.connection import Connection
from infra.sizing.workload import (
    ARRIVAL,
    CALLS_ALONE,
    CALLS_OF_TEN,
    CONFIRMATION,
    RESULT,
    UPLOAD,
    Calls,
    Usage,
)
from smartscale.domain.load import Load
from smartscale.domain.upload import upload_key
from smartscale.operations.messages import Arrival, arrival_message
from tests.conftest import Deployed
from tests.functions.test_handlers import Context, sqs_event
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
    # The embedded run's functions have no token of their own, and these ask for one.
    monkeypatch.setenv("ADMIN_TOKEN", "a-token-of-this-test")
    import_examples(stack.connection)
    forget()
    yield stack
    forget()


def forget() -> None:
    """Let the functions read their settings anew."""
    for module in _CACHED:
        for cached in vars(module).values():
            if hasattr(cached, "cache_clear"):
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
        # A row of 1 to 2 KB, and an entry in each of three indexes.
        "rows written": (calls["dynamodb PutItem"], Decimal(planned.table_writes) / 5),
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
        job_id = operation.image(samples["Banana"], load, "kiosk-1", "a-key")
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
        assert history.result(job_id) is not None
    found["result"] = beyond(calls, RESULT)

    with counted() as calls:
        history.result(job_id)
        confirm.process(job_id, label="Lemon")
        batch = inference.Batch(inference.worker())
        batch.worker.learn.process(job_id)
    found["confirmation"] = beyond(calls, CONFIRMATION, messages=1)
    assert found == {"upload": [], "arrival": [], "result": [], "confirmation": []}


@pytest.mark.usefixtures("fresh")
def test_a_weighing_keeps_to_its_budget_of_calls(samples: dict[str, bytes]) -> None:
    load, operation = Load.parse("0.500", None, None), upload.accept()

    def weighed(together: int) -> Counter[str]:
        """The calls of the inference function for a batch of new weighings."""
        arrivals = [
            Arrival(upload_key(operation.image(samples["Banana"], load, "kiosk-1")))
            for _ in range(together)
        ]
        bucket = inference.worker().bucket_name
        event = sqs_event(*(arrival_message(bucket, arrival) for arrival in arrivals))
        with counted() as calls:
            assert inference.handler(event, Context()) == {"batchItemFailures": []}
        return calls

    weighed(1)  # the first in a worker loads model, memory and what labels are sold as
    alone = [weighed(1) for _ in range(4)]
    assert max(calls.total() for calls in alone) <= CALLS_ALONE, alone
    assert alone[-1].total() == CALLS_ALONE - 1, "nothing is due each minute"
    ten = weighed(10)
    assert ten.total() <= CALLS_OF_TEN, ten


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
