"""Deploying `template.yaml` into the emulator, only when something changed."""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from infra.deployment import DEPLOYED, Deployment, Order
from infra.emulator import ACCOUNT, Emulator
from infra.errors import PlainError
from infra.outputs import outputs_of
from infra.package import fingerprint, stage
from infra.saved_stack import SavedStack, saved_stack
from infra.settings import ROOT, Settings
from infra.unversioned import without_versions
from infra.waiting import wait_until

_USABLE = DEPLOYED | {"UPDATE_ROLLBACK_COMPLETE"}
_EMPTY_PARAMETER = "/smartscale/admin-token"
"""A parameter without a value. The emulator's admin function, which nobody calls, looks there."""


def embedded_parameters(settings: Settings) -> dict[str, str]:
    """The template's parameters for the embedded run."""
    return {
        "Stage": "embedded",
        "MetricsSink": "cloudwatch",
        "Currency": settings.currency,
        "TimeZone": str(settings.time_zone),
        # The embedded API gets it from its starter: in a function's settings it would be readable.
        "AdminTokenParameterName": _EMPTY_PARAMETER,
        "UploadOrigin": settings.ui_url,
        "InferenceConcurrency": str(settings.inference_concurrency),
        "ImageRetentionDays": str(settings.image_retention_days),
        "HistoryDays": str(settings.history_days),
        "LogLevel": settings.log_level,
        "LogSample": "1",
        "ModelId": settings.model_id,
    }


def find_deployed(
    emulator: Emulator, stack_name: str, parameters: dict[str, str], *, root: Path = ROOT
) -> Deployment | None:
    """The emulator's saved stack, where it is what the code in `root` makes; None where it is not.

    It reads the emulator's files alone, which tell the same before it runs.
    """
    if _aside(emulator, stack_name).pending:
        return None
    stack = saved_stack(emulator.state, stack_name)
    return _as_wanted(stack, fingerprint(root, parameters))


def deploy(
    emulator: Emulator,
    stack_name: str,
    parameters: dict[str, str],
    *,
    root: Path = ROOT,
    stop: threading.Event | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Deployment:
    """Bring the running emulator's stack up to the code in `root`.

    A stack in a state that cannot be updated, or none where its bucket already is (the emulator was
    killed before it saved anything), is built anew; the bucket's objects are kept.

    Raises:
        PlainError: it could not be deployed; the next call tries again.
    """
    aside = _aside(emulator, stack_name)
    _put_back(aside, emulator)
    content = fingerprint(root, parameters)
    stack = saved_stack(emulator.state, stack_name)
    found = _as_wanted(stack, content)
    if found is not None:
        return found

    rebuilt = stack is None or stack.status not in _USABLE or stack.lost is not None
    if rebuilt and (stack is not None or aside.needed):
        lost = None if stack is None else stack.lost
        what = "is incomplete" if lost is None else f"has lost its {lost}"
        report(f"The stack {what}: building it anew around the stored objects")
        emulator.stop()
        aside.take()
        emulator.forget_state()
        emulator.start()
    report("Deploying the stack")
    template = stage(root, emulator.home / "cloud" / "package")
    template.write_text(without_versions(template.read_text(encoding="utf-8")), encoding="utf-8")
    order = Order(
        endpoint=emulator.endpoint,
        region=emulator.region,
        credentials=emulator.credentials,
        stack=stack_name,
        template=str(template),
        parameters=parameters,
        content=content,
        update=not rebuilt,
    )
    try:
        _carry_out(order, stop)
    finally:
        # Or a later `kill -9` would lose what was just deployed.
        emulator.save()
    _put_back(aside, emulator)
    found = _as_wanted(saved_stack(emulator.state, stack_name), content)
    if found is None:
        raise PlainError(
            f"The emulator did not keep the stack; see {emulator.home / 'logs' / 'cloud.log'}"
        )
    return replace(found, changed=True, rebuilt=rebuilt)


def _as_wanted(stack: SavedStack | None, content: str) -> Deployment | None:
    if stack is None or stack.status not in DEPLOYED or stack.lost or stack.content != content:
        return None
    return Deployment(outputs_of(stack.described), changed=False, rebuilt=False)


def _carry_out(order: Order, stop: threading.Event | None) -> None:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.deploying"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=said,
            text=True,
            process_group=0,  # Ctrl-C reaches a whole group
        )
        with process:
            try:
                if process.stdin is not None:
                    process.stdin.write(order.dump())
                    process.stdin.close()
                wait_until(lambda: process.poll() is not None, float("inf"), stop=stop)
            finally:
                process.kill()
        if process.returncode != 0:
            said.seek(0)
            reason = said.read().strip().rpartition("\n")[2]
            raise PlainError(reason or "Deploying the stack was interrupted")


def _put_back(aside: "_Aside", emulator: Emulator) -> None:
    """Put back what is aside; the emulator is stopped and started for it."""
    if aside.pending:
        emulator.stop()
        aside.put_back()
        emulator.start()


def _aside(emulator: Emulator, stack_name: str) -> "_Aside":
    return _Aside(emulator, f"{stack_name}-{ACCOUNT}-{emulator.region}")


class _Aside:
    """Keeps a bucket's objects while its stack is built anew.

    CloudFormation refuses to create a bucket that exists. The emulator is stopped meanwhile, and a
    rename is atomic, so a power cut leaves the objects in one place or the other; both are looked
    at by the next deploy.
    """

    def __init__(self, emulator: Emulator, bucket: str) -> None:
        self._bucket = emulator.bucket_folder(bucket)
        self._aside = emulator.home / "cloud" / "aside" / bucket

    @property
    def pending(self) -> bool:
        """Whether objects are waiting to be put back."""
        return self._aside.exists()

    @property
    def needed(self) -> bool:
        """Whether the bucket is in the way."""
        return self._bucket.exists()

    def take(self) -> None:
        """Move the objects aside, so that the bucket can be created."""
        self._aside.parent.mkdir(parents=True, exist_ok=True)
        if self._bucket.exists():
            if self._aside.exists():
                _merge(self._bucket, self._aside)
            else:
                self._bucket.rename(self._aside)

    def put_back(self) -> None:
        """Move the objects back under the new bucket."""
        if self._aside.exists():
            _merge(self._aside, self._bucket)


def _merge(source: Path, target: Path) -> None:
    """Move what is in `source` below `target`, replacing older files of the same name.

    Folders that the target does not have move as a whole: a ledger has a hundred thousand.
    """
    target.mkdir(parents=True, exist_ok=True)  # a new bucket has a folder with its first object
    for path in source.iterdir():
        destination = target / path.name
        if path.is_dir() and destination.is_dir():
            _merge(path, destination)
        else:
            path.replace(destination)
    source.rmdir()
