"""The answer: what it is, how sure that is, what it costs, and what else it may be."""

from nicegui import ui

from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.screen.pieces import Counter, amount
from frontend.shopper.alternatives import draw_alternatives
from frontend.shopper.pieces import ask_for_count
from frontend.shopper.receipt import Receipt
from frontend.weighing.shopper import Shopper
from frontend.words import wording
from frontend.words.languages import N_
from smartscale.contract.weighing import EMPTY, Result, Unit

ONE_KIND = N_("One kind at a time, please")


class Answer:
    """Draws one result; the panel draws it anew when it is another item."""

    def __init__(self, visit: Visit, shopper: Shopper) -> None:
        self._visit, self._t = visit, visit.language
        self._shopper, self._weighing = shopper, shopper.weighing
        self._counter: Counter | None = None
        self._leave: ui.button | None = None
        self._drawn = self._now()

    def build(self) -> None:
        """Draw it."""
        with ui.element("div").classes("answer").mark("answer"):
            if self._result.sold_label == EMPTY:
                self._nothing_there()
            else:
                self._item()

    def show(self) -> bool:
        """Draw what has changed of the same item; returns whether anything has.

        The buttons that count stay: a tap on what is drawn anew is lost.
        """
        before, now = self._drawn, self._now()
        if before == now:
            return False
        self._drawn = now
        self._problem.refresh()
        if self._counter is not None:
            self._counter.show(self._weighing.quantity)
        self._price.refresh()
        if self._weighing.settled:
            self._head.refresh()
            self._below.refresh()
        elif self._leave is not None:
            self._leave.set_enabled(False)
        return True

    def _now(self) -> tuple[object, ...]:
        """What can change while the item stays the same."""
        weighing = self._weighing
        return weighing.result, weighing.notice, weighing.quantity, weighing.settled

    @property
    def _result(self) -> Result:
        if self._weighing.result is None:
            raise LookupError("there is no answer to draw")
        return self._weighing.result

    @property
    def _asks(self) -> bool:
        return bool(self._result.needs_confirmation)

    @property
    def _counts(self) -> bool:
        """Whether the item is known, and its pieces have to be counted."""
        return self._result.needs_count and not self._asks

    def _item(self) -> None:
        self._head()
        with ui.element("div").classes("price-row"):
            self._price()
            if self._result.unit is Unit.EACH:
                self._counter = Counter(
                    self._t, self._weighing.quantity, self._weighing.most, self._shopper.count
                )
        self._below()

    @ui.refreshable_method
    def _head(self) -> None:
        t, result, asks = self._t, self._result, self._asks
        with ui.element("div").classes("answer-head"):
            theme.picture(self._visit.kiosk.drawing(result.sold_label), "", 104)
            with ui.element("div").classes("answer-name"):
                theme.text(result.name or "", "h1").mark("answer-name")
                if said := wording.declared(result, t):
                    theme.text(said, "p").classes("declared").mark("declared")
                if asks:
                    theme.text(t("Does this look right?"), "p").classes("question")
                elif self._counts:
                    theme.text(t("How many are there?"), "p").classes("question")
                self._how_sure(asks=asks)

    @ui.refreshable_method
    def _below(self) -> None:
        t, result, asks = self._t, self._result, self._asks
        self._problem()
        settled = not (asks or self._counts)
        receipt = Receipt(self._visit, result, in_shop=self._shopper.bench is None)
        if self._counts:
            ask_for_count(self._shopper, t)
        with ui.element("div").classes("actions"):
            if asks:
                label, counts = result.label or "", result.unit is Unit.EACH

                async def accept() -> None:
                    quantity = self._weighing.quantity if counts else None
                    await self._shopper.confirm(label, quantity)

                yes = theme.action(
                    t(
                        "Yes, {name}",
                        name=amount(result.name or "", self._weighing.quantity if counts else 1, t),
                    ),
                    accept,
                    kind="primary",
                    symbol="check",
                )
                yes.mark("accept").props("data-focus")
            elif settled and receipt.prints:
                receipt.print_button()
            elif settled:
                self._next(kind="primary")
            theme.action(
                t("Something else"), lambda: self._shopper.search(True), symbol="search"
            ).mark("something-else")
            if settled and receipt.prints:
                self._next(kind="secondary")
        if settled:
            receipt.build()
        title = t("Or is it one of these?") if asks else t("Not right? Tap what it is")
        draw_alternatives(self._visit, self._shopper, title)
        if asks or self._counts:
            self._next(kind="quiet", title=t("Cancel"))

    def _how_sure(self, *, asks: bool) -> None:
        t, result = self._t, self._result
        if result.confirmed_label is not None:
            theme.text(t("Confirmed"), "p").classes("pill good").mark("confidence")
            return
        if asks and result.two_kinds:
            theme.text(t(ONE_KIND), "p").classes("pill ask").mark("one-kind")
            return
        share = result.confidence or 0.0
        words = f"{wording.confidence(share, t, asks=asks)} · {wording.percent(share, t)}"
        theme.text(words, "p").classes("pill ask" if asks else "pill good").mark("confidence")

    @ui.refreshable_method
    def _price(self) -> None:
        t, result = self._t, self._result
        price, calculation = wording.price(result, t), wording.calculation(result, t)
        if not self._weighing.settled:
            price, calculation = wording.ELLIPSIS, t("One moment…")
        open_ = self._asks or self._counts
        with ui.element("div").classes("price-block open" if open_ else "price-block"):
            theme.text(t("Price"), "p").classes("price-caption")
            theme.text(price, "p").classes("price").mark("price")
            theme.text(calculation, "p").classes("sum").mark("calculation")
            if (offer := wording.offer(result, t)) is not None:
                theme.text(offer, "p").classes("offer-line").mark("offer")
            if result.weight_kg is not None and result.tare_kg:
                gross = wording.kilograms(result.weight_kg, t)
                tare = wording.kilograms(result.tare_kg, t)
                theme.text(t("Gross {gross} − tare {tare}", gross=gross, tare=tare), "p").classes(
                    "tare-line"
                ).mark("tare-line")

    def _nothing_there(self) -> None:
        t = self._t
        with ui.element("div").classes("empty"):
            theme.picture(self._visit.kiosk.drawing(EMPTY), "", 120)
            theme.text(t(wording.NOTHING_THERE), "h1").mark("answer-name")
            theme.text(t("Please place your item on it, and take a new picture."), "p")
            self._problem()
            again = theme.action(t("Try again"), self._shopper.retake, kind="primary")
            again.mark("try-again").props("data-focus")
            # The camera may be wrong, so the item can also be found by its name.
            theme.action(
                t("Search by name or number"), lambda: self._shopper.search(True), symbol="search"
            ).mark("find")

    def _next(self, *, kind: str, title: str | None = None) -> None:
        button = theme.action(title or self._t("Next item"), self._shopper.next_item, kind=kind)
        button.mark("next-item").set_enabled(self._weighing.settled)
        self._leave = button
        if kind == "primary":
            button.props("data-focus")

    @ui.refreshable_method
    def _problem(self) -> None:
        if (notice := self._weighing.notice) is not None:
            theme.notice(self._t(notice.message), kind="calm").mark("problem")
