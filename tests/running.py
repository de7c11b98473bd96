"""`smartscale run` as its operator sees it: real processes in a home of their own."""

import contextlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
from PIL import Image

from infra.waiting import wait_until
from tests.support import eventually, free_port

_START_S = 120.0
SERVICES = ("cloud", "api", "kiosk")


class Run:
    """`smartscale run` on one home folder, started as often as a test likes."""

    def __init__(self, home: Path, *, start_s: float = _START_S, **settings: str) -> None:
        self.home = home
        self._start_s = start_s
        self.settings = settings
        """What each start is told besides its home and its ports."""
        self.ports = {name: free_port() for name in ("CLOUD", "API", "UI")}
        self.api = f"http://127.0.0.1:{self.ports['API']}/v1"
        self.kiosk = f"http://127.0.0.1:{self.ports['UI']}"
        self._process: subprocess.Popen[str] | None = None

    def launch(self, **settings: str) -> subprocess.Popen[str]:
        """Start it in a session of its own, as a terminal would."""
        self.home.mkdir(parents=True, exist_ok=True)
        with self._output.open("a", encoding="utf-8") as output:
            self._process = subprocess.Popen(
                [str(Path(sys.executable).with_name("smartscale")), "run"],
                env={**self.environment(), **settings},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        return self._process

    def environment(self) -> dict[str, str]:
        """What it is told, and what commands for it have to be."""
        return {
            # NiceGUI behaves differently under pytest, and looks for its variables.
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("AWS_", "PYTEST_", "NICEGUI_", "SMARTSCALE_"))
            },
            "SMARTSCALE_HOME": str(self.home),
            **{f"SMARTSCALE_{name}_PORT": str(port) for name, port in self.ports.items()},
            **self.settings,
        }

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        before = self.said().count("SmartScale is ready")
        process = self.launch()
        wait_until(
            lambda: process.poll() is not None or self.said().count("SmartScale is ready") > before,
            self._start_s,
        )
        assert process.poll() is None, self.said()[-3000:]

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ask the supervisor alone to stop; its exit status."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(60)

    def kill_everything(self) -> None:
        """End every process at once, as a power cut would."""
        assert self._process is not None
        groups = [self.pid(name) for name in SERVICES]
        for group in (self._process.pid, *groups):
            with contextlib.suppress(ProcessLookupError):  # it ended a moment ago
                os.killpg(group, signal.SIGKILL)
        self._process.wait()

    def end(self) -> None:
        """Leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGTERM)

    @property
    def alive(self) -> bool:
        """Whether the supervisor runs."""
        return self._process is not None and self._process.poll() is None

    def pid(self, name: str) -> int:
        """A child's process id."""
        return int((self.home / "run" / f"{name}.lock").read_text(encoding="utf-8"))

    def replaced(self, name: str, dead: int) -> bool:
        """Whether another child has taken a dead one's place."""
        text = (self.home / "run" / f"{name}.lock").read_text(encoding="utf-8")
        return text.strip() not in {"", str(dead)}  # for a moment the file is empty

    def memory_mb(self) -> float:
        """Megabytes of all its processes; what they share counts once (PSS)."""
        assert self._process is not None
        supervisor = psutil.Process(self._process.pid)
        all_of_it = (*supervisor.children(recursive=True), supervisor)
        return float(sum(one.memory_full_info().pss for one in all_of_it)) / 1_000_000

    def said(self) -> str:
        """Everything it printed so far."""
        return self._output.read_text(encoding="utf-8") if self._output.exists() else ""

    def log(self, name: str) -> str:
        """Everything in a child's log file."""
        return (self.home / "logs" / f"{name}.log").read_text(encoding="utf-8")

    def weigh(self, shade: int) -> str:
        """Send one picture; its job id."""
        answer = httpx.post(
            f"{self.api}/predict",
            files={"image": ("plate.jpg", _picture(shade))},
            data={"weight": "0.500"},
            timeout=30,
        )
        assert answer.status_code == 202, answer.text
        job_id: str = answer.json()["job_id"]
        return job_id

    def result(self, job_id: str) -> dict[str, object]:
        """The weighing's result; waits until it is done."""
        found: dict[str, object] = {}

        def finished() -> bool:
            found.update(httpx.get(f"{self.api}/result/{job_id}?wait=5", timeout=30).json())
            return found["status"] != "pending"

        eventually(finished, 60)
        return found

    @property
    def _output(self) -> Path:
        return self.home / f"output-{self.ports['UI']}.txt"


def _picture(shade: int) -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (320, 240), (shade, 180, 40)).save(picture, "JPEG")
    return picture.getvalue()
