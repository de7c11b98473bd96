"""Prints labels or hands them out as files; each is recorded first, so that copies are marked."""

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import import_module

from frontend.api.catalogue import Catalogue
from frontend.labels.issued import Issued
from frontend.labels.label import Label, NotSettled, label_of
from frontend.labels.printer import Printer
from frontend.labels.profiles import Profile
from frontend.labels.shop import NO_SHOP, Shop
from frontend.offline.api import OfflineApi
from frontend.words.languages import Language
from smartscale.contract.weighing import Result

FORMATS = {"pdf": "application/pdf", "png": "image/png"}
"""The files that a label is handed out as, and their media types."""

_REMEMBERED = 1000


class Printing(StrEnum):
    """When a label is printed without a tap."""

    ALWAYS = "always"
    """As soon as the item has its price, also where the shopper has said what it is."""
    SURE = "sure"
    """Where the recognition was sure, and nobody was asked."""
    NEVER = "never"


def prints_by_itself(result: Result, printing: Printing) -> bool:
    """Whether a label of this result is printed without a tap."""
    if printing is Printing.NEVER or result.needs_confirmation or result.needs_count:
        return False
    return printing is Printing.ALWAYS or result.confirmed_label is None


class NoLabel(Exception):
    """The weighing has no label; the text says why, in English, for the operator."""


@dataclass(frozen=True)
class LabelDesk:
    """Makes the labels of one kiosk. `printer` is None where there is none."""

    api: OfflineApi
    catalogue: Catalogue
    profile: Profile
    issued: Issued
    printer: Printer | None
    shop: Shop = NO_SHOP
    _by_itself: dict[str, None] = field(default_factory=dict, repr=False)
    """The weighings whose label was printed without a tap, the oldest first."""

    async def prepare(self) -> None:
        """Have a kiosk with a printer load what draws and prints before a label is wanted."""
        if self.printer is not None:
            for module in ("frontend.labels.slip", "frontend.labels.escpos"):
                await asyncio.to_thread(import_module, module)

    async def label(self, weighing: str, language: Language) -> Label:
        """The label of a weighing.

        Raises:
            NoLabel: it has no price that holds, or no PLU.
            ApiError: the API did not give the weighing.
        """
        return await self.label_of(await self.api.result(weighing, language.code))

    async def label_of(self, result: Result) -> Label:
        """The label of a result, without asking for it again. Raises NoLabel, ApiError."""
        try:
            return label_of(result, await self._plu(result), self.profile, self.shop)
        except NotSettled as error:
            raise NoLabel(str(error)) from error

    async def file(self, label: Label, language: Language, kind: str) -> tuple[bytes, str]:
        """A label as a file of one of `FORMATS`, and its media type."""
        media_type = FORMATS[kind]
        copy = await asyncio.to_thread(self.issued.issue, label.sale)
        return await asyncio.to_thread(_file, label, language, kind, copy=copy), media_type

    async def print_by_itself(
        self, result: Result, language: Language, printing: Printing
    ) -> Label | None:
        """Print the label of a result that has just come, where the shop wants that.

        One weighing is printed by itself once: another item or number of pieces that is chosen
        later is for a tap, and so is whatever has gone out already.

        Returns:
            The label that was printed; None where none was.

        Raises:
            NoLabel, NotPrinted, ApiError: nothing was printed.
        """
        if self.printer is None or not prints_by_itself(result, printing):
            return None
        if result.job_id in self._by_itself:
            return None
        self._by_itself[result.job_id] = None
        while len(self._by_itself) > _REMEMBERED:
            self._by_itself.pop(next(iter(self._by_itself)))
        label = await self.label_of(result)
        if await asyncio.to_thread(self.issued.knows, label.sale):
            return None
        await self.print(label, language)
        return label

    async def print(self, label: Label, language: Language, *, again: bool = False) -> None:
        """Print a label.

        Args:
            label: what to print.
            language: of its words.
            again: whether it went out before, here or at another kiosk.

        Raises:
            NotPrinted: the printer printed nothing; the next label will not be marked as a copy.
        """
        if self.printer is None:
            raise LookupError("this kiosk has no printer")
        await asyncio.to_thread(self._print, self.printer, label, language, again=again)

    async def print_slip(
        self, title: str, lines: list[tuple[str, str]], language: Language
    ) -> None:
        """Print lines of text, such as a day's report.

        Raises:
            NotPrinted: the printer printed nothing.
        """
        if self.printer is None:
            raise LookupError("this kiosk has no printer")
        await asyncio.to_thread(self._print_slip, self.printer, title, lines, language)

    async def number(self, result: Result) -> str | None:
        """The digits of the barcode on a weighing's label; None where it has none."""
        try:
            return label_of(result, await self._plu(result), self.profile).number
        except (NotSettled, NoLabel):
            return None

    @staticmethod
    def _print_slip(
        printer: Printer, title: str, lines: list[tuple[str, str]], language: Language
    ) -> None:
        from frontend.labels.slip import slip  # noqa: PLC0415 - see _file

        printer.print(slip(title, lines, language))

    def _print(self, printer: Printer, label: Label, language: Language, *, again: bool) -> None:
        from frontend.labels import render  # noqa: PLC0415 - see _file

        copy = self.issued.issue(label.sale)
        try:
            printer.print(render.picture(label, language, copy=copy or again))
        except Exception:
            self.issued.take_back(label.sale, copy=copy)
            raise

    async def _plu(self, result: Result) -> str:
        for candidate in result.top_k:
            if candidate.label == result.sold_label and candidate.plu is not None:
                return candidate.plu
        for item in await self.catalogue.items():
            if item.label == result.sold_label:
                return item.plu
        raise NoLabel(f"{result.sold_label} has no PLU in the catalogue.")


def _file(label: Label, language: Language, kind: str, *, copy: bool) -> bytes:
    # Fonts and PDF take half a second and 40 MB: a kiosk spends them when it first draws a label.
    from frontend.labels import render  # noqa: PLC0415

    return {"pdf": render.pdf, "png": render.png}[kind](label, language, copy=copy)
