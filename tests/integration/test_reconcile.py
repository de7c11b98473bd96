"""What a crash takes from the tables comes back from the bucket."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.commands.connection import Connection
from smartscale.adapters.bucket import Bucket, S3Ledger
from smartscale.domain.job_id import new_job_id
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import Weighing
from tests.conftest import Deployed
from tests.integration.conftest import Api

pytestmark = pytest.mark.integration


def test_lost_rows_and_lost_messages_come_back(
    api: Api, connection: Connection, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    job_id = api.predict(samples["Banana"], scale_id="lost")
    api.result(job_id)
    confirmed = api.post(f"/confirm/{job_id}", json={"label": "Lemon"}).json()
    deployed.dynamodb().delete_item(
        TableName=deployed.outputs.weighings_table, Key={"job_id": {"S": job_id}}
    )
    assert api.get(f"/result/{job_id}").json()["status"] == "pending"
    mended = connection.reconcile().run()
    assert mended.rows_rebuilt == 1
    assert api.result(job_id) == confirmed
    assert connection.reconcile().run().rows_rebuilt == 0


def test_an_upload_whose_message_was_lost_is_sent_again(
    api: Api, connection: Connection, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    job_id = api.predict(samples["Banana"], scale_id="unsent")
    api.result(job_id)
    bucket = deployed.outputs.bucket
    [entry] = deployed.s3().list_objects_v2(
        Bucket=bucket, Prefix=upload_key(job_id).replace("uploads/", "ledger/")
    )["Contents"]
    deployed.s3().delete_object(Bucket=bucket, Key=entry["Key"])
    deployed.dynamodb().delete_item(
        TableName=deployed.outputs.weighings_table, Key={"job_id": {"S": job_id}}
    )
    assert connection.reconcile().run().uploads_resent == 1
    assert api.result(job_id)["label"] == "Banana"


def test_a_record_that_a_power_cut_left_half_written_is_written_anew(
    api: Api, connection: Connection, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    job_id = api.predict(samples["Banana"], scale_id="half")
    result = api.result(job_id)
    entry = f"{upload_key(job_id).replace('uploads/', 'ledger/')}/done.json"
    deployed.s3().put_object(Bucket=deployed.outputs.bucket, Key=entry, Body=b'{"job_id"')
    deployed.dynamodb().delete_item(
        TableName=deployed.outputs.weighings_table, Key={"job_id": {"S": job_id}}
    )
    assert connection.reconcile().run().uploads_resent == 1
    again = api.result(job_id)
    assert (again["label"], again["price"]) == (result["label"], result["price"])
    body = deployed.s3().get_object(Bucket=deployed.outputs.bucket, Key=entry)["Body"].read()
    assert body.startswith(b'{"job_id"')
    assert body.endswith(b"}")


def test_the_ledger_finds_what_was_just_recorded_of_an_old_weighing(
    api: Api, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    job_id = api.predict(samples["Banana"], scale_id="old")
    api.result(job_id)
    entry = f"{upload_key(job_id).replace('uploads/', 'ledger/')}/done.json"
    body = deployed.s3().get_object(Bucket=deployed.outputs.bucket, Key=entry)["Body"].read()
    now = datetime.now(UTC)
    old = Weighing.model_validate_json(body).model_copy(
        update={
            "created_at": now - timedelta(days=10),
            "job_id": new_job_id(now - timedelta(days=10)),
        }
    )
    ledger = S3Ledger(Bucket(deployed.s3(), deployed.outputs.bucket), 0)
    ledger.append(old)
    try:
        since = {entry.job_id: entry for entry in ledger.outcomes(now - timedelta(minutes=1))}
        assert ledger.read(since[old.job_id]) == old
        assert not list(ledger.outcomes(now + timedelta(minutes=1)))
    finally:
        key = f"ledger/{old.created_at:%Y/%m/%d}/{old.job_id}/done.json"
        deployed.s3().delete_object(Bucket=deployed.outputs.bucket, Key=key)
