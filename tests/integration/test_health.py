"""GET /v1/health of the running chain: what waits, for how long, who works, and the room left."""

from datetime import UTC, datetime

import pytest

from infra.commands.connection import Connection
from smartscale.operations.messages import WAKE_UP
from tests.conftest import Deployed
from tests.integration.conftest import Api
from tests.support import eventually

pytestmark = pytest.mark.integration


def test_health_tells_queue_workers_disk_and_the_oldest_message(
    api: Api, connection: Connection, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    began = datetime.now(UTC)
    assert api.result(api.predict(samples["Banana"]))["status"] == "done"
    said = api.get("/health").json()
    assert said["status"] == "ok"
    assert said["dependencies"]["queue"] == "ok"
    assert said["workers"]["reported"] >= 1
    assert datetime.fromisoformat(said["workers"]["last_at"]) <= datetime.now(UTC)
    assert said["disk"]["bytes_left"] > 0
    assert said["disk"]["files_left"] != 0

    functions = deployed.functions()
    mappings = functions.list_event_source_mappings()["EventSourceMappings"]
    [mapping] = [one for one in mappings if "WeighingsQueue" in one["EventSourceArn"]]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        deployed.sqs().send_message(
            QueueUrl=deployed.outputs.weighings_queue_url, MessageBody=WAKE_UP
        )
        # Nobody takes it: it is older with each look, and these are five seconds apart.
        eventually(lambda: api.get("/health").json()["queue"]["oldest_s"] > 0, 60)
        waits = api.get("/health").json()["queue"]
        assert waits["waiting"] == 1
        # Or a worker has told of one before it, which waited longer while functions started.
        told = max(report.waited_s or 0 for report in connection.registry.workers())
        assert waits["oldest_s"] <= max(told, (datetime.now(UTC) - began).total_seconds())
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    eventually(lambda: api.get("/health").json()["queue"] == {"waiting": 0, "oldest_s": 0}, 60)
