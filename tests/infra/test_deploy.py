"""Deploying the template into the emulator."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.deploy import Deployment, deploy, embedded_parameters
from infra.emulator import Emulator
from infra.errors import PlainError
from infra.package import fingerprint, stage
from infra.settings import ROOT, Settings
from infra.stack import cloudformation, emulator_session, find_stack
from tests.support import eventually, free_port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from tests.conftest import Deployed

STACK = "smartscale"


@pytest.fixture
def own_emulator(home: Path) -> Iterator[Emulator]:
    """An emulator that a test may kill."""
    running = Emulator(home, free_port(), "us-east-1")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the deployable sources, to be changed."""
    return stage(ROOT, tmp_path / "copy").parent


def _deploy(emulator: Emulator, root: Path = ROOT) -> Deployment:
    return deploy(emulator, STACK, embedded_parameters(Settings()), root=root)


def _s3(emulator: Emulator) -> "S3Client":
    return emulator_session(emulator.region).client("s3", endpoint_url=emulator.endpoint)


def _dynamodb(emulator: Emulator) -> "DynamoDBClient":
    return emulator_session(emulator.region).client("dynamodb", endpoint_url=emulator.endpoint)


def _keys(emulator: Emulator, bucket: str, prefix: str) -> list[str]:
    listing = _s3(emulator).list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [found["Key"] for found in listing.get("Contents", [])]


def test_the_fingerprint_knows_code_and_parameters_but_no_caches(copy: Path) -> None:
    before = fingerprint(copy, {"Currency": "EUR"})
    assert fingerprint(copy, {"Currency": "EUR"}) == before
    assert fingerprint(copy, {"Currency": "USD"}) != before

    (copy / "functions" / "upload" / "__pycache__").mkdir()
    (copy / "functions" / "upload" / "__pycache__" / "app.pyc").write_bytes(b"cache")
    again = stage(copy, copy.parent / "again").parent
    assert fingerprint(again, {"Currency": "EUR"}) == before

    (copy / "functions" / "upload" / "more.py").write_text("MORE = 1\n", encoding="utf-8")
    assert fingerprint(copy, {"Currency": "EUR"}) != before


@pytest.mark.integration
def test_deploying_the_same_code_again_changes_nothing(
    emulator: Emulator, deployed: "Deployed"
) -> None:
    again = deploy(emulator, deployed.settings.stack, embedded_parameters(deployed.settings))

    assert not again.changed
    assert again.outputs == deployed.outputs


@pytest.mark.integration
def test_changed_code_is_deployed_and_rows_stay(own_emulator: Emulator, copy: Path) -> None:
    first = _deploy(own_emulator, copy)
    _dynamodb(own_emulator).put_item(
        TableName=first.outputs.catalogue_table, Item={"label": {"S": "Banana"}}
    )
    (copy / "functions" / "result" / "more.py").write_text("MORE = 1\n", encoding="utf-8")

    second = _deploy(own_emulator, copy)

    assert second.changed
    assert not second.rebuilt
    rows = _dynamodb(own_emulator).scan(TableName=second.outputs.catalogue_table)
    assert rows["Count"] == 1


@pytest.mark.integration
def test_a_killed_emulator_comes_back_with_the_deployed_stack(own_emulator: Emulator) -> None:
    first = _deploy(own_emulator)

    own_emulator.child.kill()
    own_emulator.start()

    assert not _deploy(own_emulator).changed
    s3 = _s3(own_emulator)
    assert s3.get_bucket_notification_configuration(Bucket=first.outputs.bucket)[
        "QueueConfigurations"
    ]


@pytest.mark.integration
def test_a_lost_stack_is_built_anew_around_the_objects(own_emulator: Emulator) -> None:
    """What `kill -9` during the very first deployment leaves: a bucket that no stack knows."""
    bucket = _deploy(own_emulator).outputs.bucket
    _s3(own_emulator).put_object(Bucket=bucket, Key="ledger/kept.json", Body=b"{}")
    own_emulator.child.kill()
    own_emulator.forget_state()
    own_emulator.start()

    again = _deploy(own_emulator)

    assert again.rebuilt
    assert again.outputs.bucket == bucket
    assert _keys(own_emulator, bucket, "ledger/kept") == ["ledger/kept.json"]
    # The new stack's notification works: the object is recognised, or its failure recorded.
    _s3(own_emulator).put_object(Bucket=bucket, Key="uploads/not-a-picture", Body=b"text")
    eventually(lambda: len(_keys(own_emulator, bucket, "ledger/")) > 1, 30)


@pytest.mark.integration
def test_a_stack_that_failed_to_deploy_says_why_and_is_mended_by_the_next_run(
    own_emulator: Emulator, copy: Path
) -> None:
    template = copy / "template.yaml"
    whole = template.read_text(encoding="utf-8")
    template.write_text(
        whole.replace("Type: AWS::SQS::QueuePolicy", "Type: AWS::SQS::NoSuchType"),
        encoding="utf-8",
    )
    with pytest.raises(PlainError, match="NoSuchType"):
        _deploy(own_emulator, copy)

    template.write_text(whole, encoding="utf-8")
    _deploy(own_emulator, copy)

    client = cloudformation(own_emulator.endpoint, own_emulator.region)
    stack = find_stack(client, STACK)
    assert stack is not None
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_a_port_in_use_is_said_at_once(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PlainError, match=f"Port {port} is in use.*SMARTSCALE_CLOUD_PORT"):
            Emulator(home, port, "us-east-1").start()
