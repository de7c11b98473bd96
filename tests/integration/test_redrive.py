"""What failed is tried again by the command, on the real queues and tables."""

import pytest

from infra.commands.connection import Connection
from smartscale.adapters.bucket import S3Ledger, S3Uploads
from smartscale.adapters.tables import DynamoWeighings
from smartscale.adapters.topic import NoTopic
from smartscale.clock import now
from smartscale.domain.upload import upload_key
from smartscale.operations.messages import WAKE_UP, Arrival
from smartscale.operations.weighing.announce import Announce
from smartscale.operations.weighing.fail import Fail
from tests.conftest import Deployed
from tests.integration.conftest import Api
from tests.integration.test_commands import Command, smartscale
from tests.support import eventually

__all__ = ["smartscale"]
pytestmark = pytest.mark.integration


def fail(job_id: str, deployed: Deployed, connection: Connection) -> None:
    """Make of a weighing that is done one that was tried in vain."""
    outputs, region = deployed.outputs, deployed.settings.region
    entry = f"{upload_key(job_id).replace('uploads/', 'ledger/')}/done.json"
    deployed.s3().delete_object(Bucket=outputs.bucket, Key=entry)
    deployed.dynamodb().delete_item(
        TableName=outputs.weighings_table, Key={"job_id": {"S": job_id}}
    )
    weighings = DynamoWeighings(outputs.weighings_table, region)
    failing = Fail(
        S3Uploads(connection.bucket),
        S3Ledger(connection.bucket, 0),
        weighings,
        Announce(NoTopic(), connection.weighings_queue),
        now,
    )
    failing.process(Arrival(upload_key(job_id)), "tried in vain")


def test_a_failed_weighing_and_a_dead_import_are_tried_again(
    smartscale: Command,
    api: Api,
    connection: Connection,
    deployed: Deployed,
    samples: dict[str, bytes],
) -> None:
    job_id = api.predict(samples["Banana"], scale_id="redriven")
    first = api.result(job_id)
    fail(job_id, deployed, connection)
    assert api.result(job_id)["status"] == "failed"
    deployed.sqs().send_message(
        QueueUrl=deployed.outputs.imports_dead_letter_queue_url, MessageBody=WAKE_UP
    )

    planned = smartscale("redrive", "--dry-run", "--since", first["created_at"])
    assert planned.returncode == 0, planned.stderr
    assert f"would send again: weighing {job_id} (failed: tried in vain)" in planned.stdout
    assert "left: import" in planned.stdout
    assert api.result(job_id)["status"] == "failed", "a dry run changes nothing"

    done = smartscale("redrive", "--since", first["created_at"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("1 sent again, 1 left as they are.\n")
    eventually(lambda: api.result(job_id)["status"] == "done")
    again = api.result(job_id)
    assert (again["label"], again["price"]) == (first["label"], first["price"])
    nothing = smartscale("redrive", "--since", first["created_at"])
    assert nothing.stdout == "0 sent again, 0 left as they are.\n"
    smartscale.refuses("redrive", "--since", "tomorrow", saying="2026-11-25")
