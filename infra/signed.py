"""Asks the embedded emulator without the SDK, of which the signer alone takes 20 MB of RAM.

For who runs all the time beside what it asks: the supervisor. It signs (SigV4) by the functions
with which the emulator compares.
"""

import hashlib
import json
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ministack.core import sigv4

from infra.kept import SAVE_PATH
from smartscale.clock import now
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
        self._key = credentials["AWS_ACCESS_KEY_ID"]
        self._secret = credentials["AWS_SECRET_ACCESS_KEY"]

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
        signed = self._sign(path, service, body, headers)
        sent = urllib.request.Request(url, body, signed, method="POST")  # noqa: S310 - our own
        try:
            with urllib.request.urlopen(sent, timeout=patience_s) as answer:  # noqa: S310
                return bytes(answer.read())
        except OSError as error:
            raise StoreUnavailable("the emulator does not answer") from error

    def _sign(
        self, path: str, service: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, str]:
        moment = f"{now():%Y%m%dT%H%M%SZ}"
        scope = moment[:8], self._region, service
        signed = {
            **{name.lower(): value for name, value in headers.items()},
            "host": urlsplit(self._endpoint).netloc,
            "x-amz-date": moment,
        }
        names = ";".join(sorted(signed))
        hashed = hashlib.sha256(body).hexdigest()
        request = sigv4.build_canonical_request(
            "POST", path, signed, {}, names, payload_hash=hashed
        )
        to_sign = sigv4.build_string_to_sign(moment, *scope, request)
        signature = sigv4.calculate_signature(self._secret, *scope, to_sign)
        credential = "/".join((self._key, *scope, "aws4_request"))
        authorization = (
            f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, "
            f"Signature={signature}"
        )
        return {**signed, "Authorization": authorization}
