"""The panel while there is no answer: it says in a few big words what to do next."""

from nicegui import ui

from frontend.devices.scales.scale import Condition
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.weighing.flow import Plate
from frontend.weighing.session import Step
from frontend.weighing.shopper import Shopper
from frontend.words import wording
from frontend.words.languages import N_

_ATTRACTIVE = ("Banana", "Granny-Smith", "Carrots", "Orange", "Red-Bell-Pepper", "Zucchini")
_TROUBLE = {
    Condition.OVERLOAD: N_("This is too heavy: the scale weighs up to {weight}"),
    Condition.UNDERLOAD: N_("Please take everything off the scale for a moment"),
    Condition.UNAVAILABLE: N_("The scale does not answer. Please ask a member of staff."),
}


class Prompt:
    """Draws one step; the panel draws it anew when the step changes."""

    def __init__(self, visit: Visit, shopper: Shopper) -> None:
        self._visit, self._t, self._shopper = visit, visit.language, shopper
        self._plate = shopper.plate
        self._live: ui.label | None = None
        self.heading = ""
        """The text of its heading, for screen readers."""

    @staticmethod
    def depends_on(shopper: Shopper) -> tuple[object, ...]:
        """What decides how a step looks, besides the step itself."""
        match shopper.step:
            case Step.IDLE:
                presumed = shopper.weighing.presumed_label
                return _trouble(shopper.plate), shopper.plate.tare_kg, presumed
            case Step.READY:
                return (shopper.camera_sees,)
        return ()

    def build(self) -> None:
        """Draw it."""
        t, step, notice = self._t, self._shopper.step, self._shopper.weighing.notice
        with ui.element("div").classes(f"prompt {step.name.lower()}").mark("prompt"):
            if notice is not None:
                theme.notice(t(notice.message), kind="calm").mark("problem")
            match step:
                case Step.CONTAINER:
                    self._container()
                case Step.MOVING:
                    self._weight()
                    self._heading(t("One moment, it is being weighed"))
                case Step.READY if self._shopper.camera_sees and notice is None:
                    self._weight()
                    self._heading(t("The picture is being taken"))
                case Step.READY if self._shopper.bench is None:
                    self._weight()
                    self._heading(t("What is it?"))
                    again = theme.action(t("Try again"), self._shopper.classify, kind="primary")
                    again.mark("weigh-again").props("data-focus")
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
        self.heading = text
        return theme.text(text, "h1")

    def show(self) -> bool:
        """Show the weight as it moves; False, as nothing is drawn anew for that."""
        net = self._plate.net_kg
        if self._live is not None and net is not None:
            self._live.text = wording.kilograms(net, self._t)
        return False

    def _attract(self) -> None:
        t, trouble = self._t, _trouble(self._plate)
        with ui.element("div").classes("attract").props("aria-hidden=true"):
            for label in _ATTRACTIVE:
                theme.picture(self._visit.kiosk.drawing(label), "", 88)
        if trouble is not None:
            weight = wording.kilograms(self._plate.capacity_kg, t)
            self._heading(t(_TROUBLE[trouble], weight=weight)).mark("trouble")
        elif (name := self._presumed()) is not None:
            self._heading(t("Put it on the scale: {item}", item=name)).mark("presumed")
            theme.action(t("Cancel"), self._shopper.take_back, kind="quiet").mark("take-back")
        else:
            self._heading(t("Put your item on the scale")).mark("welcome")
            if self._plate.tare_kg:
                tare = wording.kilograms(self._plate.tare_kg, t)
                theme.text(t("{weight} is taken off for its container", weight=tare), "p")
            else:
                theme.text(t("It is recognised by itself. No menu, no numbers."), "p")
        if (shop := self._visit.kiosk.labels.shop).lines:
            theme.text(" · ".join(shop.lines), "p").classes("shop-lines").mark("shop")

    def _presumed(self) -> str | None:
        """The name of the item that the shopper has chosen before anything was on the scale."""
        item = self._visit.kiosk.catalogue.get(self._shopper.weighing.presumed_label)
        return None if item is None else item.name_in(self._t.code)

    def _weight(self) -> None:
        self._live = theme.text("", "p").classes("live-weight").mark("live-weight")
        self.show()

    def _waiting(self) -> None:
        t = self._t
        with ui.element("div").classes("waiting").mark("waiting") as wait:
            wait.props["role"] = "status"
            theme.spinner()
            self._heading(t("Recognising…"))
        theme.action(t("Cancel"), self._shopper.cancel, kind="quiet").mark("cancel")

    def _container(self) -> None:
        t = self._t
        self._heading(t("Put your empty container on the scale")).mark("own-container")
        theme.text(t("Its weight is taken off. Then fill it."), "p")
        if (bench := self._shopper.bench) is not None:
            theme.action(t("Put a bowl on it"), bench.place_bowl, symbol="container").mark(
                "example-container"
            )
        theme.action(t("Cancel"), self._shopper.cancel_container, kind="quiet").mark(
            "leave-container"
        )


def _trouble(plate: Plate) -> Condition | None:
    """What keeps the scale from weighing; a pan that trembles at zero is nothing to say."""
    return plate.condition if plate.condition in _TROUBLE else None
