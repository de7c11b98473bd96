"""Pictures go after their time; what was charged stays."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.commands.connection import Connection
from infra.expiry import expire
from smartscale.domain.upload import upload_key
from tests.conftest import Deployed
from tests.integration.conftest import Api

pytestmark = pytest.mark.integration


def test_pictures_expire_and_the_ledger_stays(
    api: Api, connection: Connection, deployed: Deployed, samples: dict[str, bytes]
) -> None:
    job_id = api.predict(samples["Banana"], idempotency_key="expiring")
    result = api.result(job_id)
    bucket = connection.bucket
    now = datetime.now(UTC)

    def keys() -> set[str]:
        pages = deployed.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket.name)
        return {found["Key"] for page in pages for found in page.get("Contents", ())}

    before = keys()
    assert expire(bucket, 30, now) == 0
    assert keys() == before
    assert expire(bucket, 40, now + timedelta(days=32)) > 0, "idempotency keys live 31 days"
    assert upload_key(job_id) in keys()
    expire(bucket, 30, now + timedelta(days=31))
    expiring = ("uploads/", "evidence/", "idempotency/")
    after = keys()
    assert not [key for key in after if key.startswith(expiring)]
    assert {key for key in before if not key.startswith(expiring)} <= after
    assert api.result(job_id) == result
