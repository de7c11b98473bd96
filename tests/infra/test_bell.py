"""Requests that wait for an answer are woken when it is stored."""

import asyncio
import socket
from pathlib import Path

import pytest

from infra import bell
from infra.bell import EmulatorsBell, Ringer, new_port
from tests.infra.test_rules import with_rules

STORED = """
from ministack.services import dynamodb
dynamodb._create_table({
    "TableName": "weighings", "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "job_id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "job_id", "KeyType": "HASH"}],
})
item = {"job_id": {"S": "01-a-job"}, "version": {"N": "1"}}
new = "attribute_not_exists(version)"
put = {"TableName": "weighings", "Item": item, "ConditionExpression": new}
print(json.dumps([dynamodb._put_item(put)[0] for _ in range(2)]))
"""


@pytest.mark.asyncio
async def test_who_waits_is_woken_by_its_own_weighing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "_LOOK_ANYWAY_S", 600)
    port = new_port()
    rings, ringer = EmulatorsBell(port), Ringer(port)
    with rings.listen("other") as other, rings.listen("mine") as mine:
        await mine(0.001)  # it listens from here on
        waits = asyncio.ensure_future(other(600))
        ringer.ring("mine")
        await mine(600)
        assert not waits.done()
        ringer.ring("other")
        await waits


@pytest.mark.asyncio
async def test_a_port_that_is_taken_means_to_look_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bell, "_LOOK_ANYWAY_S", 0.01)
    port = new_port()
    first, second = EmulatorsBell(port), EmulatorsBell(port)
    with first.listen("mine") as one, second.listen("mine") as other:
        await one(600)
        await other(600)


def test_the_emulator_tells_of_rows_that_it_has_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hears:
        hears.bind(("127.0.0.1", 0))
        hears.setblocking(False)
        monkeypatch.setenv(bell.VARIABLE, str(hears.getsockname()[1]))
        assert with_rules(STORED, tmp_path) == [200, 400]
        assert hears.recv(100) == b"01-a-job"
        with pytest.raises(BlockingIOError):
            hears.recv(100)
