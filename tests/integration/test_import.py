"""From a hub to a weighing: the real client, the real conversion, the real chain."""

import os
import signal
import subprocess
import sys
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
    assert result["top_k"][0]["label"].startswith("Fruit ")


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
