"""How much a run takes before anybody weighs: memory, seconds until it answers, and the disk.

    python benchmarks/footprint.py memory
    python benchmarks/footprint.py start [--home FOLDER]
    python benchmarks/footprint.py clone

`memory` looks at a run that is going on (`make run` in another terminal): megabytes of each of its
processes, resident (RSS) and with what several share counted by parts (PSS). `start` starts a run
twice in a new home, the second time as after a clean stop, and weighs as soon as it can. `clone`
does what a new machine does: it clones this repository, has `make run` install and start it, with
packages that are in uv's cache, and tells what the environment takes on the disk.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Annotated

import httpx
import psutil
import typer
from rich.console import Console
from rich.table import Table

from infra.settings import ROOT, load_settings
from tests.support import free_port

_MEGABYTE = 1_000_000
_COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""As `make run` has it."""
_LONGEST_S = 300.0
_LOOK_S = 0.02
_SETTLED_S = 20.0
"""When the process that looks for imports has found none, and ended."""

app = typer.Typer(add_completion=False)
console = Console()


def _processes(home: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The processes of a run, each with what it is."""
    by_pid = {}
    for lock in (home / "run").glob("*.lock"):
        with suppress(ValueError):
            by_pid[int(lock.read_text(encoding="utf-8"))] = lock.stem
    supervisor = psutil.Process(psutil.Process(_pid_of("cloud", by_pid)).ppid())
    yield "supervisor", supervisor
    for child in supervisor.children(recursive=True):
        yield by_pid.get(child.pid, "worker"), child


def _pid_of(name: str, by_pid: Mapping[int, str]) -> int:
    found = next((pid for pid, named in by_pid.items() if named == name), None)
    if found is None or not psutil.pid_exists(found):
        raise typer.BadParameter("nothing runs here: start it by `make run` in another terminal")
    return found


def _show_memory(home: Path) -> None:
    table = Table("process", "resident, MB", "share of it (PSS), MB")
    resident, shares = Counter[str](), Counter[str]()
    for name, process in _processes(home):
        with suppress(psutil.NoSuchProcess):
            known = process.memory_full_info()
            table.add_row(name, f"{known.rss / _MEGABYTE:.0f}", f"{known.pss / _MEGABYTE:.0f}")
            resident["all"] += known.rss
            shares["all"] += known.pss
    table.add_row("all", f"{resident['all'] / _MEGABYTE:.0f}", f"{shares['all'] / _MEGABYTE:.0f}")
    console.print(table)


@cache
def _ports() -> dict[str, str]:
    """The same for each start: another port is another setting, which is deployed."""
    return {f"SMARTSCALE_{name}_PORT": str(free_port()) for name in ("CLOUD", "API", "UI")}


@contextmanager
def _running(command: list[str], folder: Path, home: Path) -> Iterator[str]:
    """A run by a command; the address of its API. It is stopped as by Ctrl-C."""
    ports = _ports()
    home.mkdir(parents=True, exist_ok=True)
    with (home / "output.log").open("a", encoding="utf-8") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=folder,
            env={**os.environ, **ports, "SMARTSCALE_HOME": str(home), **_COMPILED},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield f"http://127.0.0.1:{ports['SMARTSCALE_API_PORT']}/v1"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait()


def _first_answer(api: str) -> None:
    """Weigh as soon as that is possible, and wait for the answer."""
    picture = (ROOT / "sample_data" / "bananas.jpg").read_bytes()
    end = time.monotonic() + _LONGEST_S
    with httpx.Client(base_url=api, timeout=60, trust_env=False) as client:
        while time.monotonic() < end:
            with suppress(httpx.TransportError):
                accepted = client.post(
                    "/predict", files={"image": ("a.jpg", picture)}, data={"weight": "0.500"}
                )
                if accepted.is_success:
                    break
            time.sleep(_LOOK_S)
        else:
            raise SystemExit("It did not start.")
        job_id = accepted.json()["job_id"]
        while client.get(f"/result/{job_id}?wait=10").json()["status"] == "pending":
            pass


def _begin(what: str, command: list[str], folder: Path, home: Path, *, look: bool) -> None:
    began = time.monotonic()
    with _running(command, folder, home) as api:
        _first_answer(api)
        console.print(f"{what}: {time.monotonic() - began:.1f} s until the first weighing's answer")
        if look:
            time.sleep(_SETTLED_S)
            _show_memory(home)


@app.command()
def memory() -> None:
    """Show the memory of the run that is going on."""
    _show_memory(load_settings().home)


@app.command()
def start(
    home: Annotated[Path | None, typer.Option(help="Where; default: a new folder.")] = None,
) -> None:
    """Start twice, and show the memory after each."""
    folder = Path(tempfile.mkdtemp(prefix="footprint-")) if home is None else home
    command = [str(Path(sys.executable).with_name("smartscale")), "run"]
    _begin("A new home", command, ROOT, folder, look=True)
    _begin("After a clean stop", command, ROOT, folder, look=True)
    _load()
    if home is None:
        shutil.rmtree(folder)


@app.command()
def clone() -> None:
    """Install and start a fresh clone of what is committed here."""
    folder = Path(tempfile.mkdtemp(prefix="footprint-"))
    fresh = folder / "smartscale"
    git = shutil.which("git") or "git"
    subprocess.run([git, "clone", "--quiet", str(ROOT), str(fresh)], check=True)  # noqa: S603
    if (ROOT / ".tools").exists():  # what the Makefile bootstraps once
        shutil.copytree(ROOT / ".tools", fresh / ".tools")
    make = [shutil.which("make") or "make", "run"]
    _begin("A fresh clone", make, fresh, folder / "home", look=False)
    _begin("... again", make, fresh, folder / "home", look=True)
    blocks = Counter[str]()
    seen = set()
    for file in (fresh / ".venv").rglob("*"):
        status = file.lstat()
        if status.st_ino not in seen:  # uv links files of its cache
            seen.add(status.st_ino)
            kind = "bytecode" if file.suffix == ".pyc" else "packages"
            blocks[kind] += status.st_blocks * 512
    sizes = ", ".join(f"{size / 2**20:.0f} MB of {kind}" for kind, size in blocks.items())
    console.print(f"The environment: {sum(blocks.values()) / 2**20:.0f} MB ({sizes})")
    _load()
    shutil.rmtree(folder)


def _load() -> None:
    console.print(f"The machine's load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    app()
