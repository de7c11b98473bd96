"""Requests that wait for an answer get it when it is stored."""

import asyncio
import base64
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from infra import bell
from infra.bell import EmulatorsBell, Ringer, bell_path
from smartscale.adapters.packed import packed, unpacked
from smartscale.domain.load import Load
from smartscale.domain.weighing import Status, Weighing
from tests.infra.test_rules import with_rules

STORED = """
from ministack.services import dynamodb
dynamodb._create_table({
    "TableName": "weighings", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "job_id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "job_id", "KeyType": "HASH"}],
})
item = {"job_id": {"S": "01-a-job"}, "document": {"B": "aGVsbG8="}, "version": {"N": "1"}}
new = "attribute_not_exists(version)"
put = {"TableName": "weighings", "Item": item, "ConditionExpression": new}
print(json.dumps([dynamodb._put_item(put)[0] for _ in range(2)]))
"""


def weighed(job_id: str) -> Weighing:
    """The outcome of a weighing."""
    now = datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
    return Weighing(
        job_id=job_id,
        status=Status.DONE,
        scale_id="kiosk-1",
        upload_key=f"uploads/{job_id}",
        created_at=now,
        completed_at=now,
        load=Load(weight_kg=Decimal("0.500")),
        correlation_id=job_id,
    )


@pytest.fixture
def rings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EmulatorsBell:
    """The API's side, which looks for nothing by itself."""
    monkeypatch.setattr(bell, "_LOOK_ANYWAY_S", 600)
    return EmulatorsBell(tmp_path / "bell", unpacked)


@pytest.fixture
def store(tmp_path: Path) -> Callable[[str], None]:
    """The emulator's side, when it stores a weighing."""
    ringer = Ringer(tmp_path / "bell")

    def ring(job_id: str) -> None:
        ringer.ring(job_id, base64.b64encode(packed(weighed(job_id))).decode())

    return ring


@pytest.mark.asyncio
async def test_who_waits_gets_its_own_weighing(
    rings: EmulatorsBell, store: Callable[[str], None]
) -> None:
    with rings.listen("other") as other, rings.listen("mine") as mine:
        waits = asyncio.ensure_future(other(600))
        store("mine")
        assert await mine(600) == weighed("mine")
        assert not waits.done()
        store("other")
        assert await waits == weighed("other")


@pytest.mark.asyncio
async def test_an_answer_that_came_before_somebody_waited_is_kept_for_the_first(
    rings: EmulatorsBell, store: Callable[[str], None]
) -> None:
    rings.expect("early")
    with rings.listen("late") as late:
        store("early")
        store("late")
        assert await late(600) == weighed("late")
    assert rings.expects("early")
    with rings.listen("early") as early:
        assert await early(600) == weighed("early")
    # What is asked for now may have been confirmed meanwhile: it is read.
    assert not rings.expects("early")
    with rings.listen("early") as again:
        assert await again(0.001) is None


@pytest.mark.asyncio
async def test_all_who_wait_for_one_weighing_are_woken(
    rings: EmulatorsBell, store: Callable[[str], None]
) -> None:
    with rings.listen("one") as first, rings.listen("one") as second:
        waits = asyncio.gather(first(600), second(600))
        await asyncio.sleep(0)
        store("one")
        assert set(map(bool, await waits)) == {True, False}  # the second one looks


@pytest.mark.asyncio
async def test_a_socket_that_cannot_be_made_means_to_look_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell, "_LOOK_ANYWAY_S", 0.01)
    deaf = EmulatorsBell(tmp_path / "nowhere" / "bell", unpacked)
    deaf.expect("mine")
    with deaf.listen("mine") as pause:
        assert await pause(600) is None
    assert not deaf.expects("mine")


def test_a_home_whose_path_is_too_long_for_a_socket_has_no_bell(tmp_path: Path) -> None:
    assert bell_path(Path("/srv/shop")) == Path("/srv/shop/run/bell")
    assert bell_path(tmp_path / ("x" * 100)) is None


def test_the_emulator_tells_of_rows_that_it_has_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hears:
        hears.bind(str(tmp_path / "bell"))
        hears.setblocking(False)
        monkeypatch.setenv(bell.VARIABLE, str(tmp_path / "bell"))
        assert with_rules(STORED, tmp_path) == [200, 400]
        assert hears.recv(100) == b"01-a-job aGVsbG8="
        with pytest.raises(BlockingIOError):
            hears.recv(100)
