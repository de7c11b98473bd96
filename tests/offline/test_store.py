"""What is kept outlives a power cut, in its order, once."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from frontend.offline.store import Kept, State, Store

NOW = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)


def kept(number: int = 1) -> Kept:
    return Kept(
        id=f"id-{number}",
        key=f"key-{number}",
        scale_id="kiosk-1",
        weight_kg=Decimal("0.500"),
        tare_kg=None,
        weighed_at=NOW + timedelta(seconds=number),
        weighing=f'{{"number": {number}}}',
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "weighings.sqlite")


def test_weighings_come_in_order_and_are_there_after_a_restart(
    store: Store, tmp_path: Path
) -> None:
    for number in (1, 2):
        store.add(kept(number), b"picture")
    store.close()
    again = Store(tmp_path / "weighings.sqlite")
    first = again.first()
    assert first == kept(1)
    assert again.picture(kept(1)) == b"picture"
    again.sent(kept(1), "job-1")
    assert again.first() == kept(2)
    assert again.waiting() == 1


def test_a_weighing_is_kept_once(store: Store) -> None:
    store.add(kept(), b"picture")
    assert store.add(replace(kept(), id="other", weighing="{}"), b"other") == kept()
    assert store.waiting() == 1


def test_what_is_said_while_it_is_sent_is_sent_too(store: Store) -> None:
    store.add(kept(), b"picture")
    sending = store.first()
    assert sending is not None
    store.change("id-1", '{"said": true}')
    store.sent(sending, "job-1")
    waits = store.first()
    assert waits is not None
    assert (waits.weighing, waits.job_id, waits.version) == ('{"said": true}', "job-1", 2)
    store.sent(waits, "job-1")
    assert store.first() is None
    store.change("id-1", '{"said": "more"}')
    assert store.waiting() == 1


def test_one_that_is_refused_does_not_hold_up_the_others(store: Store) -> None:
    for number in (1, 2):
        store.add(kept(number), b"picture")
    store.refuse(kept(1), "too old")
    assert store.first() == kept(2)
    assert [(one.id, one.reason) for one in store.refused()] == [("id-1", "too old")]
    store.retry("id-1")
    assert store.first() == kept(1)
    assert store.refused() == []


def test_what_is_said_while_it_is_refused_is_sent_all_the_same(store: Store) -> None:
    first = store.add(kept(), b"picture")
    store.change("id-1", '{"said": true}')
    store.refuse(first, "The label is not in the catalogue.")
    assert (store.waiting(), store.refused()) == (1, [])


def test_what_was_sent_is_forgotten_and_what_was_not_stays(store: Store) -> None:
    for number in (1, 2, 3):
        store.add(kept(number), b"picture")
    store.sent(kept(1), "job-1")
    store.refuse(kept(2), "no")
    store.forget_sent(NOW + timedelta(days=1))
    assert store.get("id-1") is None
    assert store.get("id-2") is not None
    third = store.get("id-3")
    assert third is not None
    assert third.state is State.WAITING


def test_a_weighing_is_on_disk_when_add_returns(tmp_path: Path) -> None:
    """A process that is killed right after it, with no chance to tidy up."""
    file = tmp_path / "weighings.sqlite"
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from frontend.offline.store import Store\n"
        "from tests.offline.test_store import kept\n"
        "Store(Path(sys.argv[1])).add(kept(), b'picture')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, file], check=False, cwd=os.getcwd())  # noqa: PTH109
    assert done.returncode == -9
    assert Store(file).first() == kept()


def test_it_is_closed_between_two_statements_however_many_threads_work(tmp_path: Path) -> None:
    for round_ in range(20):
        one = Store(tmp_path / f"{round_}.sqlite")
        begun = threading.Barrier(5)

        def work(store: Store = one, begun: threading.Barrier = begun) -> None:
            store.waiting()
            begun.wait()
            while True:
                store.forget_sent(NOW)

        with ThreadPoolExecutor(4) as workers:
            ends = [workers.submit(work) for _ in range(4)]
            begun.wait()
            one.close()
        for end in ends:
            assert isinstance(end.exception(), sqlite3.ProgrammingError)


def test_every_change_waits_for_the_disk(store: Store) -> None:
    ((synchronous,),) = store._run("PRAGMA synchronous")
    assert synchronous == 2, "FULL"
