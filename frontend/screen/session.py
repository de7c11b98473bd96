"""Who of the staff has logged in at a browser tab; that ends when idle, and at the scale."""

from collections.abc import MutableMapping
from time import monotonic
from typing import Any

from nicegui import app

from frontend.access.pins import Role

_ROLE, _TOKEN, _USED = "staff_role", "admin_token", "staff_used"


class Session:
    """Who has logged in at one browser tab, in this process's memory only.

    The browser never gets a PIN or token back: not in the page, not in a cookie, not in its
    storage.
    """

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._tab: MutableMapping[str, Any] = {}

    def open(self) -> None:
        """Take up what the tab knows; it has to be connected."""
        self._tab = app.storage.tab

    @property
    def role(self) -> Role | None:
        """The role that is logged in; None if nobody is, or the tab was idle for too long."""
        role: Role | None = self._tab.get(_ROLE)
        if role is None or monotonic() - self._tab[_USED] >= self._idle_s:
            return None
        return role

    @property
    def token(self) -> str | None:
        """The admin token that a manager's requests carry."""
        token: str | None = self._tab.get(_TOKEN)
        return token if self.role is Role.MANAGER else None

    def may(self, least: Role) -> bool:
        """Whether the person logged in has this role or a higher one."""
        role = self.role
        return role is not None and role >= least

    @property
    def expired(self) -> bool:
        """Whether the session ended because the tab was idle for too long."""
        return _ROLE in self._tab and self.role is None

    @property
    def idle_minutes(self) -> int:
        """After how many idle minutes the session ends."""
        return max(1, round(self._idle_s / 60))

    def begin(self, role: Role, token: str | None = None) -> None:
        """Log in."""
        self._tab[_USED] = monotonic()
        self._tab[_TOKEN] = token
        self._tab[_ROLE] = role

    def touch(self) -> None:
        """Record activity, so that the session does not end."""
        if not self.expired:
            self._tab[_USED] = monotonic()

    def end(self) -> None:
        """Log out."""
        for name in (_ROLE, _TOKEN, _USED):
            self._tab.pop(name, None)
