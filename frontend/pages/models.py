"""The manager's page: which model serves, which one is tried, and what the shop has taught."""

from nicegui import ui

from frontend import theme
from frontend.kiosk import Visit
from frontend.languages import Language
from frontend.manager import EXPIRED, Desk, Pace, Session, Told
from frontend.parts.manager.labels import Labels
from frontend.parts.manager.login import Login
from frontend.parts.manager.memory import Memory, Teach
from frontend.parts.manager.packages import Packages
from frontend.parts.manager.serving import HubForm, Serving
from frontend.parts.manager.trial import TrialPanel

BUSY_S = 3.0
"""How long to wait at most while something is under way."""


class ModelsPage:
    """One manager, or somebody who is not logged in yet."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        session = Session(visit.kiosk.settings.idle_s)
        self._pace = Pace()
        self._desk = Desk(visit, session, on_end=self.screen.refresh, on_act=self._hurry)
        self._serving = Serving(self._desk)
        self._hub = HubForm(self._desk)
        self._trial = TrialPanel(self._desk)
        self._packages = Packages(self._desk, self._trial)
        self._labels = Labels(self._desk)
        self._memory = Memory(self._desk)
        self._teach = Teach(self._desk, self._memory)
        self._next: ui.timer | None = None
        self._known = False
        """Whether the browser tab is known, and with it whether somebody is logged in."""

    @ui.refreshable_method
    def screen(self) -> None:
        """Draw the page."""
        with theme.frame(self._visit, "/models", self._speak), ui.element("div").classes("list"):
            if not self._known:
                with ui.element("p").classes("loading"):
                    theme.spinner()
                    theme.text(self._visit.language("One moment…"))
            elif self._desk.session.token is None:
                Login(self._desk, self.begin).build()
            else:
                self._sections()

    def _sections(self) -> None:
        t = self._visit.language
        with ui.element("div").classes("page-head"):
            theme.text(t("Models"), "h1")
            theme.action(t("Log out"), self._desk.log_out).mark("log-out")
        with ui.element("div").classes("desk-notes"):
            self._desk.notice()
        with ui.element("div").classes("desk"):
            self._serving.build()
            self._hub.build()
            if self._trial.offered:
                self._trial.build()
            self._packages.build()
            if self._labels.offered:
                self._labels.build()
            self._teach.build()

    async def connected(self) -> None:
        """The browser's tab is known, and with it whether somebody is logged in."""
        self._desk.session.open()
        self._known = True
        await self.begin()

    async def begin(self) -> None:
        """Somebody may be logged in: fetch everything for them."""
        self.screen.refresh()
        for section in (self._serving, self._trial, self._packages, self._labels, self._memory):
            if self._desk.session.token is not None:
                await section.load()
        if not (self._trial.offered and self._labels.offered):
            self.screen.refresh()
        self._hurry()

    async def _watch(self) -> None:
        session = self._desk.session
        if session.expired:
            self._desk.log_out(Told(EXPIRED, values={"minutes": session.idle_minutes}))
        if session.token is None:
            return
        await self._look()
        self._look_again()

    async def _look(self) -> None:
        """Fetch what may have changed; only what has is drawn anew."""
        busy = self._serving.moving or self._trial.running or self._memory.learning
        news = await self._serving.load()
        if self._trial.running or news:
            news |= await self._trial.load()
        if self._memory.learning:
            news |= await self._memory.load()
        if news:
            # A switch changes which package is active, and whose labels are asked for.
            await self._packages.load()
            await self._labels.load()
            self._pace.hurry()
        else:
            self._pace.relax(BUSY_S if busy else Pace.SLOWEST_S)

    def _look_again(self) -> None:
        """Look once more after a while, instead of when it was planned before."""
        if self._next is not None:
            self._next.cancel()
        with self._visit.client.layout:  # the timer outlives what is drawn anew
            self._next = ui.timer(self._pace.seconds, self._watch, once=True)

    def _hurry(self) -> None:
        self._pace.hurry()
        self._look_again()

    async def _speak(self, _language: Language) -> None:
        self.screen.refresh()


def models_page(visit: Visit) -> None:
    """Build the page."""
    page = ModelsPage(visit)
    page.screen()
    ui.timer(0, page.connected, once=True)
