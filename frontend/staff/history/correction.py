"""One weighing in a dialog: its photo and figures, and what staff say it is."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from frontend.labels.desk import NoLabel
from frontend.labels.printer import NotPrinted
from frontend.offline.api import OfflineApi
from frontend.screen import theme
from frontend.screen.pieces import Counter, amount
from frontend.screen.search import ItemSearch
from frontend.staff.desk import Desk
from frontend.staff.history.weighings import LARGE, status, title_of
from frontend.weighing.weighing import MAX_QUANTITY
from frontend.words import wording
from frontend.words.languages import N_
from smartscale.contract.weighing import Act, ConfirmedBy, Prediction, Result, Status, Unit

CONFIRMERS = {
    ConfirmedBy.SHOPPER: N_("Confirmed by the shopper"),
    ConfirmedBy.ATTENDANT: N_("Confirmed by an attendant"),
    ConfirmedBy.KIOSK: N_("Charged without a question while the service was away"),
}

ACTS = {Act.VOID: N_("Voided"), Act.REPRINT: N_("Printed again")}
CHEAPER = N_("A shopper chose this instead of what was recognised, and it is cheaper.")
TOO_FEW = N_("A shopper counted fewer pieces than weigh so much.")


def suspicion(result: Result) -> str:
    """Why a weighing is suspicious: a message of the catalogues."""
    if result.pieces is not None and (result.quantity or 1) < result.pieces.least:
        return TOO_FEW
    return CHEAPER


class Correction:
    """The dialog of one weighing."""

    def __init__(
        self, desk: Desk, result: Result, on_change: Callable[[Result], Awaitable[None]]
    ) -> None:
        self._desk = desk
        self._result = result
        pieces = result.pieces
        odd = result.suspicious and pieces is not None
        self._quantity = pieces.suggested if pieces and odd else result.quantity or 1
        """How many pieces the attendant counts."""
        self._changed = on_change
        self._searching = self._voiding = False
        self._dialog: ui.dialog | None = None

    def open(self, *, searching: bool = False, voiding: bool = False) -> None:
        """Show it, with the search for another item, or the question whether to void it, open."""
        self._searching, self._voiding = searching, voiding
        t = self._desk.visit.language
        # The dialog belongs to the page, so that it stays when the list that opened it is redrawn.
        with self._desk.visit.client.layout, ui.dialog() as dialog:
            self._dialog = dialog
            dialog.props["aria-label"] = t("Weighing")
            dialog.on("hide", dialog.delete)
            with ui.element("div").classes("card weighing-card").mark("weighing-card"):
                self._draw()
        dialog.open()
        if wanted := ".search" if searching else ".void-row" if voiding else "":
            self._desk.visit.client.run_javascript(
                f"setTimeout(() => document.querySelector('.weighing-card {wanted}')"
                "?.scrollIntoView({block: 'start'}), 300)"
            )

    @ui.refreshable_method
    def _draw(self) -> None:
        visit, result = self._desk.visit, self._result
        t = visit.language
        with ui.element("div").classes("search-head"):
            with ui.element("div").classes("entry-head"):
                theme.text(title_of(result, t), "h2").classes("serving-name")
                kind, words = status(result)
                theme.text(t(words)).classes(f"pill {kind}")
            assert self._dialog is not None  # noqa: S101 - drawn inside of it
            theme.action(t("Close"), self._dialog.close, kind="quiet").mark("close-weighing")
        with ui.element("div").classes("weighing-look"):
            photo = theme.picture(
                visit.kiosk.photos.make(result.job_id, LARGE), t("Photo of this weighing")
            )
            photo.classes("weighing-photo")
            with ui.element("dl").classes("facts"):
                for title, fact in self._facts():
                    theme.text(title, "dt")
                    theme.text(fact, "dd")
        if result.status is not Status.DONE:
            theme.notice(result.error or t("No result"), kind="calm")
            return
        if result.suspicious:
            theme.notice(t(suspicion(result)), kind="calm").mark("suspicion")
        if result.voided:
            theme.notice(t("This weighing is voided: it counts no more."), kind="calm")
            return
        self._answers()
        self._acts()

    def _acts(self) -> None:
        """Draw what staff can do besides saying what it is."""
        t, labels = self._desk.visit.language, self._desk.visit.kiosk.labels
        with ui.element("div").classes("entry-actions void-row"):
            if labels.printer is not None and self._has_label:
                theme.action(t("Print again"), self._reprint, symbol="print").mark("reprint")
            if self._voiding:
                theme.action(t("Yes, void it"), self._void).mark("void-yes")
                theme.action(t("Back"), lambda: self._ask_void(False), kind="quiet").mark("void-no")
            else:
                theme.action(t("Void"), lambda: self._ask_void(True), kind="quiet").mark("void")

    @property
    def _has_label(self) -> bool:
        result = self._result
        settled = not (result.needs_confirmation or result.needs_count)
        return settled and result.price is not None

    def _ask_void(self, voiding: bool) -> None:
        self._voiding = voiding
        self._draw.refresh()

    async def _void(self) -> None:
        await self._act(Act.VOID, N_("The weighing is voided."))

    async def _reprint(self) -> None:
        """Note it in the ledger first; then print the label, marked as a copy."""
        desk, t = self._desk, self._desk.visit.language
        if not await self._act(Act.REPRINT, N_("The label is printed again.")):
            return
        labels = desk.visit.kiosk.labels

        async def printed(_api: OfflineApi) -> None:
            label = await labels.label(self._result.job_id, t)
            await labels.print(label, t, again=True)

        try:
            await desk.ask_shop(printed)
        except (NoLabel, NotPrinted) as error:
            desk.show_problem(str(error))

    async def _act(self, what: Act, done: str) -> bool:
        job_id, t = self._result.job_id, self._desk.visit.language
        return await self._change(
            lambda api: api.service.act(job_id, what, self._desk.who, t.code), done
        )

    async def _change(self, request: Callable[[OfflineApi], Awaitable[Result]], done: str) -> bool:
        """Have the service change the weighing, and close the dialog; tells whether it did."""
        changed: list[Result] = []

        async def ask(api: OfflineApi) -> None:
            changed.append(await request(api))

        worked = await self._desk.act_shop(ask, done)
        if self._dialog is not None:
            self._dialog.close()
        if worked:
            await self._changed(changed[0])
        return worked

    def _facts(self) -> list[tuple[str, str]]:
        result, t = self._result, self._desk.visit.language
        facts = [(t("Scale"), result.scale_id or wording.EM_DASH)]
        if result.created_at is not None:
            facts.append((t("Time"), wording.clock_time(result.created_at, t)))
        if result.weight_kg is not None:
            facts.append((t("Gross"), wording.kilograms(result.weight_kg, t)))
        if result.tare_kg:
            facts.append((t("Tare"), wording.kilograms(result.tare_kg, t)))
        facts.append((t("Net weight"), wording.load(result, t)))
        if result.unit_price is not None:
            each = wording.unit_price(result.unit_price, result.currency, result.unit, t)
            facts.append((t("Unit price"), each))
        facts.append((t("Price"), wording.price(result, t)))
        if result.confidence is not None:
            facts.append((t("Confidence"), wording.percent(result.confidence, t)))
        if result.confirmed_by is not None:
            facts.append((t("Status"), t(CONFIRMERS[result.confirmed_by])))
        if result.confirmed_by_staff is not None:
            facts.append((t("By"), result.confirmed_by_staff))
        facts.extend(
            (t(ACTS[act.what]), f"{act.staff}, {wording.clock_time(act.at, t)}")
            for act in result.acts
        )
        return facts

    def _answers(self) -> None:
        t, result = self._desk.visit.language, self._result
        sold = result.sold_label
        theme.text(t("What is it?"), "h3")
        if result.unit is Unit.EACH:
            self._count()
        self.draw_right()
        seen = self._seen
        with ui.element("div").classes("alternatives"):
            for candidate in result.top_k:
                if candidate.total is None or candidate.label == sold:
                    continue
                if result.suspicious and candidate is seen:
                    continue
                self._alternative(candidate.label, candidate.name, wording.total(candidate, t))
        if self._searching:
            ItemSearch(self._desk.visit, self._confirm).build()
        else:
            theme.action(t("Something else"), self._search, symbol="search").mark(
                "search-item"
            ).classes("desk-action")
        if result.suspicious and sold is not None:
            # Last and plain: what may be a fraud is not to be let pass by habit.
            name = amount(title_of(result, t), result.quantity or 1, t)
            theme.action(
                t("Let it pass as {name}", name=name),
                lambda: self._confirm(sold, result.quantity if self._counted else None),
                kind="quiet",
            ).mark("let-pass")

    def draw_right(self) -> None:
        """Draw the one tap that says it is right, or was seen right; nothing where it is settled.

        What may be a fraud is settled as what the scale saw.
        """
        t, result, seen = self._desk.visit.language, self._result, self._seen
        sold, quantity = result.sold_label, self._counted
        settled = result.confirmed_by is ConfirmedBy.ATTENDANT and not result.needs_count
        if result.suspicious and seen is not None and seen.total is not None and seen.label != sold:
            name, label, quantity = seen.name, seen.label, None
        elif (
            result.price is None
            or sold is None
            or (settled and quantity in {None, result.quantity})
        ):
            return
        else:
            name, label = amount(title_of(result, t), quantity or 1, t), sold
        right = theme.action(
            t("It is {name}", name=name),
            lambda: self._confirm(label, quantity),
            kind="primary",
            symbol="check",
        )
        right.mark("settle").classes("desk-action")

    @property
    def _seen(self) -> Prediction | None:
        """What the scale took it for."""
        return next((one for one in self._result.top_k if one.label == self._result.label), None)

    @property
    def _counted(self) -> int | None:
        """How many pieces it is; None where it is sold by weight."""
        return self._quantity if self._result.unit is Unit.EACH else None

    def _count(self) -> None:
        pieces = self._result.pieces

        async def count(by: int) -> None:
            self._quantity += by
            self._draw.refresh()

        most = MAX_QUANTITY if pieces is None else pieces.at_most
        Counter(self._desk.visit.language, self._quantity, most, count)

    def _alternative(self, label: str, name: str, price: str) -> None:
        async def choose() -> None:
            await self._confirm(label)

        with (
            ui.element("button").classes("alternative").mark(f"it-is-{label}").on("click", choose)
        ) as button:
            button.props["type"] = "button"
            theme.picture(self._desk.visit.kiosk.drawing(label), "", 48)
            theme.text(name).classes("alternative-name")
            theme.text(price).classes("alternative-total")

    def _search(self) -> None:
        self._searching = True
        self._draw.refresh()

    async def _confirm(self, label: str, quantity: int | None = None) -> None:
        """Confirm what it is and how many, as an attendant."""
        job_id, t = self._result.job_id, self._desk.visit.language
        await self._change(
            lambda api: api.confirm(
                job_id,
                label,
                t.code,
                quantity=quantity,
                confirmed_by=ConfirmedBy.ATTENDANT,
                staff=self._desk.who,
            ),
            N_("The weighing is settled."),
        )
