"""What a full disk, a damaged state, and a killed worker do to the emulator alone.

Without a stack around it each takes seconds; `tests/infra/test_run.py` has the whole run.
"""

import json
import os
import signal
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from infra.emulator import ACCOUNT, Emulator
from infra.process import Child
from infra.readiness import Readiness
from tests.conftest import client_with
from tests.support import eventually, free_port

pytestmark = pytest.mark.integration

HANDLER = """
import os, pathlib, time
folder = pathlib.Path(os.environ["FOLDER"])
def work(moment):
    if os.environ["SLOW"] == moment and not (folder / "pid").exists():
        (folder / "pid").write_text(str(os.getpid()))
        time.sleep(60)
work("start")
with (folder / "started").open("a") as started:
    print(os.getpid(), file=started)
def handler(event, context):
    work("batch")
    (folder / "new").write_text(str(os.getpid()))
    (folder / "new").rename(folder / "done")
"""


def make(home: Path, said: list[str] | None = None, ready: Readiness | None = None) -> Emulator:
    say: Callable[[str], None] = (lambda _: None) if said is None else said.append
    return Emulator(home, free_port(), "us-east-1", report=say, ready=ready)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=400", "tmpfs", str(folder)]
    try:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if made.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def on_small_disk(tmp_path: Path, small_disk: Path) -> Iterator[Emulator]:
    """An emulator whose objects are on the small disk."""
    home = tmp_path / "home"
    objects = home / "cloud" / "s3" / ACCOUNT
    objects.parent.mkdir(parents=True)
    objects.symlink_to(small_disk)
    emulator = make(home)
    emulator.start()
    try:
        client_with(emulator, "s3").create_bucket(Bucket="shop")
        yield emulator
    finally:
        emulator.stop()


def refused(put: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        put()
    return str(caught.value.response["Error"]["Code"])


def test_what_the_full_disk_did_not_take_is_refused_and_not_there(
    on_small_disk: Emulator,
) -> None:
    s3 = client_with(on_small_disk, "s3")
    stored: dict[str, bytes] = {}
    with pytest.raises(ClientError, match="could not be written"):
        for number in range(10):
            key, body = f"ledger/{number}.json", os.urandom(700_000)
            s3.put_object(Bucket="shop", Key=key, Body=body, IfNoneMatch="*")
            stored[key] = body
    assert stored
    # The key is not taken either: a claim that was refused can be made when there is room.
    assert refused(lambda: s3.put_object(Bucket="shop", Key=key, Body=body, IfNoneMatch="*")) == (
        "InsufficientStorage"
    )
    found = [one["Key"] for one in s3.list_objects_v2(Bucket="shop")["Contents"]]
    assert found == sorted(stored)
    s3.delete_object(Bucket="shop", Key=found[0])
    s3.put_object(Bucket="shop", Key=key, Body=body, IfNoneMatch="*")
    assert s3.get_object(Bucket="shop", Key=key)["Body"].read() == body


def test_a_disk_without_another_file_is_full_too(on_small_disk: Emulator) -> None:
    s3 = client_with(on_small_disk, "s3")
    with pytest.raises(ClientError, match="could not be written"):
        for number in range(400):
            s3.put_object(Bucket="shop", Key=f"ledger/{number:03d}.json", Body=b"{}")


def test_a_disk_that_became_read_only_takes_nothing(
    on_small_disk: Emulator, small_disk: Path
) -> None:
    s3 = client_with(on_small_disk, "s3")
    s3.put_object(Bucket="shop", Key="before", Body=b"1")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    put = refused(lambda: s3.put_object(Bucket="shop", Key="after", Body=b"2", IfNoneMatch="*"))
    assert put == "InsufficientStorage"
    assert s3.get_object(Bucket="shop", Key="before")["Body"].read() == b"1"


DAMAGED = [b"", b'{"__ministack_format__": 2, "pay', b"\xff", b"[]"]


def damage(home: Path, text: bytes) -> None:
    state = home / "cloud" / "state" / "sqs.json"
    state.parent.mkdir(parents=True)
    state.write_bytes(text)


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_state_is_kept_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes
) -> None:
    """Before the process starts, which this one does without."""
    said: list[str] = []
    monkeypatch.setattr(Child, "start", lambda _: None)
    monkeypatch.setattr(Child, "alive", True)
    monkeypatch.setattr("infra.emulator.answers", lambda _: True)
    damage(tmp_path / "home", text)
    emulator = make(tmp_path / "home", said)
    emulator.start()
    assert not emulator.complete
    [line] = said
    assert "sqs.json is damaged" in line
    [kept] = (tmp_path / "home" / "cloud" / "damaged").iterdir()
    assert kept.read_bytes() == text
    assert not (tmp_path / "home" / "cloud" / "state").exists()


def test_an_emulator_with_a_damaged_state_starts_all_the_same(tmp_path: Path) -> None:
    damage(tmp_path / "home", DAMAGED[0])
    emulator = make(tmp_path / "home")
    emulator.start()
    try:
        assert client_with(emulator, "sqs").list_queues().get("QueueUrls", []) == []
    finally:
        emulator.stop()


def test_a_clean_stop_is_known_by_its_mark_and_a_crash_by_none(tmp_path: Path) -> None:
    emulator = make(tmp_path / "home")
    emulator.start()
    client_with(emulator, "sqs").create_queue(QueueName="kept")
    emulator.complete = True
    assert emulator.stop()
    emulator.start()
    assert emulator.complete
    emulator.child.kill()
    emulator.start()
    assert not emulator.complete
    emulator.complete = True
    assert emulator.stop()
    # The clock says nothing: neither what the file names, nor when it was changed, is a moment.
    state = next((tmp_path / "home" / "cloud" / "state").glob("*.json"))
    saved = json.loads(state.read_text())
    state.write_text(json.dumps(saved))
    emulator.start()
    assert not emulator.complete
    emulator.stop()


def deploy_slow(
    emulator: Emulator, folder: Path, *, slow: str = "batch", queue: str = "work"
) -> str:
    """A function whose first batch, or start, takes long, and its queue; the queue's address."""
    code = BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("app.py", HANDLER)
    function = client_with(emulator, "lambda").create_function(
        FunctionName="slow",
        Runtime="python3.11",
        Handler="app.handler",
        Role=f"arn:aws:iam::{ACCOUNT}:role/any",
        Timeout=60,
        Code={"ZipFile": code.getvalue()},
        Environment={"Variables": {"FOLDER": str(folder), "SLOW": slow}},
    )
    sqs = client_with(emulator, "sqs")
    url: str = sqs.create_queue(QueueName=queue, Attributes={"VisibilityTimeout": "600"})[
        "QueueUrl"
    ]
    client_with(emulator, "lambda").create_event_source_mapping(
        FunctionName=function["FunctionName"],
        EventSourceArn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{queue}",
        BatchSize=10,
        ScalingConfig={"MaximumConcurrency": 2},
    )
    return url


@pytest.mark.parametrize("moment", ["batch", "start"])
def test_the_batch_of_a_killed_worker_is_delivered_again_at_once(
    tmp_path: Path, moment: str
) -> None:
    """Its queue would hide it for ten minutes."""
    emulator = make(tmp_path / "home")
    emulator.start()
    try:
        url = deploy_slow(emulator, tmp_path, slow=moment)
        client_with(emulator, "sqs").send_message(QueueUrl=url, MessageBody="{}")
        pid = tmp_path / "pid"
        eventually(lambda: pid.exists() and pid.read_text().isdigit(), 60)
        os.kill(int(pid.read_text()), signal.SIGKILL)
        eventually((tmp_path / "done").exists, 30)
    finally:
        emulator.stop()


def test_the_batch_of_a_killed_worker_goes_to_one_that_is_ready(tmp_path: Path) -> None:
    """Where shoppers wait for it, nobody waits for the start of another."""
    ready = Readiness.of(tmp_path / "home")
    emulator = make(tmp_path / "home", ready=ready)
    emulator.start()
    ready.declare()

    def started() -> list[str]:
        file = tmp_path / "started"
        return file.read_text().splitlines() if file.exists() else []

    try:
        url = deploy_slow(emulator, tmp_path, queue="shop-WeighingsQueue-1")
        eventually(lambda: len(started()) == 1, 60)  # before there is anything to do
        sqs = client_with(emulator, "sqs")
        sqs.send_message(QueueUrl=url, MessageBody="{}")
        eventually((tmp_path / "pid").exists)
        sqs.send_message(QueueUrl=url, MessageBody="{}")  # and waits for the first
        done = tmp_path / "done"
        eventually(done.exists, 60)
        first, second = started()
        assert done.read_text() == second
        done.unlink()
        os.kill(int(first), signal.SIGKILL)
        eventually(done.exists, 30)
        assert done.read_text() == second
    finally:
        emulator.stop()


def test_no_worker_gets_a_message_before_the_tables_are_restored(tmp_path: Path) -> None:
    ready = Readiness.of(tmp_path / "home")
    emulator = make(tmp_path / "home", ready=ready)
    emulator.start()
    try:
        (tmp_path / "pid").touch()  # it takes no time
        url = deploy_slow(emulator, tmp_path)
        sqs = client_with(emulator, "sqs")
        sqs.send_message(QueueUrl=url, MessageBody="{}")
        # Its poller looks each second, and when a message comes; so it has looked by then.
        for _ in range(3):
            sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2, VisibilityTimeout=0)
        assert not (tmp_path / "done").exists()
        ready.declare()
        eventually((tmp_path / "done").exists, 60)
    finally:
        emulator.stop()
