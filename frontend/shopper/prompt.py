"""What stands beside the scale while there is no answer: what to do next, in a few big words."""

from collections.abc import Callable
from dataclasses import dataclass

from nicegui import ui

from frontend.devices.scales.scale import Condition
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.weighing.flow import Plate, Step
from frontend.words import wording
from frontend.words.languages import N_

_ATTRACTIVE = ("Banana", "Granny-Smith", "Carrots", "Orange", "Red-Bell-Pepper", "Zucchini")
_OVERLOAD = N_("This is too heavy: the scale weighs up to {weight}")
_TROUBLE = {
    Condition.UNDERLOAD: N_("Please take everything off the scale for a moment"),
    Condition.UNAVAILABLE: N_("The scale does not answer. Please ask a member of staff."),
}


@dataclass(frozen=True)
class Choices:
    """What a shopper can do here."""

    cancel: Callable[[], None]
    leave_container: Callable[[], None]
    example_container: Callable[[], None] | None
    """Puts an empty bowl on a simulated scale."""


class Prompt:
    """Draws one step; the page draws it anew when the step changes."""

    def __init__(self, visit: Visit, plate: Plate, choices: Choices) -> None:
        self._visit, self._t, self._plate, self._do = visit, visit.language, plate, choices
        self._live: ui.label | None = None
        self.said = ""
        """Its heading, for screen readers."""

    def build(self, step: Step, problem: str | None, *, sees: bool) -> None:
        """Draw it; `sees` says whether a camera takes the picture by itself."""
        t = self._t
        with ui.element("div").classes(f"prompt {step.name.lower()}").mark("prompt"):
            if problem is not None:
                theme.notice(t(problem), kind="calm").mark("problem")
            match step:
                case Step.CONTAINER:
                    self._container()
                case Step.MOVING:
                    self._weight()
                    self._heading(t("One moment, it is being weighed"))
                case Step.READY if sees and problem is None:
                    self._weight()
                    self._heading(t("The picture is being taken"))
                case Step.READY:
                    self._weight()
                    self._heading(t("Now it needs a picture")).mark("needs-picture")
                    theme.text(t("Take one, choose one, or tap a sample."), "p")
                case Step.WAITING:
                    self._weight()
                    self._waiting()
                case Step.LEAVING:
                    theme.picture("/static/thanks.svg", "", 120)
                    self._heading(t("Thank you!")).mark("thanks")
                    theme.text(t("Please take your item off the scale."), "p")
                case _:
                    self._attract()

    def _heading(self, text: str) -> ui.label:
        self.said = text
        return theme.text(text, "h1")

    def show(self) -> None:
        """Show the weight as it moves."""
        net = self._plate.net_kg
        if self._live is not None and net is not None:
            self._live.text = wording.kilograms(net, self._t)

    def _attract(self) -> None:
        t, condition = self._t, self._plate.condition
        with ui.element("div").classes("attract").props("aria-hidden=true"):
            for label in _ATTRACTIVE:
                theme.picture(self._visit.kiosk.drawing(label), "", 88)
        if condition is Condition.OVERLOAD:
            weight = wording.kilograms(self._plate.capacity_kg, t)
            self._heading(t(_OVERLOAD, weight=weight)).mark("trouble")
        elif condition in _TROUBLE:
            self._heading(t(_TROUBLE[condition])).mark("trouble")
        else:
            self._heading(t("Put your item on the scale")).mark("welcome")
            if self._plate.tare_kg:
                tare = wording.kilograms(self._plate.tare_kg, t)
                theme.text(t("{weight} is taken off for its container", weight=tare), "p")
            else:
                theme.text(t("It is recognised by itself. No menu, no numbers."), "p")

    def _weight(self) -> None:
        self._live = theme.text("", "p").classes("live-weight").mark("live-weight")
        self.show()

    def _waiting(self) -> None:
        t = self._t
        with ui.element("div").classes("waiting").mark("waiting") as wait:
            wait.props["role"] = "status"
            theme.spinner()
            self._heading(t("Recognising…"))
        theme.action(t("Cancel"), self._do.cancel, kind="quiet").mark("cancel")

    def _container(self) -> None:
        t = self._t
        self._heading(t("Put your empty container on the scale")).mark("own-container")
        theme.text(t("Its weight is taken off. Then fill it."), "p")
        if self._do.example_container is not None:
            theme.action(
                t("Put a bowl on it"), self._do.example_container, symbol="container"
            ).mark("example-container")
        theme.action(t("Cancel"), self._do.leave_container, kind="quiet").mark("leave-container")
