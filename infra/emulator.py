"""The embedded cloud: ministack as a child process with its state on disk.

Objects are on disk the moment they are written. Everything else (tables, queues, the stack) is
saved only by a clean stop, so `stop` says whether that happened.
"""

import os
import re
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

from dotenv import dotenv_values

from infra.credentials import keep, new_credentials
from infra.errors import PlainError
from infra.ports import check_ports
from infra.private import make_private
from infra.probe import answers
from infra.process import Child
from infra.waiting import wait_until

SETTINGS_FILE = Path(__file__).resolve().parents[1] / "localstack" / "emulator.env"
ACCOUNT = "000000000000"

_READY_S = 60.0
_STOP_S = 20.0
_OWN_HOST = "http://localhost:"
_OWN_ADDRESS = rf"{_OWN_HOST}\d+/"
_KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE")


def objects_folder(home: Path) -> Path:
    """Where the buckets of a home folder's emulator are on disk, a folder each."""
    return home / "cloud" / "s3" / ACCOUNT


class Emulator:
    """Starts and stops the emulator of one home folder."""

    def __init__(
        self, home: Path, port: int, region: str, *, stop: threading.Event | None = None
    ) -> None:
        self.home = home
        self.port = port
        self.region = region
        self.endpoint = f"http://127.0.0.1:{port}"
        self.credentials = new_credentials(ACCOUNT)
        """What each request to it has to be signed with; others are refused."""
        self.complete = False
        """Whether tables and queues hold all that the bucket knows. Until somebody restored them,
        saving them must not count as their last save."""
        self._stop = stop
        self._state = home / "cloud" / "state"
        self._objects = home / "cloud" / "s3"
        self._scratch = home / "cloud" / "tmp"
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

    def start(self) -> None:
        """Start it and wait until it answers."""
        check_ports({"SMARTSCALE_CLOUD_PORT": ("127.0.0.1", self.port)})
        make_private(self.home)
        keep(self.home, self.credentials)
        self._state.mkdir(parents=True, exist_ok=True)
        self._objects.mkdir(parents=True, exist_ok=True)
        # Code of the functions of a killed predecessor.
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        self._follow_port()
        self._child.start()
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

    def stop(self) -> bool:
        """Stop it; whether its whole state, complete as it was, reached the disk."""
        if not self._child.alive:
            self._child.stop()
            return False
        asked_at = datetime.now(UTC)
        clean = self._child.stop(_STOP_S)
        saved = [_saved_since(path, asked_at) for path in self._state.glob("*.json")]
        if not (self.complete and clean and saved and all(saved)):
            return False
        self._saved.write_text(asked_at.isoformat(), encoding="utf-8")
        return True

    @property
    def saved_at(self) -> datetime | None:
        """When tables and queues were last saved; everything later is known to the bucket alone."""
        try:
            return datetime.fromisoformat(self._saved.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

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
            **fixed,
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "TMPDIR": str(self._scratch),
            "STATE_DIR": str(self._state),
            "S3_DATA_DIR": str(self._objects),
        }


def _saved_since(path: Path, when: datetime) -> bool:
    # One second of tolerance, since file systems round times.
    return path.stat().st_mtime >= when.timestamp() - 1.0
