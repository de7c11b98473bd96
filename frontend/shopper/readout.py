"""The weight on the page: gross, tare and net, and whether the weight is steady."""

from typing import Protocol

from nicegui import ui

from frontend.devices.scales.scale import Condition
from frontend.screen import theme
from frontend.weighing.flow import Plate
from frontend.weighing.shopper import Shopper
from frontend.words import wording
from frontend.words.languages import N_, Language

_WORDS = {
    Condition.STABLE: ("good", N_("Steady")),
    Condition.MOVING: ("plain", N_("Weighing…")),
    Condition.OVERLOAD: ("bad", N_("Too heavy")),
    Condition.UNDERLOAD: ("bad", N_("Below zero")),
    Condition.UNAVAILABLE: ("bad", N_("No scale")),
}
NO_FIGURE = "\u2013\u2009\u2013\u2009\u2013"


class Readout(Protocol):
    """Shows what the scale shows."""

    def show(self) -> None:
        """Show what the scale shows now."""


class Display:
    """The figures of a wired scale, which nobody can type."""

    def __init__(self, plate: Plate, t: Language) -> None:
        self._plate, self._t = plate, t
        with ui.element("div").classes("readout").mark("readout"):
            self._gross = self._cell(t("Weight"), "gross")
            self._tare = self._cell(t("Tare"), "tare-kg")
            self._net = _Net(plate, t)
        self.show()

    def show(self) -> None:
        """Show what the scale shows now."""
        gross = self._plate.gross_kg
        if gross is None or self._plate.tared_by_scale:
            self._gross.text = NO_FIGURE
        else:
            self._gross.text = wording.kilograms(gross, self._t)
        self._tare.text = (
            NO_FIGURE  # only the scale knows it
            if self._plate.tared_by_scale
            else wording.kilograms(self._plate.tare_kg, self._t)
        )
        self._net.show()

    def _cell(self, title: str, mark: str) -> ui.label:
        with ui.element("div").classes("readout-cell"):
            theme.text(title).classes("readout-title")
            return theme.text("").classes("readout-figure").mark(mark)


class Knobs:
    """The figures of a simulated scale, which the shopper types."""

    def __init__(self, shopper: Shopper, t: Language) -> None:
        self._shopper, self._figures, self._t = shopper, shopper.figures, t
        with ui.element("div").classes("readout").mark("readout"):
            self._weight = self._figure("weight", t("Weight"))
            self._tare = self._figure("tare", t("Tare (optional)"))
            self._net = _Net(shopper.plate, t)
        self.show()

    def show(self) -> None:
        """Show the figures, and what is wrong with those that were typed."""
        self._net.show()
        figures = self._figures
        for box, typed, problem in (
            (self._weight, figures.weight, figures.weight_problem),
            (self._tare, figures.tare, figures.tare_problem),
        ):
            box.value = typed
            box.props["error"] = problem is not None
            box.props["error-message"] = "" if problem is None else self._t(problem)

    def _figure(self, name: str, label: str) -> ui.input:
        box = ui.input(
            label,
            on_change=lambda event: setattr(self._figures, name, event.value or ""),
        )
        box.props("outlined inputmode=decimal autocomplete=off stack-label maxlength=12")
        box.props["suffix"] = wording.kilogram_sign(self._t)
        box.props["placeholder"] = wording.editable(wording.ZERO, self._t)
        box.classes(f"figure {name}").mark(name)
        box.props("hide-bottom-space no-error-icon")
        box.on("keydown.enter", self._shopper.classify)
        return box


class _Net:
    def __init__(self, plate: Plate, t: Language) -> None:
        self._plate, self._t = plate, t
        with ui.element("div").classes("readout-cell net"):
            theme.text(t("Net")).classes("readout-title")
            self._figure = theme.text("").classes("readout-figure").mark("net")
            self._condition = theme.text("").mark("condition")

    def show(self) -> None:
        net = self._plate.net_kg
        self._figure.text = NO_FIGURE if net is None else wording.kilograms(net, self._t)
        kind, words = _WORDS[self._plate.condition]
        self._condition.text = self._t(words)
        self._condition.classes(replace=f"pill {kind}")
