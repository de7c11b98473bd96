"""From a hub to a weighing: the real client, the real conversion, the real chain."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Deployed
from tests.hub.server import StandInHub
from tests.integration.conftest import Api
from tests.support import eventually

pytestmark = [pytest.mark.integration, pytest.mark.training]
DEFAULT = "Adriana213/vgg16-fruit-classifier"
_IMPORT_S = 180.0


class Importer:
    """The process that follows the queue, which may be killed and started again."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "infra.importer"],
                env=self._environment,
                stdout=out,
                stderr=out,
            )

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(30)


@pytest.fixture
def importer(deployed: Deployed, hub: StandInHub, tmp_path: Path) -> Iterator[Importer]:
    """The embedded run's importer, with an empty cache."""
    environment = {
        **os.environ,
        **deployed.environment,
        "HF_ENDPOINT": hub.url,
        "MODEL_CACHE": str(tmp_path / "model_cache"),
    }
    it = Importer(environment, tmp_path / "importer.log")
    it.start()
    yield it
    it.stop()


@pytest.fixture
def admin(api: Api) -> Iterator[Api]:
    """The API with the admin token; afterwards the built-in model serves again."""
    api.headers["X-Admin-Token"] = "a-token-for-tests"
    yield api
    api.post("/admin/reload-model", json={"model_id": "builtin"})
    settled(api)


def state(admin: Api) -> dict[str, Any]:
    found: dict[str, Any] = admin.get("/admin/model").json()
    return found


def settled(admin: Api) -> dict[str, Any]:
    """The state when nothing is under way any more."""
    eventually(lambda: state(admin)["state"] in {"active", "failed"}, _IMPORT_S)
    return state(admin)


def test_the_default_model_is_imported_and_answers_while_the_importer_is_killed_once(
    admin: Api, importer: Importer, hub: StandInHub, models: Path, samples: dict[str, bytes]
) -> None:
    commit = hub.publish(DEFAULT, models / "vgg16")
    asked = admin.post("/admin/reload-model", json={"model_revision": "main"})
    assert (asked.status_code, asked.json()["state"]) == (202, "importing")

    eventually(lambda: (state(admin)["progress"] or {}).get("step") == "converting", _IMPORT_S)
    downloads = len(hub.downloaded())
    importer.stop(signal.SIGKILL)
    result = admin.result(admin.predict(samples["Banana"]))
    assert result["model"]["id"] == "builtin", "what serves goes on"
    importer.start()

    assert settled(admin)["active"] == {"id": DEFAULT, "revision": commit}
    assert len(hub.downloaded()) == downloads, "what was downloaded is in the cache"
    result = admin.result(admin.predict(samples["Banana"]))
    assert result["model"] == {"id": DEFAULT, "revision": commit}
    assert result["top_k"] == [], "none of its labels is sold here"


class Scales:
    """Uploads at a steady rate, in a thread; afterwards every one of them has its result."""

    def __init__(self, api: Api, image: bytes, per_second: int) -> None:
        self._api = api
        self._image = image
        self._pause_s = 1 / per_second
        self._thread = threading.Thread(target=self._run)
        self._stop = threading.Event()
        self.jobs: list[str] = []

    def _run(self) -> None:
        due = time.monotonic()
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            scale = f"till-{len(self.jobs) % 7}"
            self.jobs.append(self._api.predict(self._image, scale_id=scale))
            due += self._pause_s

    def __enter__(self) -> "Scales":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def inference_workers(deployed: Deployed) -> dict[int, int]:
    """The inference function's processes in the emulator, with their memory in MB."""
    found = {}
    ours = f":{deployed.settings.cloud_port}"
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = dict(
                entry.split("=", 1)
                for entry in (process / "environ").read_text(errors="replace").split("\0")
                if "=" in entry
            )
            status = (process / "status").read_text()
        except OSError:
            continue  # it has ended, or is not ours
        name = said.get("AWS_LAMBDA_FUNCTION_NAME", "")
        if "Inference" in name and ours in said.get("AWS_ENDPOINT_URL", ""):
            [line] = [one for one in status.splitlines() if one.startswith("VmRSS:")]
            found[int(process.name)] = int(line.split()[1]) // 1024
    return found


@pytest.fixture
def impatient_queue(deployed: Deployed) -> Iterator[None]:
    """A queue that delivers what a killed worker held after seconds, not after two minutes."""
    url, sqs = deployed.outputs.weighings_queue_url, deployed.sqs()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "25"})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "120"})


@pytest.mark.usefixtures("importer", "impatient_queue")
def test_nothing_is_lost_while_models_switch_their_workers_are_killed_and_the_hub_breaks_off(
    admin: Api, deployed: Deployed, hub: StandInHub, models: Path, samples: dict[str, bytes]
) -> None:
    commit = hub.publish("them/ready", models / "heavy-tflite")
    hub.cut("/large/", after=4_000_000)
    heavy = {"id": "them/ready", "revision": commit}
    admin.result(admin.predict(samples["Banana"]))
    before = max(inference_workers(deployed).values())
    with Scales(admin, samples["Banana"], per_second=5) as scales:
        admin.post("/admin/reload-model", json={"model_id": "them/ready"})
        eventually(lambda: state(admin)["state"] != "importing", _IMPORT_S)
        for worker in inference_workers(deployed):
            os.kill(worker, signal.SIGKILL)
        assert settled(admin)["active"] == heavy
        first_new = len(scales.jobs) + 1
        eventually(lambda: len(scales.jobs) > first_new + 8, _IMPORT_S)
        new = [admin.result(job, wait_s=300)["model"] for job in scales.jobs[first_new:]]
        admin.post("/admin/rollback")
        assert settled(admin)["active"]["id"] == "builtin"
        first_old = len(scales.jobs) + 1
        eventually(lambda: len(scales.jobs) > first_old + 5, _IMPORT_S)

    ranges = [part for _, _, part in hub.downloaded("/large/")]
    assert ranges[0] is None
    assert str(ranges[1]).startswith("bytes="), "it went on where it broke"
    results = [admin.result(job, wait_s=300) for job in scales.jobs]
    assert {result["status"] for result in results} == {"done"}
    assert {result["model"]["id"] for result in results} == {"builtin", "them/ready"}
    assert {result["model"]["id"] for result in results[first_old:]} == {"builtin"}
    for result in results:
        of_heavy = result["top_k"] == []  # none of its labels is sold here
        assert of_heavy == (result["model"]["id"] == "them/ready"), "an answer of one model"
    assert [model for model in new if model != heavy] == []
    # The package has 15 MB, and as much again is needed to run it.
    after = max(inference_workers(deployed).values())
    assert after < before + 15, "one model is in memory again"


def test_the_last_of_two_wishes_wins_and_a_refusal_changes_nothing(
    admin: Api, importer: Importer, hub: StandInHub, models: Path
) -> None:
    del importer
    hub.publish("them/large", models / "vgg16-h5")
    commit = hub.publish("them/ready", models / "vgg16-tflite")
    hub.publish("them/evil", models / "lambda-h5")
    for model in ("them/large", "them/ready"):
        admin.post("/admin/reload-model", json={"model_id": model})
    assert settled(admin)["active"] == {"id": "them/ready", "revision": commit}

    admin.post("/admin/reload-model", json={"model_id": "them/evil"})
    failed = settled(admin)
    assert (failed["state"], failed["active"]["id"]) == ("failed", "them/ready")
    assert "Lambda layer" in failed["error"]

    hub.stop()
    admin.post("/admin/reload-model", json={"model_id": "them/evil", "model_revision": "v2"})
    assert "out of reach" in settled(admin)["error"]
