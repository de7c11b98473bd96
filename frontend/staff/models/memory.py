"""What the shop has taught its scales by photos: versions, and a way back."""

from nicegui import ui

from frontend.api.admin import AdminClient
from frontend.screen import theme
from frontend.staff.models.section import Section, card
from frontend.words import wording
from frontend.words.languages import N_
from smartscale.contract.memory import MemoryProgress, MemoryVersion

STATES = {
    MemoryProgress.PENDING: ("ask", N_("Learning")),
    MemoryProgress.READY: ("good", N_("Ready")),
    MemoryProgress.FAILED: ("bad", N_("Failed")),
    MemoryProgress.SUPERSEDED: ("plain", N_("Replaced by a newer one")),
}


class Memory(Section[tuple[MemoryVersion, ...]]):
    """The versions of the memory."""

    async def fetch(self, admin: AdminClient) -> tuple[MemoryVersion, ...]:
        """The versions."""
        return await admin.memory()

    @property
    def learning(self) -> bool:
        """Whether a version is not ready yet."""
        return any(version.state is MemoryProgress.PENDING for version in self.document or ())

    def build(self) -> None:
        """Draw it."""
        t = self.t
        with card(t("Shop memory"), "memory"):
            theme.text(
                t("The scales learn a new item from a few photos, without another model."), "p"
            )
            self.view()
            with ui.element("a").classes("action secondary link").mark("to-teach") as link:
                link.props["href"] = theme.address("/teach", t)
                theme.text(t("Teach an item"))

    def draw(self, document: tuple[MemoryVersion, ...]) -> None:
        """Draw the versions."""
        t = self.t
        if not document:
            theme.text(t("Nothing was taught yet."), "p").classes("hint").mark("no-memory")
            return
        with ui.element("ul").classes("entries"):
            for version in document:
                self._row(version)
        if any(version.state is MemoryProgress.READY for version in document):
            back = theme.action(t("Forget the last one"), self._back, symbol="back")
            back.mark("memory-rollback").classes("desk-action")

    def _row(self, version: MemoryVersion) -> None:
        t = self.t
        kind, words = STATES[version.state]
        with ui.element("li").classes("entry").mark("memory-version"):
            if version.label is not None:
                theme.picture(self.desk.visit.kiosk.drawing(version.label), "", 44)
            with ui.element("div").classes("entry-text"):
                with ui.element("div").classes("entry-head"):
                    said = t("Version {n}", n=version.version)
                    name = said if version.label is None else f"{said} · {version.label}"
                    theme.text(name, "p").classes("entry-name")
                    theme.text(t(words)).classes(f"pill {kind}")
                    if version.active:
                        theme.text(t("In use")).classes("pill good")
                facts = (
                    t.plural("{n} photo", "{n} photos", version.images),
                    wording.clock_time(version.created_at, t),
                )
                theme.text(" · ".join(facts), "p").classes("hint")
                if version.error:
                    theme.notice(version.error, kind="calm")
            if version.state is MemoryProgress.PENDING:
                theme.spinner()

    async def _back(self) -> None:
        if await self.desk.act(AdminClient.roll_memory_back, N_("The last version is forgotten.")):
            await self.load()
