"""What a shop of some months meets: how the embedded run behaves by how much it has stored.

    python benchmarks/growth.py stored [--count N ...] [--home FOLDER]
    python benchmarks/growth.py weighed [--weighings N] [--every N] [--clients N]

`stored` needs no run: for 0, 10,000 and 100,000 weighings over 28 days, or the counts given, it
writes as many records into the ledger of a new home, starts a run there as after a power cut, and
prints how long that took, what answers take, the memory of all its processes, and the stop.

`weighed` weighs at a run that is going on (`make run` in another terminal), and prints the
emulator's memory after every so many weighings, and what each one cost.
"""

import hashlib
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Annotated

import httpx
import psutil
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from infra.emulator import ACCOUNT, objects_folder
from infra.settings import load_settings
from smartscale.domain.job_id import new_job_id
from smartscale.domain.load import Load
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import ModelRef, Prediction, Status, Unit, Weighing
from tests.running import Run
from tests.support import eventually

_ROOT = Path(__file__).resolve().parents[1]
_SAMPLES = _ROOT / "sample_data"
_MEGABYTE = 1_000_000
_SPAN = timedelta(days=28)
_LABELS = ("Banana", "Lemon", "Tomato", "Carrot", "Potato", "Kiwi", "Pear", "Onion", "Apple Red")
_LANGUAGES = ("en", "de", "es", "fr", "ru", "ar")
_TIMES = 7
_RESTORED = "Reconciled"
_AT_ONCE = 8
_READY_S = 1800.0
_SETTLE_S = 15.0
"""How long a run is left alone before its memory is read: a new stack's importer looks for what is
to be imported, and ends."""
_LOOKS = {
    "history": "history?limit=20",
    "... label": "history?limit=20&label=Banana",
    "... scale": "history?limit=20&scale_id=scale-1",
    "... asked": "history?limit=20&needs_confirmation=true",
    "... suspicious, none": "history?limit=20&suspicious=true",
    "... label, suspicious": "history?limit=20&suspicious=true&label=Banana",
    "... dropped as": "history?limit=20&upload_key=uploads/none.jpg",
    "... four weeks ago": f"history?limit=20&to={datetime.now(UTC) - timedelta(days=27):%Y-%m-%d}",
    "analytics 24 h": "analytics?hours=24",
    "analytics 30 days": "analytics?hours=720",
}

app = typer.Typer(add_completion=False)
console = Console()


def _candidate(label: str, confidence: str) -> Prediction:
    return Prediction(
        label=label,
        confidence=Decimal(confidence),
        plu="4011",
        names={
            language: f"{label} {language}" for language in ("en", "de", "es", "fr", "ru", "ar")
        },
        unit=Unit.KG,
        unit_price=Decimal("1.99"),
        tare_kg=Decimal("0.010"),
        net_kg=Decimal("0.490"),
        total=Decimal("0.98"),
        currency="EUR",
    )


def _weighings(count: int) -> Iterator[Weighing]:
    """So many weighings, evenly over four weeks; a tenth waits for a confirmation."""
    now = datetime.now(UTC)
    for number in range(count):
        at = now - _SPAN * (count - number) / count
        labels = [_LABELS[(number + step) % len(_LABELS)] for step in range(5)]
        first, *others = (
            _candidate(label, "0.9" if not step else "0.02") for step, label in enumerate(labels)
        )
        job_id = new_job_id(at)
        yield Weighing(
            job_id=job_id,
            status=Status.DONE,
            scale_id=f"scale-{number % 4}",
            upload_key=upload_key(job_id),
            created_at=at,
            completed_at=at + timedelta(milliseconds=80),
            load=Load.parse("0.500"),
            label=first.label,
            names=first.names,
            confidence=Decimal(number % 40 + 60) / 100,
            top_k=(first, *others),
            needs_confirmation=number % 10 == 0,
            asked=number % 10 == 0,
            tare_kg=first.tare_kg,
            net_kg=first.net_kg,
            unit=first.unit,
            unit_price=first.unit_price,
            price=first.total,
            currency="EUR",
            model=ModelRef(id="builtin", revision="0" * 12),
            timings={
                "queue_ms": Decimal(5),
                "inference_ms": Decimal(15 + number % 17),
                "total_ms": Decimal(50 + number % 61),
            },
            correlation_id=job_id,
        )


def _store(bucket: Path, weighing: Weighing) -> None:
    """Write a ledger's record as the emulator keeps it."""
    at = weighing.completed_at
    key = f"ledger/{weighing.created_at:%Y/%m/%d}/{weighing.job_id}/{weighing.event}.json"
    record = weighing.model_dump_json(exclude_none=True).encode()
    file = bucket / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(record)
    os.utime(file, (at.timestamp(), at.timestamp()))
    described = {
        "content_type": "application/json",
        "etag": f'"{hashlib.md5(record, usedforsecurity=False).hexdigest()}"',
        "last_modified": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
        "size": len(record),
        "metadata": {},
        "key": key,
    }
    Path(f"{file}.meta.json").write_text(json.dumps(described), encoding="utf-8")


def _seconds(what: Callable[[], object]) -> float:
    began = time.monotonic()
    what()
    return time.monotonic() - began


def _median_ms(what: Callable[[], object]) -> float:
    what()
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        what()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _weigh(api: httpx.Client, number: int, picture: bytes) -> None:
    answer = api.post(
        "predict",
        files={"image": ("plate.jpg", picture)},
        data={"weight": "0.500", "scale_id": f"growth-{number % 8}"},
    ).raise_for_status()
    job_id = answer.json()["job_id"]
    while api.get(f"result/{job_id}?wait=10").json()["status"] == "pending":
        pass


def _fill(home: Path, count: int) -> None:
    """Write records into the bucket of a home in which a run was killed."""
    run = Run(home)
    run.start()
    run.kill_everything()
    settings = load_settings()
    bucket = objects_folder(home) / f"{settings.stack}-{ACCOUNT}-{settings.region}"
    for weighing in track(_weighings(count), f"writing {count:,} records", count, console=console):
        _store(bucket, weighing)


def _measure(home: Path) -> dict[str, str]:
    """What a run in a home does that was killed before."""
    run = Run(home, start_s=_READY_S)
    restored = run.said().count(_RESTORED)
    began = time.monotonic()
    found = {"power cut to ready": f"{_seconds(run.start):.1f} s"}
    eventually(lambda: run.said().count(_RESTORED) > restored, _READY_S)
    found["... until figures are told"] = f"{time.monotonic() - began:.1f} s"
    with httpx.Client(base_url=run.api, timeout=120, trust_env=False) as api:
        picture = (_SAMPLES / "bananas.jpg").read_bytes()
        found["one weighing"] = f"{_median_ms(lambda: _weigh(api, 1, picture)):.0f} ms"
        for name, path in _LOOKS.items():
            taken = _median_ms(lambda path=path: api.get(path).raise_for_status())  # type: ignore[misc]
            found[name] = f"{taken:.0f} ms"
        time.sleep(_SETTLE_S)
        found["memory of all processes"] = f"{run.memory_mb():.0f} MB"
        with ThreadPoolExecutor(_AT_ONCE) as shoppers:
            list(shoppers.map(lambda number: _weigh(api, number, picture), range(5 * _AT_ONCE)))
        time.sleep(_SETTLE_S)
        found["... with a second worker"] = f"{run.memory_mb():.0f} MB"
    found["... of the emulator"] = f"{_resident(run.pid('cloud')) / _MEGABYTE:.0f} MB"
    seconds = _seconds(run.stop)
    saved = "everything is saved" in run.said()
    found["Ctrl-C"] = f"{seconds:.1f} s, {'saved' if saved else 'NOT SAVED'}"
    found["clean start to ready"] = f"{_seconds(run.start):.1f} s"
    run.stop()
    return found


@app.command()
def stored(
    count: Annotated[list[int] | None, typer.Option(min=0)] = None,
    home: Annotated[
        Path | None, typer.Option(help="Where the homes go; default: a new one.")
    ] = None,
) -> None:
    """What a run does with so many weighings stored."""
    counts = count or [0, 10_000, 100_000]
    folder = Path(tempfile.mkdtemp(prefix="growth-")) if home is None else home
    columns = []
    for number in counts:
        _fill(folder / str(number), number)
        columns.append(_measure(folder / str(number)))
    table = Table("stored weighings", *(f"{number:,}" for number in counts))
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    console.print(table)
    console.print(f"The machine's load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    if home is None:
        shutil.rmtree(folder)


def _resident(pid: int) -> int:
    """Bytes of a process in memory."""
    return int(psutil.Process(pid).memory_info().rss)


@app.command()
def weighed(
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
        numbers = iter(range(weighings))
        before, done = _resident(pid), 0
        typer.echo(f"{done:8} weighings: {before / _MEGABYTE:7.1f} MB")
        while some := list(islice(numbers, every)):
            for _ in pool.map(lambda n: _weigh(api, n, pictures[n % len(pictures)]), some):
                done += 1
            now = _resident(pid)
            each = (now - before) / len(some) / 1000
            typer.echo(f"{done:8} weighings: {now / _MEGABYTE:7.1f} MB, {each:5.1f} kB each")
            before = now


if __name__ == "__main__":
    app()
