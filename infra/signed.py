"""Asks the embedded emulator without the SDK, whose clients take 50 MB of RAM and a second to make.

For who runs all the time beside what it asks: the supervisor.
"""

import json
import urllib.request
from collections.abc import Mapping
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from infra.kept import SAVE_PATH
from smartscale.domain.errors import StoreUnavailable

_PATIENCE_S = 2.0
_SAVING_S = 60.0


class Signed:
    """Signed requests to the emulator of a run.

    Args:
        endpoint: its address.
        credentials: of the run, by the names of the environment.
        region: its region.
    """

    def __init__(self, endpoint: str, credentials: Mapping[str, str], region: str) -> None:
        self._endpoint = endpoint
        self._region = region
        self._credentials = Credentials(
            credentials["AWS_ACCESS_KEY_ID"], credentials["AWS_SECRET_ACCESS_KEY"]
        )

    def waiting(self, queue_url: str) -> int:
        """How many messages of a queue nobody has taken yet. Raises StoreUnavailable."""
        return self._count(queue_url, "ApproximateNumberOfMessages")

    def in_hand(self, queue_url: str) -> int:
        """How many messages of a queue somebody works on. Raises StoreUnavailable."""
        return self._count(queue_url, "ApproximateNumberOfMessagesNotVisible")

    def save(self) -> None:
        """Have the emulator save its state. Raises StoreUnavailable."""
        self._post(SAVE_PATH, "smartscale", b"", {}, _SAVING_S)

    def _count(self, queue_url: str, attribute: str) -> int:
        asked = json.dumps({"QueueUrl": queue_url, "AttributeNames": [attribute]}).encode()
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS.GetQueueAttributes",
        }
        answer = self._post("/", "sqs", asked, headers, _PATIENCE_S)
        try:
            found: dict[str, Any] = json.loads(answer)
            return int(found["Attributes"][attribute])
        except (KeyError, ValueError) as error:
            raise StoreUnavailable("the queue says nothing of its messages") from error

    def _post(
        self, path: str, service: str, body: bytes, headers: Mapping[str, str], patience_s: float
    ) -> bytes:
        url = f"{self._endpoint}{path}"
        request = AWSRequest("POST", url, data=body, headers=headers)
        SigV4Auth(self._credentials, service, self._region).add_auth(request)
        sent = urllib.request.Request(  # noqa: S310 - our own address
            url, body, dict(request.headers), method="POST"
        )
        try:
            with urllib.request.urlopen(sent, timeout=patience_s) as answer:  # noqa: S310
                return bytes(answer.read())
        except OSError as error:
            raise StoreUnavailable("the emulator does not answer") from error
