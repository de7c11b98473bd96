"""A candidate beside the active model: how both do, and what to do about it."""

from decimal import Decimal

from nicegui import ui

from frontend.api.admin import AdminClient
from frontend.screen import theme
from frontend.staff.desk import Desk
from frontend.staff.models.section import Section, card
from frontend.staff.models.serving import model_name, name_of
from frontend.words import wording
from frontend.words.languages import N_
from smartscale.contract.models import Figures, Mode, ModelRef, Trial, TrialState

SHARES = (Decimal("0.05"), Decimal("0.20"), Decimal("0.50"), Decimal("1.00"))
MODES = {
    Mode.SHADOW: (N_("Shadow"), N_("It answers too, and nobody sees it. No price changes.")),
    Mode.CANARY: (N_("Canary"), N_("It answers for a share of the scales, prices included.")),
}
ENDS = {
    TrialState.RUNNING: ("ask", N_("Running")),
    TrialState.PROMOTED: ("good", N_("Taken over")),
    TrialState.STOPPED: ("plain", N_("Stopped")),
    TrialState.ROLLED_BACK: ("bad", N_("Taken back automatically")),
}
_LIMITS = {
    "error_rate": N_("Most errors"),
    "low_confidence_rate": N_("Most answers with low confidence"),
}
"""Shares of its answers; beyond one of them the candidate's trial ends by itself."""


class TrialPanel(Section[tuple[Trial, ...]]):
    """The candidate that is tried, was tried last, or is to be tried."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._chosen: ModelRef | None = None
        self._mode = Mode.SHADOW
        self._share = SHARES[1]
        self._limits = dict.fromkeys(_LIMITS, "")

    async def fetch(self, admin: AdminClient) -> tuple[Trial, ...]:
        """The last candidate, if there was one."""
        trial = await admin.trial()
        return () if trial is None else (trial,)

    @property
    def running(self) -> bool:
        """Whether a candidate is tried now."""
        return any(trial.state is TrialState.RUNNING for trial in self.document or ())

    def choose(self, model: ModelRef) -> None:
        """Prepare to try a model out."""
        self._chosen = model
        self.view.refresh()
        self.desk.visit.client.run_javascript(
            "document.querySelector('.trial')?.scrollIntoView({block: 'center'})"
        )

    def build(self) -> None:
        """Draw it."""
        with card(self.t("Candidate"), "trial"):
            self.view()

    def draw(self, document: tuple[Trial, ...]) -> None:
        """Draw the trial, and the form for the next one."""
        for trial in document:
            self._trial(trial)
        if self.running:
            with ui.element("div").classes("desk-actions"):
                promote = theme.action(self.t("Take over"), self._promote, kind="primary")
                promote.mark("promote")
                theme.action(self.t("Stop"), self._stop, symbol="close").mark("stop-trial")
        elif self._chosen is not None:
            self._form(self._chosen)
        else:
            theme.text(
                self.t("Tap “Try out” at a package: it then answers beside the model in use."), "p"
            ).classes("hint")

    def _trial(self, trial: Trial) -> None:
        t = self.t
        kind, words = ENDS[trial.state]
        with ui.element("div").classes("serving-head"):
            model_name(trial.model, t, "serving-name").mark("candidate-model")
            theme.text(t(words), "p").classes(f"pill {kind}").mark("trial-state")
        if trial.reason:
            theme.notice(trial.reason, kind="calm").mark("trial-reason")
        mode, _ = MODES[trial.mode]
        since = wording.clock_time(trial.started_at, t)
        share = wording.percent(float(trial.share), t)
        facts = [t(mode), t("{share} of the weighings", share=share), t("since {time}", time=since)]
        if trial.mode is Mode.CANARY:
            facts[1] = t("{share} of the scales", share=share)
        theme.text(" · ".join(facts), "p").classes("hint")
        if trial.agreement is not None:
            words = wording.rate(trial.agreement, t)
            compared = t.plural(
                "the same answer, in {n} comparison",
                "the same answer, in {n} comparisons",
                trial.compared,
            )
            with ui.element("p").classes("agreement").mark("agreement"):
                theme.text(words).classes("figure-big")
                theme.text(compared).classes("hint")
        self._comparison(trial.active, trial.candidate)
        if trial.skipped:
            skipped = t.plural(
                "Not asked once, because shoppers were waiting",
                "Not asked {n} times, because shoppers were waiting",
                trial.skipped,
            )
            theme.text(skipped, "p").classes("hint")
        if trial.state is TrialState.RUNNING:
            limits = trial.limits
            words = t(
                "It is taken back automatically above {errors} errors or {low} answers with low "
                "confidence, once it was asked {n} times.",
                errors=wording.rate(float(limits.error_rate), t),
                low=wording.rate(float(limits.low_confidence_rate), t),
                n=wording.count(limits.minimum_answers, t),
            )
            theme.text(words, "p").classes("hint").mark("trial-limits")

    def _comparison(self, active: Figures, candidate: Figures) -> None:
        t = self.t
        rows = (
            (N_("Weighings"), [wording.count(each.n, t) for each in (active, candidate)]),
            (
                N_("Latency"),
                [wording.milliseconds(each.latency_ms, t) for each in (active, candidate)],
            ),
            (N_("Confidence"), [self._share_of(each.confidence) for each in (active, candidate)]),
            (
                N_("Low confidence"),
                [self._share_of(each.low_confidence_rate) for each in (active, candidate)],
            ),
            (N_("Errors"), [self._share_of(each.error_rate) for each in (active, candidate)]),
        )
        with ui.element("table").classes("comparison").mark("comparison"):
            with ui.element("thead"), ui.element("tr"):
                theme.text("", "td")
                for title in (N_("In use"), N_("Candidate")):
                    theme.text(t(title), "th").props("scope=col")
            with ui.element("tbody"):
                for title, figures in rows:
                    with ui.element("tr"):
                        theme.text(t(title), "th").props("scope=row")
                        for figure in figures:
                            theme.text(figure, "td")

    def _share_of(self, share: float | None) -> str:
        return wording.EM_DASH if share is None else wording.rate(share, self.t)

    def _form(self, model: ModelRef) -> None:
        t = self.t
        with ui.element("div").classes("try-form").mark("try-form"):
            theme.text(t("Try out {model}", model=name_of(model, t)), "h3")
            modes = [(mode, t(title)) for mode, (title, _) in MODES.items()]
            theme.choice(t("How"), modes, self._mode, self._as)
            _, words = MODES[self._mode]
            theme.text(t(words), "p").classes("hint")
            shares = [(share, wording.percent(float(share), t)) for share in SHARES]
            theme.choice(t("Share"), shares, self._share, self._for)
            with ui.element("div").classes("limits"):
                for name, title in _LIMITS.items():
                    self._limit(name, t(title))
            with ui.element("div").classes("desk-actions"):
                start = theme.action(t("Start"), self._start, kind="primary").mark("start-trial")
                start.props["aria-label"] = t("Start trying out")
                theme.action(t("Cancel"), self._forget, kind="quiet").mark("cancel-trial")

    def _limit(self, name: str, title: str) -> None:
        box = ui.input(
            title,
            value=self._limits[name],
            placeholder=self.t("as usual"),
            on_change=lambda event: self._limits.update({name: event.value or ""}),
        )
        box.props('outlined stack-label inputmode=decimal autocomplete=off suffix="%" maxlength=6')
        box.classes("field").mark(f"limit-{name}")

    async def _as(self, mode: Mode) -> None:
        self._mode = mode
        self.view.refresh()

    async def _for(self, share: Decimal) -> None:
        self._share = share
        self.view.refresh()

    def _forget(self) -> None:
        self._chosen = None
        self.view.refresh()

    async def _start(self) -> None:
        model = self._chosen
        if model is None:
            return
        try:
            limits = {
                name: f"{wording.read_percent(typed):f}"
                for name, typed in self._limits.items()
                if typed.strip()
            }
        except wording.BadFigure as error:
            self.desk.show_problem(str(error))
            return
        started = await self.desk.act(
            lambda admin: admin.try_out(model, self._mode, self._share, limits),
            N_("{model} is tried out from now on."),
            model=name_of(model, self.t),
        )
        if started:
            self._chosen = None
            await self.load()

    async def _promote(self) -> None:
        await self.desk.act(AdminClient.promote, N_("The candidate takes over."))

    async def _stop(self) -> None:
        await self.desk.act(AdminClient.stop_trial, N_("The candidate is asked no more."))
