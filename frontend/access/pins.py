"""PINs of the shop's staff: kept as they are or as a hash, and tried only so often.

`python -m frontend.access.pins` asks for a PIN and prints its hash for the settings.
"""

import base64
import hashlib
import hmac
import math
import re
import secrets
import sys
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from getpass import getpass
from time import monotonic

_PIN = re.compile(r"[!-~]{4,64}", re.ASCII)
_HASH = re.compile(r"scrypt:(\d{1,2}):([A-Za-z0-9+/=]{16,}):([A-Za-z0-9+/=]{40,})", re.ASCII)
_LOG2_COST = 14
_MOST_LOG2_COST = 17
_KEY_BYTES = 32
NOT_A_PIN = "use 4 to 64 letters, digits or signs, or a hash of `python -m frontend.access.pins`"


class Role(IntEnum):
    """The roles of staff; a higher role may do everything that a lower one may."""

    ATTENDANT = 1
    """Looks after weighings: history, corrections, suspicious ones."""
    MANAGER = 2
    """Runs the shop: prices, items, models, figures too."""


def hash_pin(pin: str, log2_cost: int = _LOG2_COST) -> str:
    """A PIN as the settings may keep it: scrypt with a salt of its own."""
    salt = secrets.token_bytes(16)
    key = _key(pin, salt, log2_cost)
    return f"scrypt:{log2_cost}:{base64.b64encode(salt).decode()}:{base64.b64encode(key).decode()}"


def check_pin(kept: str) -> str:
    """A PIN or the hash of one as it stands in the settings.

    Raises:
        ValueError: it is neither.
    """
    hashed = _HASH.fullmatch(kept)
    good = _PIN.fullmatch(kept) if hashed is None else int(hashed[1]) <= _MOST_LOG2_COST
    if not good or (kept.startswith("scrypt:") and hashed is None):
        raise ValueError(NOT_A_PIN)
    return kept


def matches(pin: str, kept: str) -> bool:
    """Whether the typed PIN matches the stored one. Hashing takes about 50 ms."""
    hashed = _HASH.fullmatch(kept)
    if hashed is None:
        return hmac.compare_digest(pin.encode(), kept.encode())
    expected = base64.b64decode(hashed[3])
    return hmac.compare_digest(_key(pin, base64.b64decode(hashed[2]), int(hashed[1])), expected)


def _key(pin: str, salt: bytes, log2_cost: int) -> bytes:
    cost = 1 << log2_cost
    # scrypt wants 128 * r * cost bytes, and OpenSSL allows 32 MB unless told.
    room = 2 * 128 * 8 * cost
    return hashlib.scrypt(pin.encode(), salt=salt, n=cost, r=8, p=1, dklen=_KEY_BYTES, maxmem=room)


@dataclass
class _Failures:
    times: list[float] = field(default_factory=list)
    locked_until: float = 0.0


class TooManyAttempts(Exception):
    """Somebody has to wait before the next attempt; `seconds` says how long."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} seconds")
        self.seconds = seconds


class Attempts:
    """Limits wrong PINs per address: after five, each further attempt has to wait longer."""

    FREE, FIRST_WAIT_S, LONGEST_WAIT_S, FORGET_S = 5, 30.0, 300.0, 3600.0
    MOST_ADDRESSES = 1000

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[str, _Failures] = OrderedDict()

    def begin(self, address: str) -> None:
        """Count an attempt before the PIN is checked, so that parallel attempts are all counted.

        Raises:
            TooManyAttempts: the address has to wait before its next attempt.
        """
        now = self._clock()
        failures = self._known.setdefault(address, _Failures())
        if failures.locked_until > now:
            raise TooManyAttempts(math.ceil(failures.locked_until - now))
        failures.times = [one for one in failures.times if now - one <= self.FORGET_S] + [now]
        if (over := len(failures.times) - self.FREE) >= 0:
            failures.locked_until = now + min(self.FIRST_WAIT_S * 2**over, self.LONGEST_WAIT_S)
        self._known.move_to_end(address)
        if len(self._known) > self.MOST_ADDRESSES:
            self._known.popitem(last=False)

    def succeed(self, address: str, role: Role) -> None:
        """The PIN was right: forget this attempt, and after the highest role's all earlier ones.

        Whoever has another role's PIN could else guess on and on, with their own one in between.
        """
        if role is max(Role):
            self._known.pop(address, None)
        elif failures := self._known.get(address):
            failures.times, failures.locked_until = failures.times[:-1], 0.0


def main() -> None:
    """Ask for a PIN without showing it, and print its hash."""
    pin = getpass("PIN: ")
    if not _PIN.fullmatch(pin) or pin.startswith("scrypt:"):
        sys.stderr.write("A PIN has 4 to 64 letters, digits or signs.\n")
        sys.exit(2)
    sys.stdout.write(f"{hash_pin(pin)}\n")


if __name__ == "__main__":
    main()
