"""Who may administer: whoever shows the admin token, and has not guessed too often.

Wrong tokens are counted by address and minute, in the table that all workers share. From an address
with too many of them no token is accepted until the minute is over, not even the right one: else a
guess would cost nothing. Guessing on does not make that longer, and other addresses are not
affected, so nobody can lock out the right token for good; the `smartscale` commands need none.
"""

import hashlib
import hmac
import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from smartscale.domain.errors import StoreUnavailable, TooManyAttempts, Unauthorised
from smartscale.operations.ports.access import AdminToken, Refusals
from smartscale.operations.ports.metrics import Metric, Metrics

MAX_REFUSALS = 20
"""How many wrong tokens an address may show in a minute."""
_WINDOW = timedelta(minutes=1)
_REMEMBERED = timedelta(hours=1)
_IPV6_SITE = 64
"""Bits of an IPv6 address that one site has for itself."""
_log = logging.getLogger(__name__)


class Authorise:
    """Compares tokens.

    Args:
        never: a token that is not accepted even where it is the configured one.
    """

    def __init__(
        self,
        token: AdminToken,
        refusals: Refusals,
        metrics: Metrics,
        now: Callable[[], datetime],
        never: str | None = None,
    ) -> None:
        self._token = token
        self._refusals = refusals
        self._metrics = metrics
        self._now = now
        self._never = never

    def check(self, shown: str | None, address: str) -> None:
        """Let the right token pass.

        Args:
            shown: what the caller says the token is.
            address: where the caller is.

        Raises:
            Unauthorised: it is missing or wrong.
            TooManyAttempts: this address has shown too many wrong ones.
            StoreUnavailable: the right one cannot be found out just now.
        """
        now = self._now()
        started = now.replace(second=0, microsecond=0)
        key = f"{_site(address)}#{started.astimezone(UTC):%Y-%m-%dT%H:%M}"
        if self._is_right(shown or ""):
            refused = self._refusals.count(key)
            if refused < MAX_REFUSALS:
                return
            too_many = True
        else:
            refused = self._refusals.add(key, until=now + _REMEMBERED)
            too_many = refused > MAX_REFUSALS
        self._metrics.emit([Metric("AdminTokenRefused", 1)])
        _log.warning("an admin token was refused", extra={"address": address, "times": refused})
        if not too_many:
            raise Unauthorised("The header X-Admin-Token is missing or wrong.")
        wait_s = math.ceil((started + _WINDOW - now).total_seconds())
        raise TooManyAttempts(
            f"Too many wrong admin tokens from this address: try again in {wait_s} s.", wait_s
        )

    def _is_right(self, shown: str) -> bool:
        """In constant time. One that is wrong may be newer than the one that is known here."""
        return self._equals(shown, self._token.current()) or self._equals(
            shown, self._token.current(fresh=True)
        )

    def _equals(self, shown: str, expected: str) -> bool:
        if not expected or expected == self._never:
            raise StoreUnavailable(
                "The admin token that is stored is empty or the well-known default: store another."
            )
        return hmac.compare_digest(_digest(shown), _digest(expected))


def _digest(text: str) -> bytes:
    """Of one length, so that comparing does not tell how long the right one is."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _site(address: str) -> str:
    """What stands for an address: not the address itself, and for IPv6 that of the whole site."""
    try:
        parsed = ip_address(address)
    except ValueError:
        pass
    else:
        if parsed.version == 6:  # noqa: PLR2004
            address = str(ip_network((parsed, _IPV6_SITE), strict=False))
    return hashlib.sha256(address.encode()).hexdigest()[:16]
