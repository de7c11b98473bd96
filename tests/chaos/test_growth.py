"""What a run needs of memory, whatever pictures come, and what a lost worker costs its shoppers."""

import io
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest
from PIL import Image

from tests.running import SERVICES, Run
from tests.support import eventually

pytestmark = pytest.mark.chaos

SAMPLES = Path(__file__).parents[2] / "sample_data"
WEIGHINGS = int(os.environ.get("CHAOS_WEIGHINGS", "1000"))
WARM = 100
"""Weighings before the first look: until then caches fill and workers start."""
LONGEST_S = 120.0
"""For each of the two rounds of weighings."""
MOST_BYTES_A_WEIGHING = 15_000
"""In the first minutes; figures that are older need less."""
API_PEAK_BYTES = 400_000_000
LOST_WORKER_S = 10.0
READY_BYTES = 100_000_000
"""A worker that has loaded the model has more; one that starts has less."""


def weigh(client: httpx.Client, count: int) -> int:
    """Weigh so often, four at once, or for as long as there is time; how many there were."""
    picture = (SAMPLES / "bananas.jpg").read_bytes()
    end = time.monotonic() + LONGEST_S

    def one(number: int) -> int:
        if time.monotonic() > end:
            return 0
        accepted = client.post(
            "/predict",
            files={"image": ("a.jpg", picture)},
            data={"weight": f"0.{100 + number % 900}", "scale_id": f"scale-{number % 4}"},
        ).raise_for_status()
        job = accepted.json()["job_id"]
        eventually(
            lambda: client.get(f"/result/{job}", params={"wait": 10}).json()["status"] == "done",
            60,
        )
        return 1

    with ThreadPoolExecutor(4) as scales:
        return sum(scales.map(one, range(count)))


def resident(run: Run) -> dict[str, int]:
    """Bytes of memory of each service; the workers are the emulator's children."""
    found = {}
    for name in SERVICES:
        process = psutil.Process(run.pid(name))
        found[name] = process.memory_info().rss
        if name == "cloud":
            found["workers"] = sum(
                child.memory_info().rss for child in process.children(recursive=True)
            )
    return found


def peak(pid: int) -> int:
    """The most memory that a process has had, in bytes."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("only Linux says what the peak of a process was")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


@pytest.fixture(scope="module")
def client(started: Run) -> httpx.Client:
    """A client of the API."""
    return httpx.Client(base_url=started.api, timeout=120, trust_env=False)


def test_eight_small_files_of_many_pixels_at_once(
    started: Run, client: httpx.Client, measured: Callable[[str], None]
) -> None:
    small = io.BytesIO()
    Image.new("RGB", (8000, 5000), (90, 160, 40)).save(small, "WEBP", quality=10)

    def send(number: int) -> int:
        return client.post(
            "/predict",
            files={"image": (f"{number}.webp", small.getvalue())},
            data={"weight": "0.500"},
        ).status_code

    pid = started.pid("api")
    with ThreadPoolExecutor(8) as shoppers:
        statuses = set(shoppers.map(send, range(8)))

    highest = peak(pid)
    measured(
        f"eight WebP of 8000 x 5000 pixels, {len(small.getvalue()):,} bytes each: answers "
        f"{sorted(statuses)}, peak of the API {highest / 1e6:.0f} MB"
    )
    assert started.pid("api") == pid
    assert statuses <= {202, 413, 422, 429, 503}
    assert highest < API_PEAK_BYTES


def test_memory_does_not_grow_with_the_weighings(
    started: Run, client: httpx.Client, measured: Callable[[str], None]
) -> None:
    weigh(client, WARM)
    before = resident(started)
    count = weigh(client, WEIGHINGS)
    after = resident(started)
    assert count > 0
    for name, bytes_before in before.items():
        growth = (after[name] - bytes_before) / count
        measured(
            f"{name}: {bytes_before / 1e6:.0f} MB, after {count} weighings "
            f"{after[name] / 1e6:.0f} MB: {growth:,.0f} bytes a weighing"
        )
        assert growth < MOST_BYTES_A_WEIGHING, name


def test_a_worker_that_is_killed_amid_its_batch_costs_seconds(
    started: Run, client: httpx.Client, measured: Callable[[str], None]
) -> None:
    def workers() -> list[psutil.Process]:
        children = psutil.Process(started.pid("cloud")).children(recursive=True)
        return [one for one in children if one.memory_info().rss > READY_BYTES]

    def send(number: int) -> str:
        accepted = client.post(
            "/predict",
            files={"image": ("a.jpg", (SAMPLES / "bananas.jpg").read_bytes())},
            data={"weight": f"0.{500 + number}"},
        )
        job: str = accepted.raise_for_status().json()["job_id"]
        return job

    def answered(job: str) -> bool:
        status: str = client.get(f"/result/{job}", params={"wait": 10}).json()["status"]
        return status == "done"

    # While weighings wait for the first, a second is started.
    for job in [send(number) for number in range(40)]:
        eventually(partial(answered, job), 60)
    eventually(lambda: len(workers()) > 1, 60)
    for turn in range(3):
        jobs = [send(10 * turn + number) for number in range(6)]
        busiest = max(workers(), key=lambda one: one.cpu_percent(0.05))
        began = time.monotonic()
        busiest.kill()
        for job in jobs:
            eventually(partial(answered, job), 60)
        took = time.monotonic() - began
        measured(f"a worker killed amid its batch: its shoppers were answered after {took:.1f} s")
        assert took < LOST_WORKER_S
