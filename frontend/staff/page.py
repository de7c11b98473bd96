"""What all pages for staff share: login, navigation and logout."""

from abc import ABC, abstractmethod
from hashlib import sha256
from time import monotonic
from typing import Any, ClassVar

from nicegui import ui

from frontend.access.pins import Role
from frontend.kiosk import STATIC, Visit
from frontend.offline.api import OfflineApi
from frontend.screen import theme
from frontend.screen.session import Session
from frontend.staff.desk import EXPIRED, Desk, Notice
from frontend.staff.login import Login
from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.history import HistoryFilter

PAGES = (
    ("/live", N_("Live"), Role.ATTENDANT),
    ("/history", N_("History"), Role.ATTENDANT),
    ("/suspicious", N_("Suspicious"), Role.ATTENDANT),
    ("/report", N_("Day's report"), Role.ATTENDANT),
    ("/items", N_("Catalogue"), Role.MANAGER),
    ("/teach", N_("New item"), Role.MANAGER),
    ("/setup", N_("Set up"), Role.MANAGER),
    ("/models", N_("Models"), Role.MANAGER),
    ("/analytics", N_("Analytics"), Role.MANAGER),
)
"""The pages for staff, and who may see them at least."""

_ROLES = {Role.ATTENDANT: N_("Attendant"), Role.MANAGER: N_("Manager")}
_STYLES = STATIC / "staff.css"
_NEVER_FROM_MEMORY = (
    "<script>addEventListener('pageshow', (e) => e.persisted && location.reload())</script>"
)
"""A browser that goes back must not show what it has kept of the page of whoever has logged out."""
_CHECK_S = 1.0
"""How often a page checks whether somebody was idle for too long."""
_TOUCH_S = 5.0
"""The shortest time between two reports of activity by the browser."""


class StaffPage(ABC):
    """A page behind the login. Nothing of it is built or fetched before somebody has logged in."""

    path: ClassVar[str]

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.session = Session(visit.kiosk.settings.idle_s)
        self.desk = Desk(visit, self.session, on_end=self.screen.refresh, on_act=self.acted)
        self._least = next(least for path, _, least in PAGES if path == self.path)
        self._suspicious = ""
        self._known = False
        """Whether the browser tab is known, and with it whether somebody is logged in."""
        self._shows = False
        """Whether what is drawn is for those alone who may see this page."""
        self._shut_since: float | None = None
        """Since when nobody is logged in here, on the monotonic clock."""

    @property
    def t(self) -> Language:
        """The visitor's language."""
        return self.visit.language

    @property
    def open(self) -> bool:
        """Whether somebody is there who may see this page."""
        return self._known and self.session.may(self._least)

    @abstractmethod
    def build(self) -> None:
        """Draw the page for who is logged in."""

    @abstractmethod
    async def begin(self) -> None:
        """Somebody has logged in: fetch what the page shows."""

    @property
    def stays(self) -> bool:
        """Whether the login stays for whoever comes back, also where a scale is wired."""
        return False

    def acted(self) -> None:  # noqa: B027 - most pages have nothing to do
        """The person logged in has changed something: pages may poll soon."""

    @ui.refreshable_method
    def screen(self) -> None:
        """Draw the page."""
        with (
            theme.frame(self.visit, self.path, self.speak, PAGES[0][0]),
            ui.element("div").classes("list") as page,
        ):
            for event in ("pointerdown", "keydown"):
                page.on(event, self.session.touch, throttle=_TOUCH_S, args=[])
            if not self._known:
                with ui.element("p").classes("loading"):
                    theme.spinner()
                    theme.text(self.t("One moment…"))
                return
            if self.session.role is not None:
                self._bar()
            self._shows = self.session.role is not None
            if self.open:
                self._camera()
                with ui.element("div").classes("desk-notes"):
                    self.desk.draw_notice()
                self.build()
            else:
                Login(self.desk, self._least, self._arrive).build()

    def _bar(self) -> None:
        """Draw the links between the pages, who is logged in, and the logout."""
        t, role = self.t, self.session.role
        if role is None:
            return
        with ui.element("div").classes("staff-bar"):
            with ui.element("nav").classes("staff-tabs") as nav:
                nav.props["aria-label"] = t("Staff pages")
                for path, title, least in PAGES:
                    if role < least:
                        continue
                    with ui.element("a").classes("staff-tab").mark(f"staff-{path[1:]}") as tab:
                        tab.props["href"] = theme.address(path, t)
                        if path == self.path:
                            tab.props["aria-current"] = "page"
                        theme.text(t(title))
                        if path == "/suspicious":
                            self.badge()
            theme.text(t(_ROLES[role])).classes("pill plain").mark("role")
            theme.action(t("Log out"), self.desk.log_out).mark("log-out")

    def _camera(self) -> None:
        """Say what shoppers tell nobody: that the camera is of no use."""
        watch = self.visit.kiosk.camera_watch
        if watch.for_staff is not None and watch.since is not None:
            sentence = self.t(watch.for_staff, time=wording.clock_time(watch.since, self.t))
            theme.notice(sentence, kind="calm").mark("camera-trouble")

    @ui.refreshable_method
    def badge(self) -> None:
        """How many weighings wait for somebody to look at them."""
        if self._suspicious:
            theme.text(self._suspicious).classes("badge").mark("suspicious-count")

    async def count_suspicious(self) -> None:
        """Ask how many weighings are suspicious."""

        async def count(api: OfflineApi) -> None:
            page = await api.service.history(self.t.code, HistoryFilter(suspicious=True))
            more = "+" if page.next_cursor else ""
            self._suspicious = f"{len(page.items)}{more}" if page.items else ""

        if await self.desk.ask_shop(count):
            self.badge.refresh()

    async def connected(self) -> None:
        """The browser's tab is known, and with it whether somebody is logged in."""
        self.session.open()
        self._known = True
        if self.session.expired:
            self._log_out_expired()
        await self._arrive()

    async def _arrive(self) -> None:
        self.screen.refresh()
        if self.open:
            await self.begin()
            await self.count_suspicious()

    def watch(self) -> None:
        """Log out whoever was idle for too long, and shut the page of whoever has logged out.

        A tab has one session: it may have ended on another page. At a kiosk with a scale of its own
        the next shopper then finds the scale, and no login.
        """
        if self._known and self.session.expired:
            self._log_out_expired()
        elif self._shows and self.session.role is None:
            self.screen.refresh()
        if self.session.role is not None or self._shut_since is None:
            self._shut_since = monotonic()
        kiosk = self.visit.kiosk
        if self.stays:
            return
        if kiosk.scale is not None and monotonic() - self._shut_since > kiosk.settings.away_s:
            self._shut_since = None
            ui.navigate.to(theme.address("/", self.t))

    def _hear(self, message: dict[str, Any]) -> None:
        """Take an event of the browser: none that asks something of a page that has been shut.

        What was drawn for somebody stays on the page until it is drawn anew, and longer in a
        browser that keeps pages or in a message that is sent again.
        """
        if self._shows and self.session.role is None:
            self.watch()
            return
        self._shut_since = monotonic()
        self._take_event(message)

    def _log_out_expired(self) -> None:
        self.desk.log_out(Notice(EXPIRED, values={"minutes": self.session.idle_minutes}))

    async def speak(self, _language: Language) -> None:
        """The language changed."""
        self.screen.refresh()

    def serve(self) -> None:
        """Put the page together."""
        version = sha256(_STYLES.read_bytes()).hexdigest()[:8]
        ui.add_head_html(f'<link rel="stylesheet" href="/static/staff.css?v={version}">')
        ui.add_head_html(_NEVER_FROM_MEMORY)
        client = self.visit.client
        self._take_event = client.handle_event
        client.handle_event = self._hear  # type: ignore[method-assign, assignment]
        self.screen()
        ui.timer(0, self.connected, once=True)
        ui.timer(_CHECK_S, self.watch)
