"""`smartscale run` starts, mends itself and stops as its operator expects."""

import os
import signal
import socket
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
from tests.command import run_command
from tests.running import Run
from tests.support import eventually

pytestmark = pytest.mark.integration

_UPLOADS = 24
_BACK, _SAVED = "The emulator is back", "everything is saved"


@pytest.fixture
def run(home: Path) -> Iterator[Run]:
    """A run that is not started yet."""
    it = Run(home)
    yield it
    it.end()


@pytest.fixture(scope="module")
def shared_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run on a home folder that lasts, whose kiosk speaks HTTPS and whose hub is away."""
    home = tmp_path_factory.mktemp("shared") / "home"
    it = Run(home, SMARTSCALE_HTTPS="true", HF_ENDPOINT="http://127.0.0.1:9")
    yield it
    it.end()


@pytest.fixture
def running(shared_run: Run) -> Run:
    """The same, and it runs: a start takes ten seconds of processor time, so who leaves it running
    spares the next test one."""
    if not shared_run.alive:
        shared_run.start()
    return shared_run


def refusal(run: Run, **settings: str) -> tuple[int, str]:
    """The exit status of a run that does not start, and all that it says."""
    done = run_command(["run"], run.environment() | settings)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["CLOUD", "API", "UI"])
def test_a_port_in_use_is_one_line_that_says_what_to_do(run: Run, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        run.ports[name] = other.getsockname()[1]

        status, said = refusal(run)

    assert status == 1
    last = said.splitlines()[-1]
    assert last.startswith(f"Error: Port {run.ports[name]} is in use")
    assert f"SMARTSCALE_{name}_PORT" in last
    assert "Traceback" not in said


def test_an_address_of_another_machine_is_one_line_that_says_so(run: Run) -> None:
    status, said = refusal(run, SMARTSCALE_HOST="999.1.1.1", ADMIN_TOKEN="a-token-for-tests")

    assert status == 2
    last = said.splitlines()[-1]
    assert last.startswith("Error: The address 999.1.1.1 cannot be used")
    assert "SMARTSCALE_HOST" in last
    assert "Starting" not in said


def test_the_default_token_is_refused_where_others_reach_the_api(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADMIN_TOKEN", raising=False)

    status, said = refusal(run, SMARTSCALE_HOST="0.0.0.0")  # noqa: S104 - refused

    assert status == 2
    assert said.startswith("Error: SMARTSCALE_HOST 0.0.0.0 lets others reach the API")
    assert said.count("\n") == 1


def test_the_demos_pins_are_refused_where_others_reach_the_kiosk(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ADMIN_TOKEN", raising=False)

    status, said = refusal(run, SMARTSCALE_UI_HOST="0.0.0.0")  # noqa: S104 - refused

    assert status == 2
    assert said.startswith("Error: SMARTSCALE_UI_HOST 0.0.0.0 lets others reach the kiosk")
    assert said.count("\n") == 1


def test_a_second_run_on_the_same_home_is_refused(run: Run) -> None:
    with only_run(run.home):
        status, said = refusal(run)

    assert status == 1
    assert said.splitlines()[-1].startswith("Error: SmartScale is already running on")


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    status, said = refusal(Run(tmp_path / "file"))

    assert status == 1
    assert said.startswith("Error: ")
    assert said.count("\n") == 1


def test_ctrl_c_during_the_start_stops_cleanly(run: Run) -> None:
    process = run.launch()
    eventually(lambda: "Starting" in run.said(), 30)

    assert run.stop() == 0

    assert process.returncode == 0
    assert "Traceback" not in run.said()
    assert not any(_listening(port) for port in run.ports.values())


def test_what_its_children_say_is_in_their_logs_alone(running: Run) -> None:
    job_id = running.weigh(10)
    assert running.result(job_id)["status"] == "done"

    eventually(lambda: job_id in running.log("cloud"))
    assert "cloud | " not in running.said()


def test_a_kiosk_with_a_certificate_speaks_https_alone(running: Run) -> None:
    assert answers(f"https://127.0.0.1:{running.ports['UI']}")
    assert not answers(f"http://127.0.0.1:{running.ports['UI']}")


def test_an_api_that_dies_is_started_again(running: Run) -> None:
    done = running.result(running.weigh(50))

    dead = running.pid("api")
    os.kill(dead, signal.SIGKILL)

    eventually(lambda: running.replaced("api", dead) and answers(f"{running.api}/health"), 60)
    assert running.result(str(done["job_id"])) == done


def test_an_emulator_that_dies_again_while_it_is_revived_is_revived_all_the_same(
    running: Run,
) -> None:
    """And saves everything when it is stopped then, as if it had not died; an update that the next
    start deploys loses nothing of it, and tells no figure twice."""
    run = running
    revived, saved = (run.said().count(said) for said in (_BACK, _SAVED))
    done = [run.result(run.weigh(shade)) for shade in (60, 70)]

    for pause_s in (0.0, 2.0):
        dead = run.pid("cloud")
        os.killpg(dead, signal.SIGKILL)
        eventually(lambda dead=dead: run.replaced("cloud", dead), 60)  # type: ignore[misc]
        time.sleep(pause_s)  # any moment of the start, deployment or restoring
    os.killpg(run.pid("cloud"), signal.SIGKILL)

    eventually(lambda: run.said().count(_BACK) > revived, 120)
    eventually(lambda: answers(f"{run.api}/health"), 60)
    done.append(run.result(run.weigh(80)))
    assert {weighing["status"] for weighing in done} == {"done"}
    assert [run.result(str(weighing["job_id"])) for weighing in done] == done
    eventually(lambda: _told(run) == _kept(run))

    assert run.stop() == 0
    assert run.said().count(_SAVED) > saved
    assert not any(_listening(port) for port in run.ports.values())

    restored = run.said().count("Reconciled")
    run.settings["SMARTSCALE_IMAGE_RETENTION_DAYS"] = "31"  # which is deployed
    run.start()
    assert [run.result(str(weighing["job_id"])) for weighing in done] == done
    eventually(lambda: run.said().count("Reconciled") > restored)
    assert _told(run) == _kept(run), "figures that were saved are told again"


def test_what_was_weighed_survives_a_power_cut(running: Run) -> None:
    run = running
    first = run.result(run.weigh(15))
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


def test_what_imports_is_started_when_something_is_to_be_imported(running: Run) -> None:
    supervisor = psutil.Process(running.pid("api")).parent()
    assert supervisor is not None

    def imports() -> bool:
        lines = []
        for child in supervisor.children():
            with suppress(psutil.NoSuchProcess):
                lines.append(child.cmdline())
        return any("infra.importer" in line for line in lines)

    eventually(lambda: not imports(), 60)
    wanted = httpx.post(
        f"{running.api}/admin/reload-model",
        json={"model_id": "nobody/none"},
        headers={"X-Admin-Token": DEFAULT_ADMIN_TOKEN},
    )
    assert wanted.is_success, wanted.text
    eventually(imports, 30)


def test_a_killed_supervisor_leaves_no_orphans(running: Run) -> None:
    assert all(_listening(port) for port in running.ports.values())

    assert running.stop(signal.SIGKILL) == -signal.SIGKILL

    eventually(lambda: not any(_listening(port) for port in running.ports.values()), 30)


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
