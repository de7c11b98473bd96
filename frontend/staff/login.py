"""The login of staff: by a PIN, or for managers by the admin token."""

import hmac
from collections.abc import Awaitable, Callable

from nicegui import run, ui

from frontend.access.pins import Role, TooManyAttempts, matches
from frontend.api.admin import AdminClient
from frontend.api.errors import ApiError, ApiThrottled, ApiUnauthorised, log_unreachable
from frontend.screen import theme
from frontend.screen.keypad import Keypad
from frontend.staff.desk import NO_PIN, THROTTLED, UNREACHABLE, WAIT, WRONG_PIN, Desk, Notice
from frontend.words.languages import N_

FOR_STAFF = N_("These pages are for those who run the shop's scales.")
FOR_MANAGERS = N_("This page is for managers. Please log in as one.")
DEMO = N_(
    "This is a demonstration: the attendant's PIN is {attendant}, the manager's {manager}. Choose "
    "your own with SMARTSCALE_ATTENDANT_PIN and SMARTSCALE_MANAGER_PIN before others can reach "
    "this kiosk."
)
NO_PINS = N_(
    "No PINs were chosen for this kiosk (SMARTSCALE_ATTENDANT_PIN, SMARTSCALE_MANAGER_PIN): only "
    "the admin token opens these pages."
)
_LONGEST_PIN_OF_DIGITS = 12


class Login:
    """Asks for a PIN or the admin token, and tries it."""

    def __init__(self, desk: Desk, least: Role, on_login: Callable[[], Awaitable[None]]) -> None:
        self._desk = desk
        self._least = least
        self._on_login = on_login
        self._problem: Notice | None = None
        self._box: ui.input | None = None

    def build(self) -> None:
        """Draw it."""
        t, settings = self._desk.visit.language, self._desk.visit.kiosk.settings
        wants_more = self._desk.session.role is not None
        with ui.element("div").classes("card login").mark("login"):
            theme.text(t("Log in"), "h1")
            theme.text(t(FOR_MANAGERS if wants_more else FOR_STAFF), "p")
            self._desk.draw_notice()
            self._box = ui.input(t("PIN"))
            # Not offered to the browser's own list of passwords: it would be kept there.
            self._box.props("outlined type=password autocomplete=off maxlength=200 autofocus")
            self._box.classes("field").mark("pin").on("keydown.enter", self._try)
            Keypad(self._box, t, digits_first=True)
            self._draw_problem()
            button = theme.action(t("Log in"), self._try, kind="primary")
            button.mark("log-in")
            if settings.has_demo_pins:
                pins = {role.name.lower(): pin for role, pin in settings.pins.items()}
                theme.notice(t(DEMO, **pins), kind="calm").mark("demo-pins")
            elif not settings.pins:
                theme.notice(t(NO_PINS), kind="calm").mark("no-pins")
            theme.text(t("A manager may enter the admin token instead."), "p").classes("hint")

    @ui.refreshable_method
    def _draw_problem(self) -> None:
        if self._problem is not None:
            sentence = self._desk.visit.language(self._problem.message, **self._problem.values)
            theme.notice(sentence, kind="calm").mark("problem")

    async def _try(self) -> None:
        typed = str(self._box.value or "").strip() if self._box is not None else ""
        self._problem = await self._log_in(typed)
        if self._problem is None:
            self._desk.notice = None
            await self._on_login()
        else:
            self._draw_problem.refresh()

    async def _log_in(self, typed: str) -> Notice | None:
        """Log in; returns why that was not possible, or None."""
        if not typed:
            return Notice(NO_PIN)
        attempts, address = self._desk.visit.kiosk.attempts, self._desk.visit.client.ip
        try:
            attempts.begin(address)
        except TooManyAttempts as wait:
            return Notice(WAIT, values={"seconds": wait.seconds})
        token: str | None = None
        role = await run.io_bound(self._role_of, typed)
        if role is Role.MANAGER:
            token = self._desk.visit.kiosk.settings.admin_token.get_secret_value()
        elif role is None:
            problem = await self._why_no_token(typed)
            if problem is not None:
                return Notice(problem)
            role, token = Role.MANAGER, typed
        attempts.succeed(address, role)
        self._desk.session.begin(role, token)
        return None

    def _role_of(self, typed: str) -> Role | None:
        """The role that the PIN or token belongs to, if any.

        Every PIN is compared, so that the time of the answer reveals nothing.
        """
        settings = self._desk.visit.kiosk.settings
        found = [role for role, kept in settings.pins.items() if matches(typed, kept)]
        own = settings.admin_token.get_secret_value()
        if own and hmac.compare_digest(typed.encode(), own.encode()):
            found.append(Role.MANAGER)
        return max(found, default=None)

    async def _why_no_token(self, typed: str) -> str | None:
        """Ask the API about an admin token; returns why it is refused, or None if it is right."""
        mistyped = typed.isdigit() and len(typed) <= _LONGEST_PIN_OF_DIGITS
        # A header can carry only these characters; a mistyped PIN is not sent as a token.
        if mistyped or not typed.isascii() or not typed.isprintable():
            return WRONG_PIN
        try:
            await AdminClient(self._desk.visit.kiosk.api.service, typed).status()
        except ApiUnauthorised:
            return WRONG_PIN
        except ApiThrottled:
            return THROTTLED
        except ApiError as error:
            log_unreachable(error)
            return UNREACHABLE
        return None
