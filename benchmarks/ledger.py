"""How long reading a ledger takes, one record after the other and many at a time.

    python benchmarks/ledger.py [--records N] [--milliseconds MS]

The store is made up: it waits as long for each record as S3 takes to answer (10 to 30 ms within a
region), so the figures hold for a real bucket and hardly depend on this machine.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

import typer

from smartscale.adapters.bucket import S3Ledger
from smartscale.domain.job_id import new_job_id
from smartscale.domain.load import Load
from smartscale.domain.weighing import Status, Weighing
from smartscale.parallel import THREADS, in_parallel

_CHAIN_A_YEAR = 1000 * 200 * 365
_START = datetime(2026, 11, 25, tzinfo=UTC)


class SlowBucket:
    """A made-up store that waits before it returns each record."""

    name = "made-up"

    def __init__(self, records: int, seconds: float) -> None:
        self._seconds = seconds
        self._bodies: dict[str, bytes] = {}
        for number in range(records):
            at = _START + timedelta(seconds=number)
            job_id = new_job_id(at)
            load = Load(weight_kg=Decimal("0.500"), tare_kg=None, quantity=1)
            weighing = Weighing(
                job_id=job_id,
                status=Status.DONE,
                scale_id="kiosk-1",
                upload_key=f"uploads/{job_id}",
                created_at=at,
                completed_at=at,
                load=load,
            )
            self._bodies[f"ledger/{at:%Y/%m/%d}/{job_id}/done.json"] = (
                weighing.model_dump_json().encode()
            )

    def list(self, prefix: str, after: str = "") -> Iterator[dict[str, Any]]:
        """The keys."""
        yield from ({"Key": key} for key in self._bodies if key.startswith(prefix) and key > after)

    def read(self, key: str) -> bytes:
        """Return a record after the delay."""
        time.sleep(self._seconds)
        return self._bodies[key]


def main(
    records: Annotated[int, typer.Option(min=1)] = 2000,
    milliseconds: Annotated[float, typer.Option(min=0)] = 15,
) -> None:
    """Print both rates, and what they mean for a year of a chain."""
    bucket = SlowBucket(records, milliseconds / 1000)
    keys = [found["Key"] for found in bucket.list("")]
    one = _rate(records, (bucket.read(key) for key in keys))
    many = _rate(records, in_parallel(bucket.read, keys))
    ledger = S3Ledger(bucket, 0)  # type: ignore[arg-type]  # what of a bucket it needs to read
    read = _rate(records, in_parallel(ledger.read, ledger.outcomes(None)))
    typer.echo(f"{records} records, {milliseconds:g} ms each")
    for name, rate in (
        ("one after the other", one),
        (f"{THREADS} at a time", many),
        ("the same, parsed, as reconciling reads them", read),
    ):
        hours = _CHAIN_A_YEAR / rate / 3600
        typer.echo(f"{name:45}{rate:8.0f} a second{hours:10.0f} h for a year of 1,000 kiosks")


def _rate(records: int, reading: Iterator[Any]) -> float:
    started = time.perf_counter()
    for _ in reading:
        pass
    return records / (time.perf_counter() - started)


if __name__ == "__main__":
    typer.run(main)
