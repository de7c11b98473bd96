"""What is backed up comes back into an empty stack as it was."""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.backup import rows
from infra.backup.copy_in import MARK
from infra.backup.place import Place, place_of
from infra.commands.connection import Connection
from infra.errors import PlainError
from infra.outputs import StackOutputs
from smartscale.adapters.bucket import LEDGER, PICTURES, S3Uploads
from smartscale.adapters.memories import MEMORY
from smartscale.adapters.tables import DynamoWeighings
from smartscale.domain.catalogue import Item
from smartscale.domain.upload import UPLOADS, upload_key
from smartscale.domain.weighing import Weighing
from smartscale.operations.ports.weighings import HistoryFilter
from tests.conftest import Deployed
from tests.examples import item
from tests.integration.conftest import Api

pytestmark = pytest.mark.integration


class Stack:
    """What users see of a stack's stores."""

    def __init__(self, outputs: StackOutputs, region: str) -> None:
        self.outputs = outputs
        self.connection = Connection(outputs, region)
        self._weighings = DynamoWeighings(outputs.weighings_table, region)

    def history(self) -> list[Weighing]:
        """Every weighing, newest first."""
        wanted = HistoryFilter(datetime(2025, 1, 1, tzinfo=UTC), datetime.now(UTC))
        return self._weighings.newest(wanted, None, 10_000)

    def catalogue(self) -> list[Item]:
        """What is sold."""
        return list(self.connection.catalogue.all())

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Objects by key."""
        bucket = self.connection.bucket
        return {found["Key"]: bucket.read(found["Key"]) for found in bucket.list(prefix)}

    def everything(self) -> dict[str, Any]:
        """All that a backup promises."""
        return {
            "history": self.history(),
            "catalogue": self.catalogue(),
            "request": self.connection.registry.current(),
            "ledger": self.objects(LEDGER),
            "memory": self.objects(MEMORY),
            "pictures": self.objects(PICTURES),
        }


@pytest.fixture
def empty(deployed: Deployed) -> Callable[[], Stack]:
    """Makes empty stores of the same shape, with a queue that nobody reads."""

    def make() -> Stack:
        name = f"empty-{uuid.uuid4().hex[:8]}"
        outputs, dynamodb = deployed.outputs, deployed.dynamodb()
        deployed.s3().create_bucket(Bucket=name)
        tables = {}
        for field in ("weighings_table", "catalogue_table", "models_table"):
            shape = dynamodb.describe_table(TableName=getattr(outputs, field))["Table"]
            indexes = [
                {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
                for index in shape.get("GlobalSecondaryIndexes", [])
            ]
            tables[field] = f"{name}-{field}"
            dynamodb.create_table(
                TableName=tables[field],
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=shape["AttributeDefinitions"],
                KeySchema=shape["KeySchema"],
                **({"GlobalSecondaryIndexes": indexes} if indexes else {}),  # type: ignore[arg-type]
            )
        queue = deployed.sqs().create_queue(QueueName=name)["QueueUrl"]
        made = outputs.model_copy(update={"bucket": name, "weighings_queue_url": queue, **tables})
        return Stack(made, deployed.settings.region)

    return make


@pytest.fixture
def shop(
    deployed: Deployed, connection: Connection, api: Api, samples: dict[str, bytes]
) -> Iterator[Stack]:
    """A stack in which something of everything has happened."""
    api.headers["X-Admin-Token"] = "a-token-for-tests"
    done, confirmed, pending = (api.predict(samples["Banana"], scale_id="kept") for _ in range(3))
    for job_id in (done, confirmed, pending):
        api.result(job_id)
    api.post(f"/confirm/{confirmed}", json={"label": "Lemon"})
    picture = samples["Granny-Smith"]
    api.post("/admin/enrol/Granny-Smith", files=[("images", ("a.jpg", picture))])
    api.post("/admin/reload-model", json={"model_id": "builtin"})
    connection.edit_catalogue().put(item("Quince", plu="4447"))
    connection.edit_catalogue().retire("Quince")
    connection.bucket.put_new(f"{PICTURES}a.jpg", samples["Granny-Smith"], "image/jpeg")
    # One whose message was lost.
    deployed.dynamodb().delete_item(
        TableName=deployed.outputs.weighings_table, Key={"job_id": {"S": pending}}
    )
    entry = f"{upload_key(pending).replace(UPLOADS, LEDGER)}/done.json"
    deployed.s3().delete_object(Bucket=deployed.outputs.bucket, Key=entry)
    yield Stack(deployed.outputs, deployed.settings.region)
    connection.reconcile().run()
    assert api.result(pending)["status"] == "done"


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, deployed: Deployed) -> Place:
    """Somewhere to back up to."""
    if request.param == "folder":
        return place_of(str(tmp_path / "backup"), deployed.settings.region)
    name = f"backups-{uuid.uuid4().hex[:8]}"
    deployed.s3().create_bucket(Bucket=name)
    return place_of(f"s3://{name}/shop 1", deployed.settings.region)


def quiet(_: str) -> None:
    """Say nothing."""


def test_everything_comes_back_as_it_was(
    shop: Stack, empty: Callable[[], Stack], place: Place
) -> None:
    before = shop.everything()
    manifest = shop.connection.back_up(place, quiet).run(pictures=False)
    assert manifest.tables["weighings"].count == len(before["history"]) > 0
    restored = empty()
    restored.connection.restore(place, quiet).run()
    assert restored.everything() == before
    assert before["request"] is not None
    unanswered = {upload.key for upload in S3Uploads(restored.connection.bucket).since(None)}
    assert unanswered, "a picture without an outcome is kept, and its arrival weighs it"
    for key in unanswered:
        original = S3Uploads(shop.connection.bucket).find(key)
        copy = S3Uploads(restored.connection.bucket).find(key)
        assert copy is not None
        assert original is not None
        assert (copy.metadata, copy.etag) == (original.metadata, original.etag)

    with pytest.raises(PlainError, match="not empty"):
        restored.connection.restore(place, quiet).run()
    again = shop.connection.back_up(place, quiet).run(pictures=False)
    assert again.objects == manifest.objects, "what did not change is not copied again"
    assert again.tables.keys() == manifest.tables.keys()
    for gone in manifest.names() - again.names():
        assert place.size(gone) is None


def test_an_interrupted_restore_is_taken_up_again(
    shop: Stack, empty: Callable[[], Stack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of(str(tmp_path), "us-east-1")
    shop.connection.back_up(place, quiet).run(pictures=False)
    restored = empty()

    def cut(*_: object) -> int:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(rows, "load", cut)
        with pytest.raises(ConnectionError):
            restored.connection.restore(place, quiet).run()
    assert not json.loads(restored.connection.bucket.read(MARK))["done"]
    restored.connection.restore(place, quiet).run()
    assert restored.everything() == shop.everything()


def test_what_was_written_while_tables_were_copied_is_mended_from_the_ledger(
    shop: Stack, empty: Callable[[], Stack], api: Api, samples: dict[str, bytes], tmp_path: Path
) -> None:
    late: list[str] = []

    def weigh(what: str) -> None:
        if what == "table models" and not late:
            late.append(api.predict(samples["Banana"], scale_id="late"))
            api.result(late[0])

    place = place_of(str(tmp_path), "us-east-1")
    shop.connection.back_up(place, weigh).run(pictures=False)
    restored = empty()
    restored.connection.restore(place, quiet).run()
    assert late[0] in {weighing.job_id for weighing in restored.history()}
    assert restored.everything() == shop.everything()


def test_a_damaged_backup_is_refused_and_says_which_file(
    shop: Stack, empty: Callable[[], Stack], tmp_path: Path
) -> None:
    place = place_of(str(tmp_path), "us-east-1")
    with pytest.raises(PlainError, match="no backup"):
        empty().connection.restore(place, quiet).run()
    manifest = shop.connection.back_up(place, quiet).run(pictures=False)
    victim = tmp_path / manifest.tables["catalogue"].name
    whole = victim.read_bytes()
    victim.write_bytes(whole[:-1] + b"?")
    with pytest.raises(PlainError, match=r"damaged: tables/catalogue.* was changed"):
        empty().connection.restore(place, quiet).run()
    victim.write_bytes(whole[:-1])
    target = empty()
    with pytest.raises(PlainError, match=r"damaged: tables/catalogue.* bytes"):
        target.connection.restore(place, quiet).run()
    assert target.objects("") == {}, "nothing was written"
    victim.unlink()
    with pytest.raises(PlainError, match="is missing"):
        target.connection.restore(place, quiet).run()
