"""Addresses of weighings' photos that only staff are given: signed, and good for some hours.

A browser fetches an `<img>` without a login. So the address itself carries the time at which it
expires, and a signature with this process's key keeps others from forging an address.
"""

import hmac
import secrets
import time
from collections.abc import Callable
from hashlib import sha256

_STEP_S = 3600
"""Addresses change once an hour, so that a browser's cache can keep the photos meanwhile."""
_HOURS = 12


class PhotoAddresses:
    """Makes and checks the addresses."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._key = secrets.token_bytes(32)
        self._clock = clock

    def make(self, job_id: str, side: int) -> str:
        """Where the photo of a weighing is, at most `side` pixels long."""
        until = (int(self._clock()) // _STEP_S + _HOURS) * _STEP_S
        return f"/photos/{job_id}/{side}.jpg?until={until}&sign={self._sign(job_id, side, until)}"

    def holds(self, job_id: str, side: int, until: int, sign: str) -> bool:
        """Whether this process signed the address, and the address has not expired."""
        good = hmac.compare_digest(sign.encode(), self._sign(job_id, side, until).encode())
        return good and self._clock() < until

    def _sign(self, job_id: str, side: int, until: int) -> str:
        message = f"{job_id}/{side}/{until}".encode()
        return hmac.new(self._key, message, sha256).hexdigest()
