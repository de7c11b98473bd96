"""To how many workers the embedded emulator hands batches, while they start and take them."""

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from infra import spare_workers
from infra.spare_workers import Spares

MAPPING = {
    "UUID": "of-weighings",
    "EventSourceArn": "arn:aws:sqs:eu-central-1:0:s-WeighingsQueue-1",
}
CONFIG = {
    "FunctionName": "inference",
    "FunctionArn": "arn:aws:lambda:eu-central-1:000000000000:function:inference",
    "Version": "$LATEST",
}
KEY = spare_workers._key(CONFIG)
WAITING = {"messages": [{"visible_at": 0.0}]}


class Pool:
    """The emulator's workers of one function, none of which is a process."""

    def __init__(self) -> None:
        self.batches = 0
        self.started: list[Callable[[], None]] = []

    @property
    def workers(self) -> list[Any]:
        workers: list[Any] = lambda_runtime._workers.setdefault(KEY, [])
        return workers

    def batches_for(self, queue: dict[str, Any] = WAITING) -> int:
        """How many batches may be under way, with that many handed over."""
        lambda_svc._esm_inflight[MAPPING["UUID"]] = self.batches
        record = {"code_zip": b"its code"}
        most: int = lambda_svc._sqs_esm_concurrency(MAPPING, record, CONFIG, queue)
        return most


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """One worker that lives, of two that there may be."""
    kept = Pool()

    def worker(*_of_function: object) -> SimpleNamespace:
        return SimpleNamespace(in_use=False, last_used=0.0, _proc=None)

    def spawn(start: Callable[..., None], *of: object, thread_name: str) -> None:
        del thread_name
        kept.started.append(lambda: start(*of))

    def live(one: SimpleNamespace) -> None:
        one._proc = SimpleNamespace(poll=lambda: None)

    monkeypatch.setattr(lambda_runtime, "_workers", {})
    monkeypatch.setattr(lambda_runtime, "ensure_spawned", live)
    monkeypatch.setattr(lambda_svc, "_esm_inflight", {})
    monkeypatch.setattr(lambda_svc, "_sqs_esm_concurrency", lambda *_: 2)
    monkeypatch.setattr(spare_workers, "Worker", worker)
    monkeypatch.setattr(spare_workers, "spawn_background", spawn)
    first = worker()
    live(first)
    kept.workers.append(first)
    Spares().use()
    yield kept
    lambda_svc._esm_wake.clear()


def test_a_worker_that_is_to_take_a_batch_is_not_free_for_another(pool: Pool) -> None:
    [first] = pool.workers
    assert pool.batches_for() == 1

    pool.batches, first.in_use = 1, True
    assert pool.batches_for() == 1, "the second is only now started"
    assert len(pool.started) == 1

    first.in_use = False  # the next batch has been handed over, and has not taken it yet
    assert pool.batches_for() == 1
    assert len(pool.workers) == 2
    assert len(pool.started) == 1

    [start] = pool.started
    start()
    assert pool.batches_for() == 2
    pool.batches = 2
    assert pool.batches_for() == 2
    assert len(pool.workers) == 2


def test_no_worker_is_started_for_what_waits_for_the_end_of_an_answered_batch(pool: Pool) -> None:
    [first] = pool.workers
    pool.batches, first.in_use = 1, True
    assert pool.batches_for({"messages": [{"visible_at": time.time()}]}) == 1
    assert not pool.started
    pool.batches_for(WAITING)
    assert len(pool.started) == 1


def test_one_that_rests_gets_a_message_at_once_and_is_not_kept_for_that(pool: Pool) -> None:
    [first] = pool.workers
    pool.batches, first.in_use = 1, True
    pool.batches_for(WAITING)
    pool.started.pop()()
    second = pool.workers[1]
    second.last_used = 0.0
    assert pool.batches_for({"messages": [{"visible_at": time.time()}]}) == 2
    assert second.last_used == 0.0, "the emulator lets it go when nobody has used it"


def test_the_worker_of_a_batch_that_is_to_take_it_is_not_started_again(pool: Pool) -> None:
    [first] = pool.workers
    pool.batches = 1
    assert pool.batches_for() == 1
    assert not first.in_use
    assert len(pool.workers) == 2, "another one is started beside it"


def test_a_batch_of_a_worker_that_was_lost_is_for_the_one_that_is_ready(pool: Pool) -> None:
    [lost] = pool.workers
    pool.batches, lost.in_use = 1, True
    pool.batches_for()
    pool.started.pop()()
    lost._proc = None
    assert pool.batches_for() == 2
