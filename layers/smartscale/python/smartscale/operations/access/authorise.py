"""Lets requests with the admin token pass, and slows down whoever guesses it.

Wrong tokens are counted by address and minute, in the table that all workers share. An address
with too many of them is refused until the minute is over, even with the right token: otherwise a
guess would cost nothing. More guesses do not extend the wait and other addresses are not affected,
so nobody can lock the operator out for good. The `smartscale` commands need no token.
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
        never: a token that is refused even if it is the configured one (the demo's).
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
        """Compare in constant time. A token that differs from the cached one may be newer, so the
        current one is looked up again."""
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
    """A digest: all have one length, so comparing does not reveal the token's length."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _site(address: str) -> str:
    """The key under which an address is counted: a hash, and for IPv6 that of the site's prefix."""
    try:
        parsed = ip_address(address)
    except ValueError:
        pass
    else:
        if parsed.version == 6:  # noqa: PLR2004
            address = str(ip_network((parsed, _IPV6_SITE), strict=False))
    return hashlib.sha256(address.encode()).hexdigest()[:16]
