"""What a large catalogue costs: a weighing, the catalogue's pages, the kiosk's search, an import.

    python -m benchmarks.catalogue [--sizes 50,1000,10000] [--weighings 20]

For each size a system of its own is started (`smartscale run` in a new folder, on free ports), its
catalogue is filled by `smartscale catalogue import`, and the same things are timed. Times differ
between machines; the last column is the largest catalogue's ratio to the smallest.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from tests.running import Run

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_data" / "bananas.jpg"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
SHIPPED = 50
"""Items that a new system has already."""


def main(
    sizes: Annotated[str, typer.Option(help="numbers of items")] = "50,1000,10000",
    weighings: Annotated[int, typer.Option(help="how many are timed for each size")] = 20,
) -> None:
    """Time each size, and print the table."""
    columns = {int(size): _measure(int(size), weighings) for size in sizes.split(",")}
    table = Table("", *(f"{size:,}" for size in columns), "ratio")
    smallest, *_, largest = columns.values()
    for name in smallest:
        row = [f"{column[name]:.0f}" for column in columns.values()]
        ratio = f"{largest[name] / smallest[name]:.2f}" if smallest[name] else ""
        table.add_row(name, *row, ratio)
    Console().print(table)


def _measure(size: int, weighings: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, _running(Path(folder, "home")) as run:
        imported = 0.0
        if size > SHIPPED:
            file = Path(folder) / "items.csv"
            file.write_text(_items(size - SHIPPED), encoding="utf-8")
            smartscale = str(Path(sys.executable).with_name("smartscale"))
            command = [smartscale, "catalogue", "import", str(file)]
            began = time.perf_counter()
            subprocess.run(  # noqa: S603 - our own command
                command, env=run.environment(), check=True, stdout=subprocess.DEVNULL
            )
            imported = time.perf_counter() - began
        with httpx.Client(base_url=run.api, timeout=120, trust_env=False) as client:
            return {
                "import, s": imported,
                "weighing, ms": _median(weighings, lambda number: _weigh(client, number)),
                "catalogue, page of 1,000, ms": _median(
                    5, lambda _: client.get("/catalogue", params={"limit": 1000})
                ),
                "catalogue, nothing new, ms": _median(5, lambda _: _unchanged(client)),
                "keystroke to tiles, ms": _search(run.kiosk),
            }


def _weigh(client: httpx.Client, number: int) -> None:
    accepted = client.post(
        "/predict",
        files={"image": SAMPLE.read_bytes()},
        data={"weight": f"0.{500 + number}", "scale_id": "benchmark"},
    ).raise_for_status()
    job_id, status = accepted.json()["job_id"], "pending"
    while status == "pending":  # the first one may wait for a worker to start
        result = client.get(f"/result/{job_id}", params={"wait": 10}).raise_for_status().json()
        status = result["status"]
    if status != "done":
        raise RuntimeError(f"the weighing ended as {status}")


def _unchanged(client: httpx.Client) -> None:
    state = client.get("/catalogue", params={"limit": 1}).headers["etag"]
    client.get("/catalogue", params={"limit": 1}, headers={"If-None-Match": state})


def _search(kiosk: str) -> float:
    """Milliseconds from a letter to the tiles that it leaves, in a real browser; the median."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_context(locale="en-GB").new_page()
        page.goto(kiosk)
        page.set_default_timeout(60_000)
        page.get_by_role("group", name="Samples").get_by_role("button").nth(1).click()
        page.get_by_role("button", name="Something else").click()
        box = page.get_by_label("Search by name or number")
        tiles = page.locator(".tile:visible")
        tiles.first.wait_for()
        taken = []
        for text, label in (("ban", "Banana"), ("lem", "Lemon"), ("kiw", "Kiwi"), ("man", "Mango")):
            box.fill("")
            page.wait_for_function("document.querySelectorAll('.tile').length > 5")
            began = time.perf_counter()
            box.fill(text)
            page.wait_for_function(
                "label => [...document.querySelectorAll('.tile')]"
                ".filter(tile => tile.checkVisibility())[0]?.innerText.includes(label)",
                arg=label,
            )
            taken.append((time.perf_counter() - began) * 1000)
        browser.close()
    return statistics.median(taken)


def _median(times: int, action: Callable[[int], object]) -> float:
    action(0)  # the first one also warms what it needs
    taken = []
    for number in range(1, times + 1):
        began = time.perf_counter()
        action(number)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _items(count: int) -> str:
    lines = ["label,plu,category,unit,unit_price,currency,name_en,name_de"]
    lines += [
        f"Item-{n},{20000 + n},other,kg,{1 + n % 9}.49,EUR,Item number {n},Artikel Nummer {n}"
        for n in range(count)
    ]
    return "\n".join(lines) + "\n"


@contextmanager
def _running(home: Path) -> Iterator[Run]:
    """A system of its own."""
    run = Run(home)
    try:
        run.start()
        yield run
    finally:
        run.end()


if __name__ == "__main__":
    typer.run(main)
