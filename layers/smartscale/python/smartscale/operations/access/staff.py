"""What only the shop's staff may say and see: it takes a kiosk's proof, or the admin token."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from smartscale.contract import proof
from smartscale.domain.errors import Forbidden
from smartscale.operations.access.authorise import Authorise
from smartscale.operations.ports.access import AdminToken


@dataclass(frozen=True)
class Shown:
    """A request, and what it shows of who asks."""

    method: str
    path: str
    query: str
    body_sha256: str
    address: str
    proof: str | None = None
    token: str | None = None


class Staff:
    """Tells whether somebody of the staff asks.

    Args:
        secret: what API and kiosks share; without one no kiosk can prove itself.
        administrators: whoever has the admin token.
        now: the time.
        reads_freely: whether the history is for everybody: nobody but this machine gets here.
    """

    def __init__(
        self,
        secret: AdminToken | None,
        administrators: Authorise,
        now: Callable[[], datetime],
        *,
        reads_freely: bool = False,
    ) -> None:
        self._secret = secret
        self._administrators = administrators
        self._now = now
        self._reads_freely = reads_freely

    def may_read(self, shown: Shown) -> None:
        """Let staff read what was weighed. Raises what `check` raises."""
        if not self._reads_freely:
            self._check(shown, "The history and its pictures are for staff")

    def may_decide(self, shown: Shown) -> None:
        """Let staff decide, and a kiosk tell what it charged. Raises what `check` raises."""
        self._check(
            shown, "What an attendant decides or a kiosk has charged takes a proof; a shopper's "
            "word (`confirmed_by: shopper`, without `charged`) takes none"
        )  # fmt: skip

    def may_backdate(self, shown: Shown) -> None:
        """Let a kiosk that was cut off, or staff, tell of a weighing of before: it is priced as
        things cost then. Raises what `check` raises."""
        self._check(
            shown, "A weighing of before (`weighed_at`) takes a proof; without `weighed_at` it is "
            "weighed now, which takes none"
        )  # fmt: skip

    def _check(self, shown: Shown, rule: str) -> None:
        """Let pass who has a proof.

        Raises:
            Forbidden: there is none, or it is not of this request.
            Unauthorised: the admin token is wrong.
            TooManyAttempts: this address has shown too many wrong ones.
            StoreUnavailable: what is right cannot be found out just now.
        """
        if shown.token is not None:
            self._administrators.check(shown.token, shown.address)
            return
        if shown.proof is not None and self._is_of_a_kiosk(shown, shown.proof):
            return
        wrong = "This proof is wrong or too old. " if shown.proof is not None else ""
        raise Forbidden(
            f"{wrong}{rule}: show the admin token (X-Admin-Token), or ask through a kiosk that has "
            "the API's SMARTSCALE_KIOSK_SECRET."
        )

    def _is_of_a_kiosk(self, shown: Shown, given: str) -> bool:
        if self._secret is None:
            return False
        # One that is wrong may be made with a secret that is newer than the one known here.
        for fresh in (False, True):
            secret = self._secret.current(fresh=fresh)
            if secret and proof.proves(
                secret, given, shown.method, shown.path, shown.query, shown.body_sha256, self._now()
            ):
                return True
        return False
