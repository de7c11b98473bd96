"""SmartScale and its peers side by side; README.md in this folder says what they are.

python -m benchmarks.peers [--rounds 3] [--burst 500] [--stack NAME ...]
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, cycle
from pathlib import Path
from typing import Annotated, Any, Self

import httpx
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.peers.stacks import (
    PEERS,
    ROOT,
    SMARTSCALE,
    STACKS,
    Stack,
    prepare_database,
    running,
)

_ALONE = 30
_LOOP_S = 10.0
_CLIENTS = (8, 32)
_CONNECTIONS = 64
_PATIENCE_S = 300.0
_SETTLE_S = 5.0
"""How long a stack is left alone after its start, and before its memory is read."""
_PICTURES = [path.read_bytes() for path in sorted((ROOT / "sample_data").glob("*.jpg"))]
MEASURED = (
    "one weighing, p50 (ms)",
    "one weighing, p95 (ms)",
    *(f"{clients} clients (weighings/s)" for clients in _CLIENTS),
    "burst (s)",
    "processor alone (ms a weighing)",
    "processor in a burst (ms a weighing)",
    "memory when idle (MB)",
    "start to first answer (s)",
)

Figures = dict[str, float]
console = Console(width=140)
app = typer.Typer(add_completion=False)


class _Client:
    """Weighs by the contract that all stacks share: 202 with an id, then the result held back.

    Each connection is a client of its own, and whoever asked first gets the next that is free. A
    pool of httpx looks through its connections and all who wait for each request, which takes the
    stacks as much processor time as half of a weighing.
    """

    def __init__(self, url: str) -> None:
        self._pictures: Iterator[bytes] = cycle(_PICTURES)
        self._free: asyncio.Queue[httpx.AsyncClient] = asyncio.Queue()
        for _ in range(_CONNECTIONS):
            self._free.put_nowait(
                httpx.AsyncClient(
                    base_url=url,
                    timeout=_PATIENCE_S,
                    trust_env=False,
                    verify=False,  # noqa: S501 - no TLS
                )
            )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        while not self._free.empty():
            await self._free.get_nowait().aclose()

    async def _ask(self, method: str, path: str, **content: Any) -> Any:
        connection = await self._free.get()
        try:
            answer = await connection.request(method, path, **content)
        finally:
            self._free.put_nowait(connection)
        return answer.raise_for_status().json()

    async def weigh(self) -> float:
        """Weigh once. Returns: the seconds from the request to the answer."""
        began = time.perf_counter()
        accepted = await self._ask(
            "POST",
            "/v1/predict",
            files={"image": ("photo.jpg", next(self._pictures), "image/jpeg")},
            data={"weight": "0.500"},
        )
        job_id = accepted["job_id"]
        until = time.perf_counter() + _PATIENCE_S
        while time.perf_counter() < until:
            answer = await self._ask("GET", f"/v1/result/{job_id}", params={"wait": 10})
            status = answer["status"]
            if status == "done":
                return time.perf_counter() - began
            if status != "pending":
                break
        raise RuntimeError(f"weighing {job_id} was not done: {status}")

    async def loop(self, clients: int, seconds: float) -> float:
        """So many clients, each of which weighs again as soon as it has its answer.

        Returns:
            Weighings a second.
        """
        began, done = time.perf_counter(), count()

        async def shop() -> None:
            while time.perf_counter() < began + seconds:
                await self.weigh()
                next(done)

        await asyncio.gather(*(shop() for _ in range(clients)))
        return next(done) / (time.perf_counter() - began)

    async def burst(self, uploads: int) -> float:
        """All uploads at once. Returns: the seconds until the last one is answered."""
        began = time.perf_counter()
        await asyncio.gather(*(self.weigh() for _ in range(uploads)))
        return time.perf_counter() - began


async def _measure(stack: Stack, began: float, burst: int) -> Figures:
    async with _Client(stack.url) as client:
        await client.weigh()
        figures = {"start to first answer (s)": time.perf_counter() - began}
        await asyncio.sleep(_SETTLE_S)
        for _ in range(10):
            await client.weigh()
        spent = stack.cpu_s()
        alone = [await client.weigh() * 1000 for _ in range(_ALONE)]
        figures["processor alone (ms a weighing)"] = (stack.cpu_s() - spent) / _ALONE * 1000
        figures["one weighing, p50 (ms)"] = statistics.median(alone)
        figures["one weighing, p95 (ms)"] = statistics.quantiles(alone, n=20)[-1]
        for clients in _CLIENTS:
            figures[f"{clients} clients (weighings/s)"] = await client.loop(clients, _LOOP_S)
        spent = stack.cpu_s()
        figures["burst (s)"] = await client.burst(burst)
        figures["processor in a burst (ms a weighing)"] = (stack.cpu_s() - spent) / burst * 1000
    await asyncio.sleep(_SETTLE_S)
    figures["memory when idle (MB)"] = stack.memory_mb()
    return figures


@app.command()
def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each stack has its turn.")] = 3,
    burst: Annotated[int, typer.Option(min=1, help="How many uploads come at once.")] = 500,
    stack: Annotated[
        list[str] | None, typer.Option(help=f"Only these of {', '.join(STACKS)}.")
    ] = None,
    home: Annotated[
        Path | None, typer.Option(help="SmartScale's home; default: a new one, started once first.")
    ] = None,
) -> None:
    """Measure all stacks in turn, and print medians and ratios."""
    names = [name for name in STACKS if not stack or name in stack]
    if set(names) & PEERS.keys():
        prepare_database()
    measured: dict[str, list[Figures]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        kept = home or Path(folder) / "home"
        if SMARTSCALE in names:
            with running(SMARTSCALE, kept):  # each stack starts where it has been before
                console.print("SmartScale has a home with its stack")
        for number in range(rounds):
            for name in names:
                began = time.perf_counter()
                with running(name, kept) as up:
                    figures = asyncio.run(_measure(up, began, burst))
                measured[name].append(figures)
                load = os.getloadavg()[0]
                shown = {what: round(value, 1) for what, value in figures.items()}
                console.print(
                    json.dumps({"round": number + 1, "stack": name, "load": load, **shown})
                )
    _print(measured)


def _print(measured: Mapping[str, Sequence[Figures]]) -> None:
    table = Table(title="Median over the rounds; ratios within a round: median (lowest to highest)")
    table.add_column("")
    peers = [name for name in measured if name != SMARTSCALE]
    for name in measured:
        table.add_column(name, justify="right")
    for name in peers:
        table.add_column(f"SmartScale / {name}", justify="right")
    for what in MEASURED:
        cells = [
            f"{statistics.median(one[what] for one in measured[name]):,.1f}" for name in measured
        ]
        for name in peers:
            ratios = [
                ours[what] / theirs[what]
                for ours, theirs in zip(measured.get(SMARTSCALE, []), measured[name], strict=False)
            ]
            cells.append(
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
                if ratios
                else ""
            )
        table.add_row(what, *cells)
    console.print(table)


if __name__ == "__main__":
    app()
