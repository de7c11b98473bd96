"""Prints labels or hands them out as files; each is recorded first, so that copies are marked."""

import asyncio
from dataclasses import dataclass

from frontend.api.catalogue import Catalogue
from frontend.labels import render
from frontend.labels.issued import Issued
from frontend.labels.label import Label, NotSettled, label_of
from frontend.labels.printer import NotPrinted, Printer
from frontend.labels.profiles import Profile
from frontend.offline.api import OfflineApi
from frontend.words.languages import Language
from smartscale.contract.weighing import Result

FORMATS = {"pdf": (render.pdf, "application/pdf"), "png": (render.png, "image/png")}


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

    async def label(self, weighing: str, language: Language) -> Label:
        """The label of a weighing.

        Raises:
            NoLabel: it has no price that holds, or no PLU.
            ApiError: the API did not give the weighing.
        """
        result = await self.api.result(weighing, language.code)
        try:
            return label_of(result, await self._plu(result), self.profile)
        except NotSettled as error:
            raise NoLabel(str(error)) from error

    async def file(self, label: Label, language: Language, kind: str) -> tuple[bytes, str]:
        """A label as a file of one of `FORMATS`, and its media type."""
        draw, media_type = FORMATS[kind]
        copy = await asyncio.to_thread(self.issued.issue, label.sale)
        return await asyncio.to_thread(draw, label, language, copy=copy), media_type

    async def print(self, label: Label, language: Language) -> None:
        """Print a label.

        Raises:
            NotPrinted: the printer printed nothing; the next label will not be marked as a copy.
        """
        if self.printer is None:
            raise LookupError("this kiosk has no printer")
        await asyncio.to_thread(self._print, self.printer, label, language)

    def _print(self, printer: Printer, label: Label, language: Language) -> None:
        copy = self.issued.issue(label.sale)
        try:
            printer.print(render.picture(label, language, copy=copy))
        except NotPrinted:
            if not copy:
                self.issued.take_back(label.sale)
            raise

    async def _plu(self, result: Result) -> str:
        for candidate in result.top_k:
            if candidate.label == result.sold_label and candidate.plu is not None:
                return candidate.plu
        for item in await self.catalogue.items():
            if item.label == result.sold_label:
                return item.plu
        raise NoLabel(f"{result.sold_label} has no PLU in the catalogue.")
