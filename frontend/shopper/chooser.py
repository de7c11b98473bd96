"""The panel while the shopper chooses the item by hand: without an answer, or knowing better."""

from nicegui import ui

from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.screen.search import ItemSearch
from frontend.shopper.alternatives import draw_alternatives
from frontend.weighing.session import Step
from frontend.weighing.shopper import Shopper
from frontend.words import wording
from frontend.words.languages import N_
from smartscale.contract.weighing import EMPTY, UNKNOWN

NOT_SEEN = N_("The camera does not see your item")


class Chooser:
    """Draws it once; what the scale and the camera do meanwhile changes its heading alone."""

    def __init__(self, visit: Visit, shopper: Shopper) -> None:
        self._visit, self._t, self._shopper = visit, visit.language, shopper
        self._drawn = self._now()

    def build(self) -> None:
        """Draw it."""
        with ui.element("div").classes("answer chooser").mark("answer"):
            self._head()
            ItemSearch(self._visit, self._shopper.confirm).build()

    def show(self) -> bool:
        """Draw what has changed above the items; returns whether anything has."""
        if self._drawn == self._now():
            return False
        self._drawn = self._now()
        self._head.refresh()
        return True

    @property
    def heading(self) -> str:
        """The text of its heading."""
        match self._sold_label:
            case label if label == UNKNOWN:
                return self._t(wording.NOT_KNOWN)
            case label if label == EMPTY:
                return self._t(NOT_SEEN)
        return self._t("What is it?")

    @property
    def _sold_label(self) -> str | None:
        result = self._shopper.weighing.result
        return None if result is None else result.sold_label

    def _now(self) -> tuple[object, ...]:
        weighing = self._shopper.weighing
        return weighing.result, weighing.notice, weighing.settled, self._shopper.may_leave_choosing

    @ui.refreshable_method
    def _head(self) -> None:
        t, shopper, weighing = self._t, self._shopper, self._shopper.weighing
        with ui.element("div").classes("answer-head"):
            if self._sold_label in {UNKNOWN, EMPTY}:
                theme.picture(self._visit.kiosk.drawing(self._sold_label), "", 72)
            with ui.element("div").classes("answer-name"):
                theme.text(self.heading, "h1").mark("answer-name")
                if self._sold_label == UNKNOWN:
                    theme.text(t("Please find it here, or ask a member of staff."), "p")
            if self._sold_label == EMPTY:
                theme.action(t("Try again"), shopper.retake, symbol="camera").mark("try-again")
            if shopper.may_leave_choosing:
                theme.action(t("Back"), lambda: shopper.search(False), kind="quiet").mark("back")
            elif shopper.step is Step.ANSWERED:
                leave = theme.action(t("Cancel"), shopper.next_item, kind="quiet")
                leave.mark("next-item").set_enabled(weighing.settled)
        if weighing.notice is not None:
            theme.notice(t(weighing.notice.message), kind="calm").mark("problem")
        if self._sold_label == UNKNOWN:
            draw_alternatives(self._visit, shopper, t("Could it be one of these?"))
