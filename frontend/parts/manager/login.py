"""Where a manager shows that they are one."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from frontend import theme
from frontend.admin_client import AdminClient
from frontend.api_client import ApiError, ApiThrottled, ApiUnauthorised, log_unreachable
from frontend.languages import N_
from frontend.manager import NO_TOKEN, THROTTLED, UNREACHABLE, WRONG_TOKEN, Desk

HINT = N_("It is the value of ADMIN_TOKEN that the system was started with.")


class Login:
    """Asks for the admin token, and tries it."""

    def __init__(self, desk: Desk, on_login: Callable[[], Awaitable[None]]) -> None:
        self._desk = desk
        self._on_login = on_login
        self._problem: str | None = None
        self._box: ui.input | None = None

    def build(self) -> None:
        """Draw it."""
        t = self._desk.visit.language
        with ui.element("div").classes("card login").mark("login"):
            theme.text(t("Log in"), "h1")
            theme.text(t("This page is for those who run the shop's scales."), "p")
            self._desk.notice()
            self._box = ui.input(t("Admin token"))
            # Not offered to the browser's own list of passwords: it would be kept there.
            self._box.props("outlined type=password autocomplete=off maxlength=200 autofocus")
            self._box.classes("field").mark("token").on("keydown.enter", self._try)
            self._said()
            button = theme.action(t("Log in"), self._try, kind="primary")
            button.mark("log-in")
            theme.text(t(HINT), "p").classes("hint")

    @ui.refreshable_method
    def _said(self) -> None:
        if self._problem is not None:
            theme.notice(self._desk.visit.language(self._problem), kind="calm").mark("problem")

    async def _try(self) -> None:
        token = str(self._box.value or "").strip() if self._box is not None else ""
        self._problem = await self._what_is_wrong(token)
        if self._problem is None:
            self._desk.told = None
            self._desk.session.begin(token)
            await self._on_login()
        else:
            self._said.refresh()

    async def _what_is_wrong(self, token: str) -> str | None:
        if not token:
            return NO_TOKEN
        if not token.isascii() or not token.isprintable():
            return WRONG_TOKEN  # no header can carry it
        try:
            await AdminClient(self._desk.visit.kiosk.api, token).status()
        except ApiUnauthorised:
            return WRONG_TOKEN
        except ApiThrottled:
            return THROTTLED
        except ApiError as error:
            log_unreachable(error)
            return UNREACHABLE
        return None
