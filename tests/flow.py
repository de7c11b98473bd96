"""Weighings that flow into a stack while something is done to it, and what it holds of them."""

import threading
from typing import Any

from smartscale.domain.job_id import new_job_id
from smartscale.domain.upload import upload_key
from tests.conftest import Deployed
from tests.examples import NOW
from tests.integration.conftest import Api


def history_of(api: Api, scale_id: str) -> list[dict[str, Any]]:
    """Every weighing of a scale."""
    query = {"scale_id": scale_id, "limit": "100"}
    items: list[dict[str, Any]] = []
    while True:
        page = api.get("/history", params=query).json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        query["cursor"] = page["next_cursor"]


class Flow:
    """Drops weighings into the bucket until it is left, three a second, with at most five of them
    without an outcome."""

    def __init__(self, stack: Deployed, image: bytes) -> None:
        self.sent: list[str] = []
        self._s3 = stack.s3()
        self._bucket = stack.outputs.bucket
        self._image = image
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Flow":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(1 / 3):
            if len(self.sent) < 5 or self._has_outcome(self.sent[-5]):
                self._send()

    def _send(self) -> None:
        job_id = new_job_id(NOW)
        self._s3.put_object(
            Bucket=self._bucket,
            Key=upload_key(job_id),
            Body=self._image,
            Metadata={"weight-kg": "0.500", "scale-id": "flow"},
        )
        self.sent.append(job_id)

    def _has_outcome(self, job_id: str) -> bool:
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=ledger_folder(job_id))
        return found["KeyCount"] > 0


def ledger_folder(job_id: str) -> str:
    """Where the records of a weighing that was dropped into the bucket are."""
    return f"ledger/{'/'.join(upload_key(job_id).split('/')[1:4])}/{job_id}/"
