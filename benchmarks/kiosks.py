"""How fast a kiosk feels: one answer, a cold start, and many kiosks on one machine.

    python benchmarks/kiosks.py answer  [--api URL]              # stored -> in the client's hands
    python benchmarks/kiosks.py cold    [--kiosk URL]            # first visit -> usable
    python benchmarks/kiosks.py soak    [--kiosk URL] [--pages 20] [--rounds 5]

Start `make run` first. `soak` opens that many pages in one Chromium, each with a simulated scale of
its own; on every page a shopper puts a sample on the scale, waits for the answer, and takes it off
again. Times are as the shopper sees them, in milliseconds: the median and the 95th percentile.
"""

import asyncio
import json
import os
import shutil
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

import httpx
import typer
from playwright.async_api import Browser, Page, async_playwright

SAMPLES = Path(__file__).parents[1] / "sample_data"
API, KIOSK = "http://127.0.0.1:8000", "http://127.0.0.1:8501"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
PATIENCE_MS = 60_000

_Taken = TypeVar("_Taken")

app = typer.Typer(add_completion=False)


@app.command()
def answer(api: str = API, times: int = 40) -> None:
    """From the moment an answer is stored to the moment a waiting client has it."""
    photo = (SAMPLES / "bananas.jpg").read_bytes()
    late: list[float] = []
    whole: list[float] = []
    with httpx.Client(base_url=f"{api}/v1", timeout=30, trust_env=False) as client:
        for number in range(times + 1):
            began = time.time()
            accepted = client.post(
                "/predict",
                files={"image": photo},
                data={"weight": "0.742", "scale_id": "benchmark"},
                headers={"Idempotency-Key": f"benchmark-{began}-{number}"},
            ).raise_for_status()
            job = accepted.json()["job_id"]
            result = client.get(f"/result/{job}", params={"wait": 10}).raise_for_status().json()
            if number == 0:
                continue  # the first one also warms the model
            total_ms = (time.time() - began) * 1000
            whole.append(total_ms)
            accepted_at = datetime.fromisoformat(result["created_at"]).timestamp()
            stored_at = accepted_at + result["timings"]["total_ms"] / 1000
            late.append((time.time() - stored_at) * 1000)
    _say("sent -> in the client's hands", whole)
    _say("stored -> in the client's hands", late)


@app.command()
def cold(kiosk: str = KIOSK, times: int = 10) -> None:
    """From the address to a page that can be tapped, with nothing in the browser's cache."""

    async def measure(browser: Browser) -> list[float]:
        taken = []
        for _ in range(times):
            context = await browser.new_context()
            page = await context.new_page()
            began = time.perf_counter()
            await page.goto(kiosk)
            await _usable(page)
            taken.append((time.perf_counter() - began) * 1000)
            await context.close()
        return taken

    _say("cold cache -> usable", asyncio.run(_browse(measure)))


@app.command()
def soak(
    kiosk: str = KIOSK,
    pages: Annotated[int, typer.Option(help="kiosks at once")] = 20,
    rounds: Annotated[int, typer.Option(help="weighings on each")] = 5,
    pid: Annotated[int | None, typer.Option(help="the kiosk's process, on Linux")] = None,
) -> None:
    """Many kiosks at once: how long an answer takes, and how long a tap takes to show.

    With `pid` also what the kiosk's process spends on a weighing: that does not depend on what else
    the machine does, the browser with all those pages included.
    """

    async def measure(browser: Browser) -> tuple[list[float], list[float]]:
        opened = [await (await browser.new_context()).new_page() for _ in range(pages)]
        for one in opened:
            await one.goto(kiosk, timeout=PATIENCE_MS)
            await _usable(one)
        answers: list[float] = []
        taps: list[float] = []
        spent = _cpu_s(pid)

        async def shop(page: Page, first: int) -> None:
            for number in range(rounds):
                sample = page.locator("button.sample").nth((first + number) % 6)
                began = time.perf_counter()
                await sample.click(timeout=PATIENCE_MS)
                await page.locator(".answer h1").wait_for(timeout=PATIENCE_MS)
                answers.append((time.perf_counter() - began) * 1000)
                began = time.perf_counter()
                await page.get_by_role("button", name="Take it off the scale").click()
                await page.locator(".prompt.idle").wait_for(timeout=PATIENCE_MS)
                taps.append((time.perf_counter() - began) * 1000)

        await asyncio.gather(*(shop(page, number) for number, page in enumerate(opened)))
        if pid is not None:
            each = (_cpu_s(pid) - spent) / (pages * rounds) * 1000
            typer.echo(json.dumps({"what": "CPU of the kiosk per weighing", "ms": round(each)}))
        return answers, taps

    answers, taps = asyncio.run(_browse(measure))
    typer.echo(f"{pages} kiosks, {rounds} weighings each")
    _say("sample tapped -> answer (0.4 s of it the scale settles)", answers)
    _say("taken off -> next shopper's screen", taps)


def _cpu_s(pid: int | None) -> float:
    """What a process has spent on its CPU so far."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _usable(page: Page) -> None:
    """Wait until a tap reaches the kiosk: the page is drawn, and its socket is connected."""
    await page.locator("button.sample").first.wait_for(timeout=PATIENCE_MS)
    await page.wait_for_function("window.socket?.connected === true", timeout=PATIENCE_MS)


async def _browse(measure: Callable[[Browser], Awaitable[_Taken]]) -> _Taken:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        try:
            return await measure(browser)
        finally:
            await browser.close()


def _say(what: str, taken: list[float]) -> None:
    median, p95 = statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
    typer.echo(json.dumps({"what": what, "n": len(taken), "p50": round(median), "p95": round(p95)}))


if __name__ == "__main__":
    app()
