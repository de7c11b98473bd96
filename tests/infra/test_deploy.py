"""Deploying the template into the emulator."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.deploy import _merge, deploy, embedded_parameters
from infra.deploying import create_or_update
from infra.deployment import Deployment
from infra.emulator import Emulator
from infra.errors import PlainError
from infra.package import fingerprint, stage
from infra.settings import ROOT, Settings
from infra.stack import cloudformation, find_stack
from tests.conftest import client_with, session_with
from tests.support import eventually, free_port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from tests.conftest import Deployed

STACK = "smartscale"


@pytest.fixture(scope="module")
def own_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator that tests may kill; what one leaves, the next one's first deployment mends."""
    running = Emulator(tmp_path_factory.mktemp("own"), free_port(), "us-east-1")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is deployed into that emulator, to be changed."""
    return stage(ROOT, tmp_path_factory.mktemp("sources") / "copy").parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the deployable sources, to be changed."""
    return stage(ROOT, tmp_path / "copy").parent


@pytest.fixture(autouse=True)
def deploying_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deploys in this process: one of its own, which `tests/infra/test_run.py` has, takes seconds
    to import the SDK anew."""
    monkeypatch.setattr("infra.deploy._carry_out", lambda order, _: create_or_update(order))


def _deploy(
    emulator: Emulator,
    root: Path,
    stack: str = STACK,
    report: Callable[[str], None] = lambda _: None,
    **parameters: str,
) -> Deployment:
    wanted = embedded_parameters(Settings()) | parameters
    return deploy(emulator, stack, wanted, root=root, report=report)


def _s3(emulator: Emulator) -> "S3Client":
    s3: S3Client = client_with(emulator, "s3")
    return s3


def _dynamodb(emulator: Emulator) -> "DynamoDBClient":
    dynamodb: DynamoDBClient = client_with(emulator, "dynamodb")
    return dynamodb


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
def test_changed_code_and_settings_are_deployed_and_rows_stay(
    own_emulator: Emulator, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also into what an older version of ours deployed, whose aliases kept the settings of their
    versions."""
    with monkeypatch.context() as before:
        before.setattr("infra.deploy.without_versions", lambda template: template)
        first = _deploy(own_emulator, copy, "aged")
    rows = _dynamodb(own_emulator)
    rows.put_item(TableName=first.outputs.catalogue_table, Item={"label": {"S": "Banana"}})
    (copy / "functions" / "result" / "more.py").write_text("MORE = 1\n", encoding="utf-8")

    second = _deploy(own_emulator, copy, "aged", LogLevel="DEBUG")

    assert (second.changed, second.rebuilt) == (True, False)
    assert rows.scan(TableName=second.outputs.catalogue_table)["Count"] == 1
    client = client_with(own_emulator, "lambda")
    functions = {
        function["FunctionName"]: function
        for function in client.list_functions()["Functions"]
        if function["FunctionName"].startswith("aged-")
    }
    assert len(functions) == 5
    for name, function in functions.items():
        assert function["Environment"]["Variables"]["LOG_LEVEL"] == "DEBUG"
        assert client.list_aliases(FunctionName=name)["Aliases"] == []


@pytest.mark.integration
def test_a_killed_emulator_comes_back_with_the_deployed_stack(
    own_emulator: Emulator, sources: Path
) -> None:
    first = _deploy(own_emulator, sources)

    own_emulator.child.kill()
    own_emulator.start()

    assert not _deploy(own_emulator, sources).changed
    s3 = _s3(own_emulator)
    assert s3.get_bucket_notification_configuration(Bucket=first.outputs.bucket)[
        "QueueConfigurations"
    ]


@pytest.mark.integration
def test_a_lost_stack_is_built_anew_around_the_objects(
    own_emulator: Emulator, sources: Path
) -> None:
    """What `kill -9` during the very first deployment leaves: a bucket that no stack knows."""
    bucket = _deploy(own_emulator, sources).outputs.bucket
    _s3(own_emulator).put_object(Bucket=bucket, Key="ledger/kept.json", Body=b"{}")
    own_emulator.child.kill()
    own_emulator.forget_state()
    own_emulator.start()

    again = _deploy(own_emulator, sources)

    assert again.rebuilt
    assert again.outputs.bucket == bucket
    assert _keys(own_emulator, bucket, "ledger/kept") == ["ledger/kept.json"]
    # The new stack's queue is told of what comes.
    queue = again.outputs.weighings_queue_url.rpartition("/")[2]
    [told] = _s3(own_emulator).get_bucket_notification_configuration(Bucket=bucket)[
        "QueueConfigurations"
    ]
    assert told["QueueArn"].endswith(f":{queue}")


@pytest.mark.integration
def test_a_stack_that_has_lost_a_table_is_built_anew_around_the_objects(
    own_emulator: Emulator, sources: Path
) -> None:
    """Any other resource that is gone is noticed alike: `test_saved_stack.py`."""
    outputs = _deploy(own_emulator, sources).outputs
    _s3(own_emulator).put_object(Bucket=outputs.bucket, Key="ledger/kept.json", Body=b"{}")
    _dynamodb(own_emulator).delete_table(TableName=outputs.weighings_table)
    own_emulator.save()
    said: list[str] = []

    again = _deploy(own_emulator, sources, report=said.append)

    assert again.rebuilt
    assert "The stack has lost its WeighingRows" in said[0]
    tables = _dynamodb(own_emulator).list_tables()["TableNames"]
    assert {again.outputs.weighings_table, again.outputs.catalogue_table} <= set(tables)
    assert _keys(own_emulator, outputs.bucket, "ledger/kept") == ["ledger/kept.json"]


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
        _deploy(own_emulator, copy, "never-seen")

    template.write_text(whole, encoding="utf-8")
    _deploy(own_emulator, copy, "never-seen")

    client = cloudformation(session_with(own_emulator), own_emulator.endpoint)
    stack = find_stack(client, "never-seen")
    assert stack is not None
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_a_port_in_use_is_said_at_once(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PlainError, match=f"Port {port} is in use.*SMARTSCALE_CLOUD_PORT"):
            Emulator(home, port, "us-east-1").start()


@pytest.mark.integration
def test_on_another_port_everything_is_as_it_was(own_emulator: Emulator, sources: Path) -> None:
    bucket = _deploy(own_emulator, sources).outputs.bucket
    own_emulator.stop()
    moved = Emulator(own_emulator.home, free_port(), own_emulator.region)
    moved.start()
    try:
        again = _deploy(moved, sources)
        assert not again.changed
        assert f":{moved.port}/" in again.outputs.weighings_queue_url
        before = len(_keys(moved, bucket, "ledger/"))
        _s3(moved).put_object(Bucket=bucket, Key="uploads/no-picture-either", Body=b"text")
        eventually(lambda: len(_keys(moved, bucket, "ledger/")) > before, 60)
    finally:
        moved.stop()
        own_emulator.start()


def test_objects_are_put_back_beside_those_that_came_meanwhile(tmp_path: Path) -> None:
    def write(folder: str, *names: str) -> Path:
        for name in names:
            file = tmp_path / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(folder, encoding="utf-8")
        return tmp_path / folder

    kept, bucket = write("kept", "a/1", "a/b/2", "c/3"), write("new", "a/1", "a/b/4", "d/5")

    _merge(kept, bucket)

    found = {
        path.relative_to(bucket).as_posix(): path.read_text(encoding="utf-8")
        for path in bucket.rglob("*")
        if path.is_file()
    }
    came = {"a/b/4": "new", "d/5": "new"}
    assert found == {"a/1": "kept", "a/b/2": "kept", "c/3": "kept"} | came
    assert not kept.exists()
