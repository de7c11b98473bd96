"""How many workers of the embedded emulator there are, and which of them gets a batch.

Starting a worker takes a second of processor time, and each takes memory. So a second one is
started while a weighing waits for it and lives as long as it is used; batches, also that of a
worker that was killed, go to one that is ready.
"""

import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.concurrency import spawn_background
from ministack.core.lambda_runtime import Worker
from ministack.services import lambda_svc

_WEIGHINGS = "-WeighingsQueue-"
"""What the name of the queue has in it whose messages shoppers wait for."""
_AFTER_A_FAILURE_S = 5.0
_PASSING_S = 0.1
"""A message that has come since only waits for the end of a batch whose answers are out."""
_LOST = "Worker lost: "


def was_lost(result: dict[str, Any]) -> bool:
    """Whether a function gave no answer because its process ended, not because it failed."""
    body = result.get("body")
    if not result.get("error") or not isinstance(body, dict):
        return False
    lost = str(body.get("errorMessage", "")).startswith(_LOST)
    return lost or body.get("errorType") == "Sandbox.Timedout"


def tell_lost_workers() -> None:
    """Have the emulator tell a process that ended, at whatever moment, from a function that failed.

    By itself it has many texts for that; and a worker that ends while it starts has all the others
    of its function killed.
    """
    invoke = Worker.invoke

    def invoke_or_tell(self: Worker, *args: Any, **named: Any) -> dict[str, Any]:
        try:
            response: dict[str, Any] = invoke(self, *args, **named)
        except RuntimeError as error:
            # What its module raises while it is imported, it would raise again.
            ended = "exited immediately" in str(error)
            return {"status": "error", "error": f"{_LOST if ended else ''}{error}"}
        failed = response.get("status") == "error"
        if failed and "trace" not in response and "timed out" not in response["error"]:
            response["error"] = f"{_LOST}{response['error']}"
        return response

    Worker.invoke = invoke_or_tell


def prefer_living_workers() -> None:
    """Have a batch go to a worker that lives, where there is one, and not to the first."""
    acquire = lambda_runtime.acquire_worker

    def acquire_living(name: str, config: Any, code: bytes, qualifier: str, **named: Any) -> Any:
        with lambda_runtime._lock:  # noqa: SLF001
            pool = lambda_runtime._workers.get(_key(config), [])  # noqa: SLF001
            pool.sort(key=_lives, reverse=True)
        return acquire(name, config, code, qualifier=qualifier, **named)

    lambda_svc.acquire_worker = acquire_living


class Spares:
    """Starts workers of the function that recognises weighings while weighings wait for them.

    A batch waits for one that is ready. Only one starts at a time, as several would all be ready
    later, and no more than may work at once. The emulator lets those go that rest, but for one.
    """

    def __init__(self) -> None:
        self._starting: dict[str, Worker] = {}
        self._not_before = 0.0

    def use(self) -> None:
        """Have the emulator ask how many batches there are workers for."""
        concurrency = lambda_svc._sqs_esm_concurrency  # noqa: SLF001

        def concurrency_now(
            mapping: dict[str, Any], record: dict[str, Any], config: dict[str, Any], queue: Any
        ) -> int:
            most: int = concurrency(mapping, record, config, queue)
            if _WEIGHINGS not in mapping["EventSourceArn"] or not record.get("code_zip"):
                return most
            working: int = lambda_svc._esm_inflight.get(mapping["UUID"], 0)  # noqa: SLF001
            return min(most, working + self._ready(record, config, queue, most, working))

        lambda_svc._sqs_esm_concurrency = concurrency_now  # noqa: SLF001

    def _ready(
        self, record: dict[str, Any], config: dict[str, Any], queue: Any, most: int, working: int
    ) -> int:
        """How many workers have nothing to do; where none has and messages wait, one is started."""
        key = _key(config)
        with lambda_runtime._lock:  # noqa: SLF001
            pool = lambda_runtime._workers.setdefault(key, [])  # noqa: SLF001
            free = [worker for worker in pool if not worker.in_use]
            living = [worker for worker in free if _lives(worker)]
            starting = self._starting.get(key)
            busy = [worker for worker in pool if worker.in_use and worker is not starting]
            # A batch takes its worker a moment after it was handed over: who counts that one as
            # free hands over a second batch, which then starts a worker and waits for it.
            ready = max(0, len(living) - max(0, working - len(busy)))
            if ready or starting is not None or (working and not _waits(queue)):
                return ready
            if time.monotonic() < self._not_before:
                return 1  # a batch starts its worker itself, and what is wrong is told
            spare = next((worker for worker in free if worker not in living), None)
            if spare is None:
                if len(pool) >= most:
                    return 0
                spare = Worker(config["FunctionName"], config, record["code_zip"])
                pool.append(spare)
            spare.in_use = True
            self._starting[key] = spare
        spawn_background(self._start, key, spare, thread_name="smartscale-spare")
        return 0

    def _start(self, key: str, worker: Worker) -> None:
        try:
            lambda_runtime.ensure_spawned(worker)
        except Exception:
            self._not_before = time.monotonic() + _AFTER_A_FAILURE_S
            raise
        finally:
            lambda_runtime.release_worker(worker)
            self._starting.pop(key, None)
            lambda_svc._esm_wake.set()  # noqa: SLF001


def _key(config: dict[str, Any]) -> str:
    name, version = config["FunctionName"], config.get("Version", "$LATEST")
    key: str = lambda_runtime._worker_key(name, config, version)  # noqa: SLF001
    return key


def _waits(queue: Any) -> bool:
    """Whether a message of a queue has been there for whoever asks for a while."""
    since = time.time() - _PASSING_S
    return any(message["visible_at"] <= since for message in list(queue["messages"]))


def _lives(worker: Worker) -> bool:
    process = worker._proc  # noqa: SLF001
    return process is not None and process.poll() is None
