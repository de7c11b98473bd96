"""A manager at the kiosk: logged in with the admin token until idle, and what they are told."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from nicegui import app, ui

from frontend import theme
from frontend.admin_client import AdminClient
from frontend.api_client import (
    ApiError,
    ApiRefused,
    ApiThrottled,
    ApiUnauthorised,
    log_unreachable,
)
from frontend.kiosk import Visit
from frontend.languages import N_

WRONG_TOKEN = N_("This token is not right. Please check it and try again.")
NO_TOKEN = N_("Please enter the admin token.")
THROTTLED = N_("Too many attempts. Please wait a minute, then try again.")
EXPIRED = N_("You were logged out because nothing was tapped for {minutes} minutes.")
NOT_VALID_ANY_MORE = N_("The admin token has changed. Please log in with the new one.")
UNREACHABLE = N_("The service cannot be reached right now. Please try again in a moment.")

_TOKEN, _USED = "admin_token", "admin_used"


class Session:
    """The admin token of one browser tab, in this process's memory only.

    The browser never gets it back: not in the page, not in a cookie, not in its storage.
    """

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._tab: MutableMapping[str, Any] = {}

    def open(self) -> None:
        """Take up what the tab knows; it has to be connected."""
        self._tab = app.storage.tab

    @property
    def token(self) -> str | None:
        """The token, None when nobody is logged in or the tab was idle for too long."""
        token: str | None = self._tab.get(_TOKEN)
        if token is None or monotonic() - self._tab[_USED] >= self._idle_s:
            return None
        return token

    @property
    def expired(self) -> bool:
        """Whether somebody was logged in, too long ago."""
        return _TOKEN in self._tab and self.token is None

    @property
    def idle_minutes(self) -> int:
        """After how many idle minutes it ends."""
        return max(1, round(self._idle_s / 60))

    def begin(self, token: str) -> None:
        """Log in."""
        self._tab[_TOKEN] = token
        self.touch()

    def touch(self) -> None:
        """Somebody is there."""
        self._tab[_USED] = monotonic()

    def end(self) -> None:
        """Log out."""
        for name in (_TOKEN, _USED):
            self._tab.pop(name, None)


@dataclass
class Told:
    """What a manager is told, as a kind of notice and a message with its values."""

    message: str
    kind: str = "calm"
    values: dict[str, object] = field(default_factory=dict)


class Desk:
    """Asks the API for a manager, and tells them what came of it."""

    def __init__(
        self,
        visit: Visit,
        session: Session,
        on_end: Callable[[], object],
        on_act: Callable[[], object],
    ) -> None:
        self.visit = visit
        self.session = session
        self.told: Told | None = None
        self._on_end = on_end
        self._on_act = on_act

    async def ask(self, call: Callable[[AdminClient], Awaitable[None]]) -> bool:
        """Ask in the background; tells whether it worked, and the manager why it did not."""
        token = self.session.token
        if token is None:
            return False
        try:
            await call(AdminClient(self.visit.kiosk.api, token))
        except ApiUnauthorised:
            self.log_out(Told(NOT_VALID_ANY_MORE))
        except ApiThrottled:
            self.tell(Told(THROTTLED))
        except ApiRefused as error:
            self.tell(Told(str(error)))
        except ApiError as error:
            log_unreachable(error)
            self.tell(Told(UNREACHABLE))
        else:
            if self.told is not None and self.told.message == UNREACHABLE:
                self.tell(None)
            return True
        return False

    async def act(
        self, call: Callable[[AdminClient], Awaitable[None]], done: str, **values: object
    ) -> bool:
        """Do what the manager has tapped, and say so."""
        self.session.touch()
        self.tell(None)
        if not await self.ask(call):
            return False
        self.tell(Told(done, "info", values))
        self._on_act()
        return True

    def log_out(self, told: Told | None = None) -> None:
        """End the session."""
        self.session.end()
        self.told = told
        self._on_end()

    def say(self, problem: str) -> None:
        """Show a sentence about what would be right."""
        self.tell(Told(problem))

    def tell(self, told: Told | None) -> None:
        """Show a sentence, or none."""
        if told != self.told:
            self.told = told
            self.notice.refresh()

    @ui.refreshable_method
    def notice(self) -> None:
        """Where the sentence stands."""
        if self.told is not None:
            sentence = self.visit.language(self.told.message, **self.told.values)
            theme.notice(sentence, kind=self.told.kind).classes("desk-note").mark("told")


class Pace:
    """When to look next: soon after a change, later and later while nothing happens."""

    FASTEST_S, SLOWEST_S, SLOWER = 0.5, 20.0, 1.5

    def __init__(self) -> None:
        self.seconds = self.FASTEST_S

    def hurry(self) -> None:
        """Something happens: look soon."""
        self.seconds = self.FASTEST_S

    def relax(self, slowest_s: float = SLOWEST_S) -> None:
        """Nothing new: look later, but not later than in so many seconds."""
        self.seconds = min(self.seconds * self.SLOWER, slowest_s)
