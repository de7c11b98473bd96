"""What staff ask of the API, and the notices shown to them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from nicegui import ui

from frontend.api.admin import AdminClient
from frontend.api.errors import ApiError, ApiRefused, ApiThrottled, ApiUnauthorised, log_unreachable
from frontend.kiosk import Visit
from frontend.offline.api import OfflineApi
from frontend.screen import theme
from frontend.screen.session import Session
from frontend.words.languages import N_
from frontend.words.refusals import fault_words
from smartscale.contract.problem import Fault

WRONG_PIN = N_("This is not right. Please check it and try again.")
NO_PIN = N_("Please enter your PIN.")
THROTTLED = N_("Too many attempts. Please wait a minute, then try again.")
WAIT = N_("Too many attempts. Please wait {seconds} seconds, then try again.")
EXPIRED = N_("You were logged out because nothing was tapped for {minutes} minutes.")
NOT_VALID_ANY_MORE = N_("The admin token has changed. Please log in with the new one.")
KIOSK_TOKEN_REFUSED = N_(
    "The service does not take this kiosk's ADMIN_TOKEN. Log in with the right token, or start the "
    "kiosk with it."
)
UNREACHABLE = N_("The service cannot be reached right now. Please try again in a moment.")


@dataclass
class Notice:
    """A sentence to staff: a message of the catalogues with its values, and how it looks."""

    message: str
    kind: str = "calm"
    values: dict[str, object] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    """What the API found wrong, where it said so one by one; shown in place of the message."""


class Desk:
    """Asks the API for staff, and shows them what came of it."""

    def __init__(
        self,
        visit: Visit,
        session: Session,
        on_end: Callable[[], object],
        on_act: Callable[[], object],
    ) -> None:
        self.visit = visit
        self.session = session
        self.notice: Notice | None = None
        self._on_end = on_end
        self._on_act = on_act

    @property
    def who(self) -> str:
        """Who is logged in, as the ledger keeps it: attendant@kiosk-1."""
        role = self.session.role
        name = "nobody" if role is None else role.name.lower()
        return f"{name}@{self.visit.kiosk.settings.scale_id}"

    async def ask(self, call: Callable[[AdminClient], Awaitable[None]]) -> bool:
        """Ask an admin route in the background; returns whether it worked, and shows why not."""
        token = self.session.token
        if token is None:
            return False
        return await self._try(lambda: call(AdminClient(self.visit.kiosk.api.service, token)))

    async def ask_shop(self, call: Callable[[OfflineApi], Awaitable[None]]) -> bool:
        """The same for a route that wants no admin token; somebody has to be logged in."""
        if self.session.role is None:
            return False
        return await self._try(lambda: call(self.visit.kiosk.api))

    async def _try(self, call: Callable[[], Awaitable[None]]) -> bool:
        try:
            await call()
        except ApiUnauthorised:
            if self.session.token == self.visit.kiosk.settings.admin_token.get_secret_value():
                self.show(Notice(KIOSK_TOKEN_REFUSED))
            else:
                self.log_out(Notice(NOT_VALID_ANY_MORE))
        except ApiThrottled:
            self.show(Notice(THROTTLED))
        except ApiRefused as error:
            self.show(Notice(str(error), faults=error.faults))
        except ApiError as error:
            log_unreachable(error)
            self.show(Notice(UNREACHABLE))
        else:
            if self.notice is not None and self.notice.message == UNREACHABLE:
                self.show(None)
            return True
        return False

    async def act(
        self, call: Callable[[AdminClient], Awaitable[None]], done: str, **values: object
    ) -> bool:
        """Run a manager's action, and show whether it worked."""
        return await self._act(lambda: self.ask(call), done, values)

    async def act_shop(
        self, call: Callable[[OfflineApi], Awaitable[None]], done: str, **values: object
    ) -> bool:
        """Run an attendant's action, and show whether it worked."""
        return await self._act(lambda: self.ask_shop(call), done, values)

    async def _act(
        self, ask: Callable[[], Awaitable[bool]], done: str, values: dict[str, object]
    ) -> bool:
        self.session.touch()
        self.show(None)
        if not await ask():
            return False
        self.show(Notice(done, "info", values))
        self._on_act()
        return True

    def log_out(self, notice: Notice | None = None) -> None:
        """End the session."""
        self.session.end()
        self.notice = notice
        self._on_end()

    def show_problem(self, problem: str) -> None:
        """Show a sentence about what would be right."""
        self.show(Notice(problem))

    def show(self, notice: Notice | None) -> None:
        """Show a sentence, or none."""
        if notice != self.notice:
            self.notice = notice
            self.draw_notice.refresh()

    @ui.refreshable_method
    def draw_notice(self) -> None:
        """Draw the sentence, where there is one."""
        if self.notice is not None:
            t, notice = self.visit.language, self.notice
            sentences = [fault_words(fault, t) for fault in notice.faults]
            if len(sentences) <= 1:
                sentence = "".join(sentences) or t(notice.message, **notice.values)
                theme.notice(sentence, kind=notice.kind).classes("desk-note").mark("notice")
                return
            with theme.notice("", kind=notice.kind).classes("desk-note").mark("notice"):
                for sentence in sentences:
                    theme.text(sentence, "div")

    def awaiting(self, again: Callable[[], Awaitable[None]]) -> None:
        """Draw a placeholder until an answer arrives: a spinner, or a button that tries again."""
        t = self.visit.language
        if self.notice is not None and self.notice.kind == "calm":
            retry = theme.action(t("Try again"), again, symbol="refresh")
            retry.classes("desk-action").mark("again")
            return
        with ui.element("p").classes("loading"):
            theme.spinner()
            theme.text(t("One moment…"))


class Pace:
    """When to ask the API next: soon after a change, later and later while nothing happens."""

    FASTEST_S, SLOWEST_S, SLOWER = 0.5, 20.0, 1.5

    def __init__(self) -> None:
        self.seconds = self.FASTEST_S

    def hurry(self) -> None:
        """Something changed: poll soon."""
        self.seconds = self.FASTEST_S

    def relax(self, slowest_s: float = SLOWEST_S) -> None:
        """Nothing changed: poll later, but within `slowest_s` seconds."""
        self.seconds = min(self.seconds * self.SLOWER, slowest_s)
