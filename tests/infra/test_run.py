"""`smartscale run` starts, mends itself and stops as its operator expects."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from infra.probe import answers
from infra.run_lock import only_run
from smartscale.settings import DEFAULT_ADMIN_TOKEN
from tests.running import Run
from tests.support import eventually

pytestmark = pytest.mark.integration

_UPLOADS = 50


@pytest.fixture
def run(home: Path) -> Iterator[Run]:
    """A run that is not started yet."""
    it = Run(home)
    yield it
    it.end()


@pytest.fixture(scope="module")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder that others have used before, so that it holds the deployed stack."""
    return tmp_path_factory.mktemp("used") / "home"


@pytest.fixture
def next_run(used_home: Path) -> Iterator[Run]:
    """A run on that home, on other ports than the last one; not started yet."""
    it = Run(used_home)
    yield it
    it.end()


@pytest.mark.parametrize("name", ["CLOUD", "API", "UI"])
def test_a_port_in_use_is_one_line_that_says_what_to_do(run: Run, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        run.ports[name] = other.getsockname()[1]

        assert run.launch().wait(60) == 1

    last = run.said().splitlines()[-1]
    assert last.startswith(f"Error: Port {run.ports[name]} is in use")
    assert f"SMARTSCALE_{name}_PORT" in last
    assert "Traceback" not in run.said()


def test_an_address_of_another_machine_is_one_line_that_says_so(run: Run) -> None:
    assert run.launch(SMARTSCALE_HOST="999.1.1.1", ADMIN_TOKEN="a-token-for-tests").wait(60) == 2

    last = run.said().splitlines()[-1]
    assert last.startswith("Error: The address 999.1.1.1 cannot be used")
    assert "SMARTSCALE_HOST" in last
    assert "Starting" not in run.said()


def test_the_default_token_is_refused_where_others_reach_the_api(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADMIN_TOKEN", raising=False)

    assert run.launch(SMARTSCALE_HOST="0.0.0.0").wait(60) == 2  # noqa: S104 - refused

    assert run.said().startswith("Error: SMARTSCALE_HOST 0.0.0.0 lets others reach the API")
    assert run.said().count("\n") == 1


def test_the_demos_pins_are_refused_where_others_reach_the_kiosk(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADMIN_TOKEN", raising=False)

    assert run.launch(SMARTSCALE_UI_HOST="0.0.0.0").wait(60) == 2  # noqa: S104 - refused

    assert run.said().startswith("Error: SMARTSCALE_UI_HOST 0.0.0.0 lets others reach the kiosk")
    assert run.said().count("\n") == 1


def test_a_second_run_on_the_same_home_is_refused(run: Run) -> None:
    with only_run(run.home):
        assert run.launch().wait(60) == 1

    assert run.said().splitlines()[-1].startswith("Error: SmartScale is already running on")


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    process = subprocess.run(
        [str(Path(sys.executable).with_name("smartscale")), "run"],
        env={**os.environ, "SMARTSCALE_HOME": str(tmp_path / "file")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert process.returncode == 1
    assert process.stderr.startswith("Error: ")
    assert process.stderr.count("\n") == 1


def test_ctrl_c_during_the_start_stops_cleanly(run: Run) -> None:
    process = run.launch()
    eventually(lambda: "Starting" in run.said(), 30)

    assert run.stop() == 0

    assert process.returncode == 0
    assert "Traceback" not in run.said()
    assert not any(_listening(port) for port in run.ports.values())


def test_what_was_weighed_survives_a_stop_and_a_power_cut(next_run: Run) -> None:
    run = next_run
    run.start()
    first = run.result(run.weigh(10))
    assert first["status"] == "done"
    eventually(lambda: str(first["job_id"]) in run.log("cloud"))
    assert "cloud | " not in run.said()
    eventually(lambda: _told(run) == _kept(run))

    assert run.stop(signal.SIGINT) == 0
    assert "everything is saved" in run.said()
    assert not any(_listening(port) for port in run.ports.values())

    run.settings["LOG_LEVEL"] = "WARNING"  # which is deployed
    restored = run.said().count("Reconciled")
    run.start()
    assert run.result(str(first["job_id"])) == first
    eventually(lambda: run.said().count("Reconciled") > restored)
    assert _told(run) == _kept(run), "figures that were saved are told again"
    shades = range(20, 20 + _UPLOADS)
    half = threading.Event()
    with ThreadPoolExecutor(8) as shoppers:
        uploads = {shade: shoppers.submit(run.weigh, shade) for shade in shades}
        uploads[shades[_UPLOADS // 2]].add_done_callback(lambda _: half.set())
        half.wait(60)
        run.kill_everything()
    acknowledged = [upload.result() for upload in uploads.values() if upload.exception() is None]
    assert len(acknowledged) >= _UPLOADS // 4

    run.start()
    assert run.result(str(first["job_id"])) == first
    # Who got no answer sends the picture again.
    acknowledged += [run.weigh(shade) for shade, sent in uploads.items() if sent.exception()]
    assert len(acknowledged) == _UPLOADS
    assert {str(run.result(job_id)["status"]) for job_id in acknowledged} == {"done"}


def test_what_dies_is_started_again_and_a_killed_supervisor_leaves_no_orphans(
    next_run: Run,
) -> None:
    run = next_run
    run.settings |= {"SMARTSCALE_HTTPS": "true", "HF_ENDPOINT": "http://127.0.0.1:9"}
    run.start()
    # Nothing is to be imported: what imports is started when something is.
    supervisor = psutil.Process(run.pid("api")).parent()
    assert supervisor is not None

    def imports() -> bool:
        lines = []
        for child in supervisor.children():
            with suppress(psutil.NoSuchProcess):
                lines.append(child.cmdline())
        return any("infra.importer" in line for line in lines)

    eventually(lambda: not imports(), 60)
    wanted = httpx.post(
        f"{run.api}/admin/reload-model",
        json={"model_id": "nobody/none"},
        headers={"X-Admin-Token": DEFAULT_ADMIN_TOKEN},
    )
    assert wanted.is_success, wanted.text
    eventually(imports, 30)
    assert answers(f"https://127.0.0.1:{run.ports['UI']}")
    assert not answers(f"http://127.0.0.1:{run.ports['UI']}")
    done = run.result(run.weigh(50))

    api = run.pid("api")
    os.kill(api, signal.SIGKILL)
    eventually(lambda: run.replaced("api", api) and answers(f"{run.api}/health"), 60)

    os.killpg(run.pid("cloud"), signal.SIGKILL)
    eventually(lambda: "The emulator is back" in run.said(), 60)
    assert run.result(str(done["job_id"])) == done

    assert run.stop(signal.SIGKILL) == -signal.SIGKILL
    eventually(lambda: not any(_listening(port) for port in run.ports.values()), 30)


def test_an_emulator_that_dies_again_while_it_is_revived_is_revived_all_the_same(
    next_run: Run,
) -> None:
    run = next_run
    run.start()
    done = [run.result(run.weigh(shade)) for shade in (60, 70)]

    for pause_s in (0.0, 2.0):
        dead = run.pid("cloud")
        os.killpg(dead, signal.SIGKILL)
        eventually(lambda dead=dead: run.replaced("cloud", dead), 60)  # type: ignore[misc]
        time.sleep(pause_s)  # any moment of the start, deployment or restoring
    os.killpg(run.pid("cloud"), signal.SIGKILL)

    eventually(lambda: "The emulator is back" in run.said(), 120)
    eventually(lambda: answers(f"{run.api}/health"), 60)
    assert [run.result(str(weighing["job_id"])) for weighing in done] == done
    assert run.result(run.weigh(80))["status"] == "done"
    assert run.stop() == 0
    assert "everything is saved" in run.said()


def _told(run: Run) -> int:
    """How many weighings the figures tell of."""
    answer = httpx.get(f"{run.api}/analytics?hours=24", timeout=60)
    return int(answer.raise_for_status().json()["total_requests"])


def _kept(run: Run) -> int:
    answer = httpx.get(f"{run.api}/history?limit=100", timeout=60)
    return len(answer.raise_for_status().json()["items"])


def _listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
