"""What the emulator must do for SmartScale that ministack 1.5.33 does not do by itself.

It is made for tests, which are short and may forget. Here it keeps a shop's weighings, so:

- it hands no message to a worker before the tables hold all that was acknowledged;
- an object is on the disk itself when it answers, and where it could not be written it answers 507;
- the messages of a worker that was lost are delivered again at once, to one that is ready;
- logs and figures do not grow without an end, and are not looked at as a whole at each call;
- it starts no thread for each object that is stored;
- it tells the API of each answer as it is stored, and looks for the next batch at once, without
  waiting for what a function might still log;
- the weighings' rows (`emulator_rows`) and what is known of its objects (`emulator_objects`) are
  on the disk, not in its RAM;
- a layer is unpacked once, not for each worker (`shared_layers`);
- services that nobody asks for anything are not loaded, nor is the SDK (`emulated_services`), nor
  SAM's translator (`sam_transform`);
- saving its state takes a moment, and is on the disk when it is done.

The functions below are ministack's own, so its version is pinned, and tests/infra/test_rules.py
fails when a new version has others.
"""

import contextvars
import copy
import json
import logging
import os
import select
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from subprocess import Popen
from types import SimpleNamespace
from typing import Any

import ministack.app
from ministack.core import persistence
from ministack.core.lambda_runtime import Worker
from ministack.services import cloudwatch, cloudwatch_logs, dynamodb, lambda_svc, s3, sqs

from infra.bell import Ringer, ringer_from_environment
from infra.emulated_services import know_protocols, load_services_when_asked
from infra.emulator_objects import find_objects_on_disk
from infra.emulator_rows import keep_rows_on_disk
from infra.flushed import described, flush_object
from infra.kept import FIGURES_KEPT, ROWS_FILE
from infra.readiness import Readiness
from infra.rows_on_disk import Database, Rows
from infra.sam_transform import transform_elsewhere
from infra.shared_layers import share_layers
from infra.spare_workers import (
    Spares,
    prefer_living_workers,
    tell_lost_workers,
    was_lost,
)
from smartscale.operations.metrics.thinning import thinned

LOG_STREAMS = 200
"""How many invocations of each function its log group remembers; files in logs/ keep more."""
_COMPACT_EVERY_S, _GATHER_EVERY_S = 900.0, 60.0
_RAW_S, _FRESH_S = 120.0, 900.0
_MINUTE_S, _FINE_S, _HOUR_S, _DAY_S = 60.0, 300.0, 3600.0, 86_400.0
_POINTS_TOGETHER = 20
_WAKE_GAP_S = 0.002
_LOGGED_S, _SILENT_S, _UNREAD_S = 0.001, 0.002, 0.25
_log = logging.getLogger("smartscale.emulator")


def apply_rules() -> None:
    """Change the emulator in this process, before it is served."""
    load_services_when_asked()
    know_protocols()
    transform_elsewhere()
    ready = Readiness.from_environment()
    # A shop's run, not a test of some seconds.
    lasts = ready.file is not None
    _refuse_what_is_not_written(flushes=lasts)
    _tell_of_objects_without_a_thread_each()
    share_layers()
    tell_lost_workers()
    prefer_living_workers()
    _deliver_again_what_a_lost_worker_had()
    if lasts:
        Spares().use()
    _hold_messages(ready)
    _bound_logs()
    _take_logs_at_once()
    _bound_figures()
    find_objects_on_disk()
    _save_well(keep_rows_on_disk(Path(persistence.STATE_DIR, ROWS_FILE)))
    _tell_of_answers(ringer_from_environment())
    # A wake that found nothing, such as one by a batch that ended, delays the next one by this.
    lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = _WAKE_GAP_S  # noqa: SLF001


class NotWritten(Exception):
    """An object is not on the disk."""


def _hold_messages(ready: Readiness) -> None:
    concurrency: Callable[..., int] = lambda_svc._sqs_esm_concurrency  # noqa: SLF001

    def concurrency_when_ready(*args: Any) -> int:
        # It is asked before any message is looked for, so workers start meanwhile.
        most = concurrency(*args)
        return most if ready else 0

    lambda_svc._sqs_esm_concurrency = concurrency_when_ready  # noqa: SLF001


def _refuse_what_is_not_written(*, flushes: bool) -> None:
    persist, handle = s3._persist_object, s3.handle_request  # noqa: SLF001

    def persist_or_raise(bucket: str, key: str, obj: Any) -> None:
        # Ministack drops the bytes from its memory as soon as they are in the file.
        if not isinstance(obj, dict) or obj.get("body") is None:
            persist(bucket, key, obj)
            return
        file = Path(s3._object_disk_path(bucket, key))  # noqa: SLF001
        is_new = not described(file).exists()
        persist(bucket, key, obj)
        # Who copies an object deletes the original next.
        if obj["body"] is not None or (flushes and not _flushed(file, bucket)):
            _forget(bucket, key, file, is_new=is_new)
            raise NotWritten(key)

    async def answer(*args: Any, **named: Any) -> tuple[int, dict[str, str], bytes]:
        try:
            answered: tuple[int, dict[str, str], bytes] = await handle(*args, **named)
        except NotWritten as error:
            refused: tuple[int, dict[str, str], bytes] = s3._error(  # noqa: SLF001
                "InsufficientStorage",
                f"{error} could not be written to the disk.",
                HTTPStatus.INSUFFICIENT_STORAGE.value,
            )
            return refused
        return answered

    s3._persist_object, s3.handle_request = persist_or_raise, answer  # noqa: SLF001


def _tell_of_objects_without_a_thread_each() -> None:
    """Queue the event of an object for threads that are there, and only where somebody wants it.

    Ministack starts a thread for each object, and waits until it runs: a sixth of a write's time.
    """
    threads = ThreadPoolExecutor(4, "object-events")
    parsed = lru_cache(maxsize=8)(s3._parse_notification_config_raw)  # noqa: SLF001

    def wanted(raw: str, key: str, event: str) -> bool:
        return "EventBridgeConfiguration" in raw or any(
            s3._event_matches(event, one["events"])  # noqa: SLF001
            and s3._key_matches_filter(key, one["filter_prefix"], one["filter_suffix"])  # noqa: SLF001
            for one in parsed(raw)
        )

    def tell(bucket: str, key: str, event: str, *args: Any, **named: Any) -> None:
        raw = s3._bucket_notifications.get(bucket)  # noqa: SLF001
        if raw and wanted(raw, key, event):
            named["sequencer"] = s3._next_event_sequencer(event)  # noqa: SLF001
            fire = partial(s3._fire_s3_event, bucket, key, event, *args, **named)  # noqa: SLF001
            threads.submit(contextvars.copy_context().run, fire)

    s3._fire_s3_event_async = tell  # noqa: SLF001


def _flushed(file: Path, bucket: str) -> bool:
    try:
        flush_object(file, Path(s3.DATA_DIR, s3.get_account_id(), bucket))
    except OSError as error:
        _log.warning("%s is not on the disk: %s", file, error)
        return False
    return True


def _forget(bucket: str, key: str, file: Path, *, is_new: bool) -> None:
    """Leave nothing of an object that could not be written, but of one that was there before."""
    s3._buckets[bucket]["objects"].pop(key, None)  # noqa: SLF001
    metadata = described(file)
    written = [file, metadata] if is_new else []
    for path in (*written, *(Path(f"{path}.tmp") for path in (file, metadata))):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            _log.warning("%s stays: %s", path, error)


def _deliver_again_what_a_lost_worker_had() -> None:
    execute, run = lambda_svc._execute_function, lambda_svc._run_sqs_batch  # noqa: SLF001
    thread = threading.local()

    def execute_and_note(function: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event)
        thread.lost = was_lost(result)
        return result

    def run_and_release(*args: Any) -> None:
        thread.lost = False
        run(*args)
        if thread.lost:
            # On AWS they wait for the queue's visibility timeout.
            mapping, batch = args[0], args[3]
            lambda_svc._esm_backoff_until.pop(mapping["UUID"], None)  # noqa: SLF001
            with sqs._queues_lock:  # noqa: SLF001
                for message in batch:
                    message["visible_at"] = time.time()

    lambda_svc._execute_function = execute_and_note  # noqa: SLF001
    lambda_svc._run_sqs_batch = run_and_release  # noqa: SLF001


def _bound_logs() -> None:
    emit = lambda_svc._emit_lambda_logs  # noqa: SLF001

    def emit_and_drop_old(function: dict[str, Any], *args: Any, **named: Any) -> None:
        emit(function, *args, **named)
        config = function.get("config") or function
        chosen = (config.get("LoggingConfig") or {}).get("LogGroup")
        name = chosen or f"/aws/lambda/{config.get('FunctionName', 'unknown')}"
        group = cloudwatch_logs._log_groups.get(name)  # noqa: SLF001
        streams = {} if group is None else group["streams"]
        for old in list(streams)[: max(0, len(streams) - LOG_STREAMS)]:
            streams.pop(old, None)

    lambda_svc._emit_lambda_logs = emit_and_drop_old  # noqa: SLF001


def _take_logs_at_once() -> None:
    """Take what a function has logged when it answers, and do not wait for more.

    It has written that before it answers, so it is in the pipe. Ministack waits 5 ms after the last
    line, and 50 ms where there is none, before the worker gets its next batch.
    """
    take = Worker._drain_stderr_bounded  # noqa: SLF001

    def take_what_is_there(self: Worker) -> str:
        until = time.monotonic() + _UNREAD_S
        while _unread(self._proc) and time.monotonic() < until:
            time.sleep(_LOGGED_S)
        # A line that has been read is in another thread's hands for a moment.
        return str(take(self, first_line_wait=_SILENT_S, idle_confirm=_LOGGED_S))

    Worker._drain_stderr_bounded = take_what_is_there  # noqa: SLF001


def _unread(process: Popen[str] | None) -> bool:
    """Whether the pipe of a living process's log holds something."""
    if process is None or process.stderr is None or process.poll() is not None:
        return False
    pipe = select.poll()
    pipe.register(process.stderr, select.POLLIN)
    return bool(pipe.poll(0))


def _bound_figures() -> None:
    """Keep old figures in fewer points, and do not look at all of them at each call."""
    due = due_of_recent = 0.0

    def compact_when_due() -> None:
        nonlocal due, due_of_recent
        now = time.monotonic()
        if now < due_of_recent:
            return
        compact(cloudwatch._metrics, time.time(), recent=now < due)  # noqa: SLF001
        due_of_recent = now + _GATHER_EVERY_S
        if now >= due:
            due = now + _COMPACT_EVERY_S

    cloudwatch._evict_old_metrics = compact_when_due  # noqa: SLF001


def compact(
    metrics: MutableMapping[Any, list[dict[str, Any]]], now: float, *, recent: bool = False
) -> None:
    """Have a metric's points stand for a minute once they are two minutes old, for five once they
    are a quarter of an hour old, and for an hour once they are a day old; drop what is too old.

    Args:
        metrics: points by metric, as ministack has them.
        now: seconds since 1970.
        recent: only look at those of the last quarter of an hour, which came last.
    """
    for metric, points in list(metrics.items()):
        start = _first_recent(points, now) if recent else 0
        kept: list[dict[str, Any]] = []
        old: dict[float, list[dict[str, Any]]] = defaultdict(list)
        for point in points[start:]:
            age = now - point["Timestamp"]
            if age < _RAW_S or "_stat" in point:
                kept.append(point)
            elif age < FIGURES_KEPT.total_seconds():
                grain = _grain_of(age)
                old[point["Timestamp"] // grain * grain].append(point)
        shared = (
            {"Unit": points[0]["Unit"], "Dimensions": points[0]["Dimensions"]} if points else {}
        )
        compacted = [
            {**shared, "Timestamp": at, "Value": value, "Count": count}
            for at, together in sorted(old.items())
            for value, count in thinned(
                ((one["Value"], one.get("Count", 1.0)) for one in together), _POINTS_TOGETHER
            )
        ]
        left = [*points[:start], *compacted, *kept]
        if left:
            metrics[metric] = left
        else:
            del metrics[metric]


def _first_recent(points: Sequence[Mapping[str, Any]], now: float) -> int:
    """From which place on all points are of the last quarter of an hour."""
    start = len(points)
    while start and now - points[start - 1]["Timestamp"] < _FRESH_S:
        start -= 1
    return start


def _grain_of(age: float) -> float:
    """The seconds that a point of an age stands for."""
    if age < _FRESH_S:
        return _MINUTE_S
    return _FINE_S if age < _DAY_S else _HOUR_S


def _tell_of_answers(ringer: Ringer | None) -> None:
    if ringer is None:
        return
    put: Callable[[dict[str, Any]], tuple[int, Any, Any]] = dynamodb._put_item  # noqa: SLF001

    def put_and_ring(data: dict[str, Any]) -> tuple[int, Any, Any]:
        answer = put(data)
        item = data.get("Item") or {}
        if answer[0] == HTTPStatus.OK and "job_id" in item and "document" in item:
            ringer.ring(item["job_id"]["S"], item["document"]["B"])
        return answer

    dynamodb._put_item = put_and_ring  # noqa: SLF001


def _save_well(rows: Database) -> None:
    def save_and_close(services: Mapping[str, Callable[[], Any]]) -> None:
        _save_all(services)
        rows.close()

    persistence.save_state = _save_state
    ministack.app.save_all = save_and_close


def save() -> None:
    """Save the state while it runs, for who knows that nobody changes it meanwhile."""
    _save_all(ministack.app._build_persistence_save_dict())  # noqa: SLF001


def _save_all(services: Mapping[str, Callable[[], Any]]) -> None:
    with _uncopied(dynamodb, cloudwatch, cloudwatch_logs):
        persistence.save_all(services)


def _save_state(service: str, data: Any) -> None:
    """As ministack does, but by the fast encoder, and onto the disk itself."""
    file = Path(persistence.STATE_DIR, f"{service}.json")
    written = file.with_name(f"{file.name}.tmp")
    # One by account shows only those of the account that asks.
    if isinstance(data, Mapping) and not any(getattr(it, "_data", it) for it in data.values()):
        file.unlink(missing_ok=True)  # or it is loaded by the next start, for nothing
        return
    try:
        version = persistence._state_format_version(service)  # noqa: SLF001
        text = json.dumps(
            {"__ministack_format__": version, "payload": data},
            default=_as_json,
        )
        with written.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        written.replace(file)
    except (OSError, TypeError, ValueError, RuntimeError):
        # Its starter sees that the file is an old one.
        _log.exception("the state of %s was not saved", service)


def _as_json(part: Any) -> Any:
    return {} if isinstance(part, Rows) else persistence._json_default(part)  # noqa: SLF001


@contextmanager
def _uncopied(*modules: Any) -> Iterator[None]:
    """Let modules give their state itself instead of a deep copy: nobody changes it any more."""
    shared = SimpleNamespace(deepcopy=lambda state: state, copy=copy.copy)
    try:
        for module in modules:
            module.copy = shared
        yield
    finally:
        for module in modules:
            module.copy = copy
