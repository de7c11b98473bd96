"""The manager's page: which model serves, which one is tried, and what the shop has taught."""

from nicegui import ui

from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.staff.desk import Pace
from frontend.staff.models.labels import Labels
from frontend.staff.models.lessons import Lessons
from frontend.staff.models.memory import Memory
from frontend.staff.models.packages import Packages
from frontend.staff.models.serving import HubForm, Serving
from frontend.staff.models.trial import TrialPanel
from frontend.staff.page import StaffPage

BUSY_S = 3.0
"""The longest wait between two polls while an import or a switch is under way."""


class ModelsPage(StaffPage):
    """Which model serves, and what may be done about it."""

    path = "/models"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._pace = Pace()
        self._serving = Serving(self.desk)
        self._hub = HubForm(self.desk)
        self._trial = TrialPanel(self.desk)
        self._packages = Packages(self.desk, self._trial)
        self._labels = Labels(self.desk)
        self._memory = Memory(self.desk)
        self._lessons = Lessons(self.desk)
        self._next: ui.timer | None = None

    def build(self) -> None:
        """Draw the sections."""
        with ui.element("div").classes("page-head"):
            theme.text(self.t("Models"), "h1")
        with ui.element("div").classes("desk"):
            self._serving.build()
            self._hub.build()
            if self._trial.offered:
                self._trial.build()
            self._packages.build()
            if self._labels.offered:
                self._labels.build()
            self._memory.build()
            if self._lessons.offered:
                self._lessons.build()

    async def begin(self) -> None:
        """Fetch everything for who has logged in."""
        for section in (
            *(self._serving, self._trial, self._packages, self._labels),
            *(self._memory, self._lessons),
        ):
            if self.session.token is not None:
                await section.load()
        if not (self._trial.offered and self._labels.offered and self._lessons.offered):
            self.screen.refresh()
        self.acted()

    async def _watch(self) -> None:
        if self.open:
            await self._poll()
            self._poll_again()

    async def _poll(self) -> None:
        """Fetch what may have changed; redraw only the sections that did."""
        busy = self._serving.moving or self._trial.running or self._memory.learning
        news = await self._serving.load()
        if self._trial.running or news:
            news |= await self._trial.load()
        if self._memory.learning:
            news |= await self._memory.load()
            await self._lessons.load()
        if news:
            # A switch changes which package is active, and whose labels are asked for.
            await self._packages.load()
            await self._labels.load()
            self._pace.hurry()
        else:
            self._pace.relax(BUSY_S if busy else Pace.SLOWEST_S)

    def _poll_again(self) -> None:
        """Plan the next poll, in place of the one that is planned."""
        if self._next is not None:
            self._next.cancel()
        # A timer inside a section would end when the section is redrawn.
        with self.visit.client.layout:
            self._next = ui.timer(self._pace.seconds, self._watch, once=True)

    def acted(self) -> None:
        """Poll soon, to see what came of it."""
        self._pace.hurry()
        self._poll_again()


def models_page(visit: Visit) -> None:
    """Build the page."""
    ModelsPage(visit).serve()
