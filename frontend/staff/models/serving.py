"""Which model serves, how a switch to another one goes, and the request for one of the hub."""

from nicegui import ui

from frontend.api.admin import AdminClient
from frontend.screen import theme
from frontend.staff.desk import Desk
from frontend.staff.models.section import Section, card
from frontend.staff.progress import progress_bar
from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.models import (
    BUILTIN,
    ImportProgress,
    ImportStep,
    ModelRef,
    ModelStatus,
    SwitchState,
)

MAIN = "main"
STATES = {
    SwitchState.IMPORTING: ("ask", N_("Importing")),
    SwitchState.SWITCHING: ("ask", N_("Switching")),
    SwitchState.ACTIVE: ("good", N_("Serving")),
    SwitchState.FAILED: ("bad", N_("Failed")),
}
STEPS = {
    ImportStep.RESOLVING: N_("Looking it up on the hub"),
    ImportStep.DOWNLOADING: N_("Downloading"),
    ImportStep.PREPARING: N_("Fetching what converts it"),
    ImportStep.CONVERTING: N_("Converting"),
    ImportStep.CHECKING: N_("Checking its answers"),
    ImportStep.STORING: N_("Storing the package"),
}
"""What an import does, in this order."""


class Serving(Section[ModelStatus]):
    """The model that answers now."""

    async def fetch(self, admin: AdminClient) -> ModelStatus:
        """Which model was requested and which one each worker has loaded."""
        return await admin.status()

    @property
    def moving(self) -> bool:
        """Whether a switch is under way."""
        underway = {SwitchState.IMPORTING, SwitchState.SWITCHING}
        return self.document is not None and self.document.state in underway

    def build(self) -> None:
        """Draw it."""
        with card(self.t("Model in use"), "serving"):
            self.view()

    def draw(self, document: ModelStatus) -> None:
        """Draw the state."""
        t = self.t
        kind, words = STATES[document.state]
        with ui.element("div").classes("serving-head"):
            model_name(document.active, t, "serving-name").mark("active-model")
            theme.text(t(words), "p").classes(f"pill {kind}").mark("switch-state")
        if self.moving:
            wanted = name_of(document.wanted, t)
            theme.text(t("On its way: {model}", model=wanted), "p").mark("wanted-model")
            self._progress(document.progress)
        elif document.state is SwitchState.FAILED:
            why = t("{model} cannot serve.", model=name_of(document.wanted, t))
            theme.notice(f"{why} {document.error or ''}", kind="calm").mark("switch-error")
            theme.text(t("The model in use goes on as before."), "p").classes("hint")
        self._workers(document)
        if document.previous is not None:
            previous = name_of(document.previous, t)
            back = theme.action(t("Back to {model}", model=previous), self._back, symbol="back")
            back.mark("rollback").classes("desk-action")

    def _progress(self, progress: ImportProgress | None) -> None:
        t = self.t
        percent = 0 if progress is None else progress.percent
        words = t("Waiting to begin")
        if progress is not None:
            number = list(STEPS).index(progress.step) + 1
            step = t(STEPS[progress.step])
            words = t("Step {n} of {all}: {step}", n=number, all=len(STEPS), step=step)
        progress_bar(percent / 100, words, t, "progress-step")
        if progress is not None and progress.detail:
            theme.text(progress.detail, "p").classes("hint")

    def _workers(self, document: ModelStatus) -> None:
        if not document.workers:
            return
        ready = sum(worker.model == document.active for worker in document.workers)
        words = self.t("Loaded by {n} of {all} workers", n=ready, all=len(document.workers))
        theme.text(words, "p").classes("hint").mark("workers")

    async def _back(self) -> None:
        await self.desk.act(AdminClient.rollback, N_("The previous model takes over again."))


class HubForm:
    """Asks for a model of the hub; what is typed stays while the rest of the page is updated."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._model_id = ""
        self._revision = MAIN

    def build(self) -> None:
        """Draw it."""
        t = self._desk.visit.language
        with card(t("Load from the hub"), "hub"):
            theme.text(t("Downloads, converts and checks it first; nothing stops meanwhile."), "p")
            self._box("_model_id", t("Model"), t("Empty: the configured one")).mark("hub-model")
            self._box("_revision", t("Branch, tag or commit"), MAIN).mark("hub-revision")
            with ui.element("div").classes("desk-actions"):
                load = theme.action(t("Load"), self._load, kind="primary", symbol="refresh")
                load.mark("reload")
                theme.action(t("Built-in model"), self._builtin).mark("builtin")

    def _box(self, name: str, title: str, placeholder: str) -> ui.input:
        box = ui.input(
            title,
            value=getattr(self, name),
            placeholder=placeholder,
            on_change=lambda event: setattr(self, name, event.value or ""),
        )
        box.props("outlined stack-label autocomplete=off autocapitalize=none maxlength=200")
        return box.classes("field")

    async def _load(self) -> None:
        await self._wish(self._model_id.strip() or None, self._revision.strip() or MAIN)

    async def _builtin(self) -> None:
        await self._wish(BUILTIN, MAIN)

    async def _wish(self, model_id: str | None, revision: str) -> None:
        await self._desk.act(
            lambda admin: admin.reload(model_id, revision), N_("The model is on its way.")
        )


def name_of(model: ModelRef, t: Language) -> str:
    """A model and its revision, as people say it."""
    name = t("Built-in model") if model.id == BUILTIN else model.id
    return f"{name} · {wording.revision(model.revision)}"


def model_name(model: ModelRef, t: Language, kind: str) -> ui.label:
    """A model's name, with all of its revision where a pointer rests on it."""
    name = theme.text(name_of(model, t), "p").classes(kind)
    name.props["title"] = f"{model.id} {model.revision}"
    return name
