"""How much the embedded emulator grows with each weighing, at a run that is going on.

    make run                                    (in another terminal)
    python benchmarks/growth.py [--weighings N] [--every N] [--clients N]

Prints the emulator's resident memory after every so many weighings, and what each one cost.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Annotated

import httpx
import typer

from infra.settings import load_settings

_SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"
_MEGABYTE = 1_000_000


def _resident(pid: int) -> int:
    """Bytes of a process in memory, as Linux tells."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def main(
    weighings: Annotated[int, typer.Option(min=1)] = 20_000,
    every: Annotated[int, typer.Option(min=1)] = 1000,
    clients: Annotated[int, typer.Option(min=1)] = 8,
) -> None:
    """Weigh, and look at the emulator's memory meanwhile."""
    settings = load_settings()
    pid = int((settings.home / "run" / "cloud.lock").read_text(encoding="utf-8"))
    pictures = [
        (_SAMPLES / entry["file"]).read_bytes()
        for entry in json.loads((_SAMPLES / "manifest.json").read_text(encoding="utf-8"))
    ]
    with (
        httpx.Client(base_url=f"{settings.api_url}/v1", timeout=60) as api,
        ThreadPoolExecutor(clients) as pool,
    ):

        def weigh(number: int) -> None:
            answer = api.post(
                "/predict",
                files={"image": ("plate.jpg", pictures[number % len(pictures)])},
                data={"weight": "0.500", "scale_id": f"growth-{number % clients}"},
            ).raise_for_status()
            job_id = answer.json()["job_id"]
            while api.get(f"/result/{job_id}?wait=10").json()["status"] == "pending":
                pass

        numbers = iter(range(weighings))
        before, done = _resident(pid), 0
        typer.echo(f"{done:8} weighings: {before / _MEGABYTE:7.1f} MB")
        while some := list(islice(numbers, every)):
            for _ in pool.map(weigh, some):
                done += 1
            now = _resident(pid)
            each = (now - before) / len(some) / 1000
            typer.echo(f"{done:8} weighings: {now / _MEGABYTE:7.1f} MB, {each:5.1f} kB each")
            before = now


if __name__ == "__main__":
    typer.run(main)
