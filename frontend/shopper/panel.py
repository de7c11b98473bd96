"""The side of the page with the weight, and with what to do next or the answer."""

import json

from nicegui import ui

from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.shopper.answer import Answer
from frontend.shopper.chooser import Chooser
from frontend.shopper.prompt import Prompt
from frontend.shopper.readout import Display, Knobs, Readout
from frontend.weighing.session import Step
from frontend.weighing.shopper import Shopper
from frontend.words import wording
from smartscale.contract.weighing import Result

_UNANSWERED = frozenset({Step.IDLE, Step.MOVING, Step.READY, Step.WAITING})


class Panel:
    """Draws it where it is made; `show` draws what has changed."""

    def __init__(self, visit: Visit, shopper: Shopper) -> None:
        self._visit, self._shopper = visit, shopper
        self._part: Answer | Chooser | Prompt | None = None
        self._drawn = self._now()
        self._announced = shopper.weighing.result
        self._announcement = theme.text("", "p").classes("sr-only").mark("announcement")
        self._announcement.props["role"] = "status"
        self._readout: Readout = (
            Display(shopper.plate, visit.language)
            if shopper.bench is None
            else Knobs(shopper, visit.language)
        )
        with ui.element("div").classes("panel-main"):
            self._main()
            self._yourself = self._choose_yourself()
        self._offer_yourself()

    def show(self) -> None:
        """Draw what has changed, and say it to those who cannot see it."""
        self._readout.show()
        if self._drawn != self._now():
            self._part = None  # it is drawn anew in a moment
            self._drawn = self._now()
            self._main.refresh()
            self._offer_yourself()
            self._focus("leadOn")
            if self._shopper.choosing or self._shopper.step is Step.ANSWERED:
                self._focus("begin")
        elif self._part is not None and self._part.show():
            self._focus("leadOn")
        self._announce()

    def _now(self) -> tuple[object, ...]:
        """What decides which part is drawn. Each part draws its own smaller changes."""
        shopper = self._shopper
        weighing, step = shopper.weighing, shopper.step
        if shopper.choosing:
            return (Chooser,)  # whatever the scale does meanwhile, what was typed stays
        if step is Step.ANSWERED and weighing.result is not None:
            result = weighing.result
            return step, weighing, result.sold_label, result.unit
        return step, weighing.notice, *Prompt.depends_on(shopper)

    @ui.refreshable_method
    def _main(self) -> None:
        self._drawn = self._now()
        if self._shopper.choosing:
            self._part = chooser = Chooser(self._visit, self._shopper)
            chooser.build()
            self._announcement.text = chooser.heading
        elif self._shopper.step is Step.ANSWERED:
            self._part = Answer(self._visit, self._shopper)
            self._part.build()
        else:
            self._part = prompt = Prompt(self._visit, self._shopper)
            prompt.build()
            self._announcement.text = prompt.heading

    def _choose_yourself(self) -> ui.button:
        """The way on without recognition: for who knows better, or does not want to wait.

        It stays while the weight settles and is recognised: what is drawn anew under a finger, or
        before the page is connected, never hears that it was tapped.
        """
        label = self._visit.language("Choose it yourself")
        button = theme.action(label, lambda: self._shopper.search(True), symbol="search")
        return button.mark("choose-yourself").classes("choose-yourself")

    def _offer_yourself(self) -> None:
        shopper = self._shopper
        self._yourself.set_visibility(not shopper.choosing and shopper.step in _UNANSWERED)

    def _announce(self) -> None:
        """Say a new answer, and put the keyboard on what comes next.

        Where pieces were counted, the keyboard stays on the button that counts.
        """
        before, weighing = self._announced, self._shopper.weighing
        if weighing.result is before or not weighing.settled:
            return
        self._announced = now = weighing.result
        if now is None:
            return
        words = wording.spoken(now, self._visit.language)
        self._announcement.text = words
        self._visit.client.run_javascript(f"smartscale.say({json.dumps(words)})")
        if not _only_counted(before, now) and not self._shopper.choosing:
            self._focus("lead")

    def _focus(self, how: str) -> None:
        """Lead the keyboard or the eye to what comes next, once that is drawn."""
        self._visit.client.run_javascript(f"setTimeout(() => smartscale.{how}(), 50)")


def _only_counted(before: Result | None, now: Result) -> bool:
    """Whether two answers differ in how many pieces there are."""
    return (
        before is not None
        and before.sold_label == now.sold_label
        and before.quantity != now.quantity
    )
