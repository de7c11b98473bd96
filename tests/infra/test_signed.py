"""Asking the running emulator without the SDK."""

import pytest

from infra.emulator import Emulator
from infra.signed import Signed
from smartscale.domain.errors import StoreUnavailable
from tests.conftest import Deployed
from tests.support import free_port


@pytest.mark.integration
def test_a_queue_says_what_waits_and_what_is_worked_on(
    emulator: Emulator, deployed: Deployed
) -> None:
    sqs, signed = deployed.sqs(), emulator.signed
    url = sqs.create_queue(QueueName="counted")["QueueUrl"]
    assert (signed.waiting(url), signed.in_hand(url)) == (0, 0)
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    assert (signed.waiting(url), signed.in_hand(url)) == (1, 0)
    [taken] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
    assert (signed.waiting(url), signed.in_hand(url)) == (0, 1)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=taken["ReceiptHandle"])
    with pytest.raises(StoreUnavailable):
        signed.waiting(f"{url}-of-nobody")


@pytest.mark.integration
def test_it_saves_while_it_runs(emulator: Emulator, deployed: Deployed) -> None:
    table = deployed.outputs.catalogue_table
    emulator.signed.save()
    assert table in (emulator.state / "dynamodb.json").read_text(encoding="utf-8")


def test_who_is_not_there_is_told() -> None:
    known = {"AWS_ACCESS_KEY_ID": "1", "AWS_SECRET_ACCESS_KEY": "2"}
    nobody = Signed(f"http://127.0.0.1:{free_port()}", known, "us-east-1")
    with pytest.raises(StoreUnavailable):
        nobody.save()
