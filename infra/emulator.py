"""The embedded cloud: ministack as a child process with its state on disk.

Objects are on disk the moment they are written. Everything else (tables, queues, the stack) is
saved only by a clean stop. A mark says that the saved state is all there was to save: the stop
writes it, and the next start takes it away, so a crash in between leaves none. No clock is asked.
"""

import json
import os
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv import dotenv_values

from infra.bell import VARIABLE as BELL
from infra.credentials import keep, new_credentials
from infra.errors import PlainError
from infra.flushed import flush
from infra.kept import ROWS_FILE
from infra.ports import check_ports
from infra.private import make_private
from infra.probe import answers
from infra.process import Child
from infra.readiness import OF_THE_RUN, Readiness
from infra.readiness import VARIABLE as READY_FILE
from infra.waiting import wait_until
from smartscale.domain.errors import StoreUnavailable
from smartscale.operations.metrics.figures import OF_WEIGHINGS

if TYPE_CHECKING:
    from infra.signed import Signed

SETTINGS_FILE = Path(__file__).resolve().parents[1] / "localstack" / "emulator.env"
ACCOUNT = "000000000000"
_READY_S = 60.0
_STOP_S = 300.0
"""For saving, which takes a moment, on the slowest disk."""
_FIGURE = re.compile(rf"'SmartScale', '(?:{'|'.join(OF_WEIGHINGS)})'")
"""In the emulator's saved state a metric is named by namespace, name and dimensions."""
_OWN_HOST = "http://localhost:"
_OWN_ADDRESS = rf"{_OWN_HOST}\d+/"
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE")


def objects_folder(home: Path) -> Path:
    """Where the buckets of a home folder's emulator are on disk, a folder each."""
    return home / "cloud" / "s3" / ACCOUNT


def rows_file(home: Path) -> Path:
    """Where the weighings' rows of a home folder's emulator are."""
    return home / "cloud" / "state" / ROWS_FILE


class Emulator:
    """Starts and stops the emulator of one home folder."""

    def __init__(
        self,
        home: Path,
        port: int,
        region: str,
        *,
        ready: Readiness | None = None,
        stop: threading.Event | None = None,
        report: Callable[[str], None] = lambda _: None,
        bell: Path | None = None,
    ) -> None:
        self._bell = bell
        self.home = home
        self.port = port
        self.region = region
        self.endpoint = f"http://127.0.0.1:{port}"
        self.credentials = new_credentials(ACCOUNT)
        """What each request to it has to be signed with; others are refused."""
        self.complete = False
        """Whether tables and queues hold all that the bucket knows: they are what a clean stop
        saved, or somebody has restored them since."""
        self._ready = Readiness(None) if ready is None else ready
        self._stop = stop
        self._report = report
        self._state = home / "cloud" / "state"
        self._objects = home / "cloud" / "s3"
        self._scratch = home / "cloud" / "tmp"
        self._damaged = home / "cloud" / "damaged"
        self._saved = home / "cloud" / "last-clean-stop"
        self._child = Child(
            "cloud", "infra.emulated_cloud", home=home, environment=self._environment()
        )

    @property
    def child(self) -> Child:
        """The process."""
        return self._child

    def bucket_folder(self, bucket: str) -> Path:
        """Where a bucket's objects are on disk."""
        return objects_folder(self.home) / bucket

    @property
    def state(self) -> Path:
        """Where its saved state is."""
        return self._state

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start it; from now on its saved state's files are those that it works with."""
        check_ports({"SMARTSCALE_CLOUD_PORT": ("127.0.0.1", self.port)})
        make_private(self.home)
        keep(self.home, self.credentials)
        self._state.mkdir(parents=True, exist_ok=True)
        self._objects.mkdir(parents=True, exist_ok=True)
        # Code of the functions of a killed predecessor.
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        self.complete = self._take_mark()
        if not self.complete:
            self._set_damaged_state_aside()
            self._drop_figures()
        self._follow_port()
        self._child.start()

    def wait(self) -> None:
        """Wait until it answers.

        Raises:
            PlainError: it does not.
        """
        ready = wait_until(
            lambda: not self._child.alive or answers(f"{self.endpoint}/_ministack/health"),
            _READY_S,
            stop=self._stop,
        )
        if not ready or not self._child.alive:
            self._child.stop()
            raise PlainError(
                f"The emulator did not start on port {self.port}; "
                f"see {self.home / 'logs' / 'cloud.log'}"
            )

    def save(self) -> None:
        """Have it save its state while it runs; where that fails, by a stop and a start."""
        try:
            self.signed.save()
        except StoreUnavailable as error:
            self._report(f"The emulator is started again, to save its state: {error}")
            self.stop()
            self.start()

    @cached_property
    def signed(self) -> "Signed":
        """Signed requests to it."""
        # Who runs without an emulator imports this module too, and has no ministack.
        from infra.signed import Signed  # noqa: PLC0415

        return Signed(self.endpoint, self.credentials, self.region)

    def stop(self) -> bool:
        """Stop it; whether its whole state, complete as it was, reached the disk."""
        if not self._child.alive:
            self._child.stop()
            return False
        before = self._saved_files()
        clean = self._child.stop(_STOP_S)
        after = self._saved_files()
        if not (self.complete and clean and after):
            return False
        # An emulator that saved wrote each file anew; the rows' it writes all the time.
        if any(before.get(name) == state for name, state in after.items() if name != ROWS_FILE):
            return False
        written = self._saved.with_suffix(".new")
        with written.open("w", encoding="utf-8") as out:
            json.dump(after, out)
            out.flush()
            os.fsync(out.fileno())
        written.replace(self._saved)
        return True

    def _saved_files(self) -> dict[str, list[int]]:
        """The saved state's files by name: inode, size, and nanosecond of the last change."""
        return {
            file.name: [status.st_ino, status.st_size, status.st_mtime_ns]
            for file in (*self._state.glob("*.json"), *self._state.glob(ROWS_FILE))
            for status in (file.stat(),)
        }

    def _take_mark(self) -> bool:
        """Whether the state is what a clean stop saved. From now on it changes, so only once."""
        try:
            marked = json.loads(self._saved.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            marked = None
        complete = marked is not None and marked == self._saved_files()
        self._saved.unlink(missing_ok=True)
        flush(self._saved.parent)
        return complete

    def _set_damaged_state_aside(self) -> None:
        """Drop a saved state of which a file cannot be read: all of it is made anew.

        One file of a set is worth nothing: a table without the queue beside it would not be missed.
        """
        for file in (*sorted(self._state.glob("*.json")), *self._state.glob(ROWS_FILE)):
            if not _is_whole(file):
                self._damaged.mkdir(parents=True, exist_ok=True)
                count = sum(1 for _ in self._damaged.iterdir())
                kept = file.replace(self._damaged / f"{file.stem}-{count + 1}{file.suffix}")
                self._report(
                    f"The saved state {file.name} is damaged: it is kept as {kept}, and everything "
                    "is rebuilt from the bucket"
                )
                self.forget_state()
                return

    def _drop_figures(self) -> None:
        """Drop the saved figures of weighings: restoring tells all of them again, each once."""
        file = self._state / "cloudwatch.json"
        if not file.exists():
            return
        saved = json.loads(file.read_bytes())
        metrics = ((saved.get("payload") or {}).get("metrics") or {}).get("data") or {}
        for name in [name for name in metrics if _FIGURE.search(name)]:
            del metrics[name]
        written = file.with_suffix(".new")
        written.write_text(json.dumps(saved), encoding="utf-8")
        written.replace(file)

    def forget_state(self) -> None:
        """Drop tables, queues and stack of the stopped emulator; objects stay."""
        self._saved.unlink(missing_ok=True)
        if self._state.exists():
            shutil.rmtree(self._state)

    def _follow_port(self) -> None:
        """Have the saved state name the port of now.

        The emulator stores queues under addresses with its port in them, and finds none of them on
        another.
        """
        queues = self._state / "sqs.json"
        # The queues' file is changed last, since it shows whether the others have been changed.
        files = sorted(self._state.glob("*.json"), key=lambda file: file == queues)
        former = re.search(_OWN_ADDRESS, queues.read_text("utf-8")) if queues.exists() else None
        if former is None or former[0] == f"{_OWN_HOST}{self.port}/":
            return
        for file in files:
            text = file.read_text("utf-8")
            if former[0] in text:
                written = file.with_suffix(".moved")
                written.write_text(text.replace(former[0], f"{_OWN_HOST}{self.port}/"), "utf-8")
                written.replace(file)

    def _environment(self) -> dict[str, str]:
        # Lambda workers inherit this: the operator's own AWS settings must not leak into them.
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        fixed = {name: value or "" for name, value in dotenv_values(SETTINGS_FILE).items()}
        return {
            **kept,
            **self.credentials,
            **OF_THE_RUN,
            **fixed,
            "GATEWAY_PORT": str(self.port),
            # Of each worker. One that is alone answers sooner, and several lose next to nothing.
            "RECOGNITION_THREADS": str(min(2, os.cpu_count() or 1)),
            "MINISTACK_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "TMPDIR": str(self._scratch),
            **({BELL: str(self._bell)} if self._bell else {}),
            **({READY_FILE: str(self._ready.file)} if self._ready.file else {}),
            "STATE_DIR": str(self._state),
            "S3_DATA_DIR": str(self._objects),
        }


def _is_whole(file: Path) -> bool:
    """Whether a file of a saved state can be read."""
    if file.name != ROWS_FILE:
        try:
            return isinstance(json.loads(file.read_bytes()), dict)
        except ValueError:
            return False
    try:
        with closing(sqlite3.connect(file)) as database:
            [[found]] = database.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.DatabaseError:
        return False
    return bool(found == "ok")
