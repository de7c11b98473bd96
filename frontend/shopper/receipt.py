"""The label of a weighing that has its price: printed, as a file, or on the shopper's phone."""

import io

import qrcode
from nicegui import ui
from qrcode.image.svg import SvgPathImage

from frontend.api.errors import ApiError, log_unreachable
from frontend.kiosk import Visit
from frontend.labels.desk import NoLabel
from frontend.labels.label import NO_BARCODE, Label, receipt_text
from frontend.labels.printer import NotPrinted
from frontend.screen import theme
from frontend.weighing.weighing import UNREACHABLE
from frontend.words.languages import N_
from smartscale.contract.weighing import Result

NO_LABEL = N_("There is no label for this item. Please ask a member of staff.")
PRINTED = N_("Your label is printed.")


class Receipt:
    """Draws what a shopper takes away, below an answer that has its price.

    It has two faces. In a shop, where a scale is wired, the label is printed by the first button or
    by itself, and a code for the phone stands beside it. The demo hands out files, too.
    """

    def __init__(self, visit: Visit, result: Result, *, in_shop: bool) -> None:
        self._visit = visit
        self._result, self._weighing = result, result.job_id
        self._in_shop = in_shop
        self._notice: str | None = None
        self._kind = "info"
        self._code: Label | None = None

    @property
    def prints(self) -> bool:
        """Whether printing is the first thing to do with the answer."""
        return self._in_shop and self._visit.kiosk.labels.printer is not None

    def print_button(self) -> None:
        """Draw the button that prints, as the first one of the answer."""
        button = theme.action(
            self._visit.language("Print label"), self._print, kind="primary", symbol="print"
        )
        button.mark("print-label").props("data-focus")

    def build(self) -> None:
        """Draw the rest."""
        t = self._visit.language
        with ui.element("section").classes("receipt").mark("receipt") as section:
            section.props["aria-label"] = t("Label")
            if not self._in_shop:
                self._buttons()
            self._below()
        if self._in_shop:
            ui.timer(0, self._begin, once=True)

    def _buttons(self) -> None:
        t = self._visit.language
        with ui.element("div").classes("actions"):
            if self._visit.kiosk.labels.printer is not None:
                theme.action(t("Print label"), self._print, symbol="print").mark("print-label")
            self._file("pdf", t("Label as PDF"))
            self._file("png", t("Label as picture"))
            theme.action(t("Label for my phone"), self._show_code, symbol="phone").mark(
                "label-code"
            )

    async def _begin(self) -> None:
        """Show the code for the phone, and print where the shop wants that without a tap."""
        kiosk, t = self._visit.kiosk, self._visit.language
        try:
            self._code = await kiosk.labels.label_of(self._result)
            self._below.refresh()
            printed = await kiosk.labels.print_by_itself(self._result, t, kiosk.settings.printing)
        except (NoLabel, ApiError, NotPrinted) as error:
            self._tell(error)
        else:
            if printed is not None:
                self._show_printed(printed)

    def _file(self, kind: str, title: str) -> None:
        with ui.element("a").classes("action secondary file").mark(f"label-{kind}") as link:
            link.props["href"] = f"/label/{self._weighing}.{kind}?lang={self._visit.language.code}"
            link.props["download"] = f"label.{kind}"
            link.on("click", self._label)  # the browser would not say why a download fails
            theme.text(title)

    @ui.refreshable_method
    def _below(self) -> None:
        t = self._visit.language
        if self._notice is not None:
            theme.notice(self._notice, kind=self._kind).mark("label-notice")
        if self._code is not None:
            with ui.element("div").classes("label-code").mark("code"):
                ui.html(_code(self._holds(self._code)), sanitize=False).props(
                    f'role=img aria-label="{t("Code for your phone")}"'
                )
                theme.text(t("Scan it with your phone to keep the receipt."), "p")

    def _holds(self, label: Label) -> str:
        """What the phone scans: the receipt's address where the shop has one, else its text."""
        kiosk, t = self._visit.kiosk, self._visit.language
        if kiosk.settings.receipt_url is None:
            return receipt_text(label, t)
        base = str(kiosk.settings.receipt_url).rstrip("/")
        return f"{base}/label/{self._weighing}.png?lang={t.code}"

    async def _print(self) -> None:
        label = await self._label()
        if label is None:
            return
        try:
            await self._visit.kiosk.labels.print(label, self._visit.language)
        except NotPrinted as error:
            self._tell(error)
        else:
            self._show_printed(label)

    def _show_printed(self, label: Label) -> None:
        printed = (PRINTED,) if label.number is not None else (PRINTED, NO_BARCODE)
        self._show(*printed, kind="info")

    async def _show_code(self) -> None:
        label = None if self._code is not None else await self._label()
        self._code = label
        self._below.refresh()
        if label is not None:  # once it is drawn, it may be below the edge of the screen
            self._visit.client.run_javascript(
                "setTimeout(() => document.querySelector('.label-code')"
                "?.scrollIntoView({block: 'nearest'}), 150)"
            )

    async def _label(self) -> Label | None:
        try:
            label = await self._visit.kiosk.labels.label(self._weighing, self._visit.language)
        except (NoLabel, ApiError) as error:
            self._tell(error)
            return None
        if label.number is None:
            self._show(NO_BARCODE, kind="info")
        return label

    def _tell(self, error: NoLabel | ApiError | NotPrinted) -> None:
        """Say why there is no label."""
        match error:
            case NoLabel():
                self._show(NO_LABEL, why=str(error))
            case NotPrinted():
                self._show(str(error))
            case _:
                log_unreachable(error)
                self._show(UNREACHABLE)

    def _show(self, *messages: str, why: str = "", kind: str = "calm") -> None:
        sentence = " ".join(map(self._visit.language, messages))
        self._kind = kind
        self._notice = f"{sentence} ({why})" if why else sentence
        self._below.refresh()


def _code(text: str) -> str:
    """A QR code as SVG."""
    out = io.BytesIO()
    # A screen has no dirt to be corrected, and fewer squares are larger ones.
    low = qrcode.constants.ERROR_CORRECT_L
    qrcode.make(text, image_factory=SvgPathImage, border=4, error_correction=low).save(out)
    return out.getvalue().decode("utf-8").partition("?>")[2]
