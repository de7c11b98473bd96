"""The dialog in which a shopper chooses the container whose weight is taken off."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from nicegui import ui

from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.weighing.flow import NOTHING
from frontend.weighing.shopper import Shopper
from frontend.words import wording


class TareChoice:
    """Draws the dialog: no container, one of the shop's, or the shopper's own."""

    def __init__(self, visit: Visit, shopper: Shopper) -> None:
        self._visit, self._shopper = visit, shopper
        t = visit.language
        with (
            ui.dialog() as self._dialog,
            ui.element("div").classes("card picker containers") as box,
        ):
            self._dialog.props["aria-label"] = t("Container")
            box.mark("containers")
            self._content()

    def open(self) -> None:
        """Open the dialog, with the container that holds now marked."""
        self._content.refresh()
        self._dialog.open()

    @ui.refreshable_method
    def _content(self) -> None:
        t, shopper = self._visit.language, self._shopper
        theme.text(t("What is your item in?"), "h2").classes("desk-title")
        with ui.element("div").classes("container-list"):
            self._button(
                t("No container"), None, lambda: shopper.take_tare(NOTHING), "no-container"
            )
            for one in self._visit.kiosk.containers:
                take = partial(shopper.take_tare, one.tare_kg)
                mark = f"container-{one.name.replace(' ', '-')}"
                self._button(t(one.name), one.tare_kg, take, mark)
            self._button(t("My own container"), None, shopper.weigh_container, "weigh-own")
        with ui.element("div").classes("container-end"):
            zero = theme.action(t("Set to zero"), lambda: self._choose(shopper.set_to_zero))
            zero.mark("zero").set_enabled(shopper.plate.can_zero)
            theme.action(t("Back"), self._dialog.close).mark("leave-containers")

    def _button(self, name: str, kg: Decimal | None, do: Callable[[], None], mark: str) -> None:
        chosen = kg is not None and kg == self._shopper.plate.tare_kg
        button = ui.element("button").classes("tile container")
        button.on("click", lambda: self._choose(do)).mark(mark)
        button.props["aria-pressed"] = str(chosen).lower()
        with button:
            theme.text(name).classes("tile-name")
            if kg is not None:
                theme.text(wording.kilograms(kg, self._visit.language)).classes("tile-price")

    def _choose(self, do: Callable[[], None]) -> None:
        self._dialog.close()
        do()
