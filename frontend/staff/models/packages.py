"""The model packages that are there, and what can be done with each."""

from nicegui import ui

from frontend.api.admin import AdminClient
from frontend.screen import theme
from frontend.staff.desk import Desk
from frontend.staff.models.section import Section, card
from frontend.staff.models.serving import model_name, name_of
from frontend.staff.models.trial import TrialPanel
from frontend.words.languages import N_
from smartscale.contract.models import Package


class Packages(Section[tuple[Package, ...]]):
    """The packages; a tap makes one serve, or lets it be tried out."""

    def __init__(self, desk: Desk, trial: TrialPanel) -> None:
        super().__init__(desk)
        self._trial = trial

    async def fetch(self, admin: AdminClient) -> tuple[Package, ...]:
        """The packages that are there."""
        return await admin.packages()

    def build(self) -> None:
        """Draw it."""
        with card(self.t("Packages"), "packages"):
            self.view()

    def draw(self, document: tuple[Package, ...]) -> None:
        """Draw the list."""
        with ui.element("ul").classes("entries"):
            for package in document:
                self._row(package)

    def _row(self, package: Package) -> None:
        t = self.t
        with ui.element("li").classes("entry").mark("package"):
            with ui.element("div").classes("entry-text"):
                with ui.element("div").classes("entry-head"):
                    model_name(package.ref, t, "entry-name")
                    for holds, kind, words in (
                        (package.active, "good", N_("In use")),
                        (package.candidate, "ask", N_("Candidate")),
                        (package.previous, "plain", N_("Previous")),
                    ):
                        if holds:
                            theme.text(t(words)).classes(f"pill {kind}")
                theme.text(" · ".join(self._facts(package)), "p").classes("hint")
            if not package.active:
                self._actions(package)

    def _actions(self, package: Package) -> None:
        t = self.t
        model, name = package.ref, name_of(package.ref, t)

        async def activate() -> None:
            await self.desk.act(
                lambda admin: admin.reload(model.id, model.revision),
                N_("{model} takes over."),
                model=name,
            )

        with ui.element("div").classes("entry-actions"):
            use = theme.action(t("Use"), activate).mark(f"activate-{model.id}")
            use.props["aria-label"] = t("Use {model}", model=name)
            if self._trial.offered and not package.candidate:
                tried = theme.action(t("Try out"), lambda: self._trial.choose(model), kind="quiet")
                tried.mark(f"try-{model.id}")
                tried.props["aria-label"] = t("Try out {model}", model=name)

    def _facts(self, package: Package) -> list[str]:
        t = self.t
        facts = []
        if package.labels is not None:
            facts.append(t.plural("{n} label", "{n} labels", package.labels))
        if package.unmapped:
            facts.append(
                t.plural("{n} without a product", "{n} without a product", package.unmapped)
            )
        return facts
