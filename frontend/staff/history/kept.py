"""Weighings that the kiosk made while the service was away, and that the service refuses."""

from nicegui import ui

from frontend.kiosk import Visit
from frontend.offline.store import Kept
from frontend.screen import theme
from frontend.words import wording


class KeptWeighings:
    """Shows an attendant the weighings that the service refuses, and why."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._kept: list[Kept] = []

    def build(self) -> None:
        """Draw what there is; nothing when there is nothing."""
        self._list()
        ui.timer(0, self._load, once=True)

    async def _load(self) -> None:
        self._kept = await self._visit.kiosk.api.refused()
        self._list.refresh()

    @ui.refreshable_method
    def _list(self) -> None:
        t = self._visit.language
        if not self._kept:
            return
        with ui.element("section").classes("card kept").mark("kept") as section:
            section.props["aria-label"] = t("Weighings that could not be sent")
            theme.text(t("Weighings that could not be sent"), "h2")
            for kept in self._kept:
                self._one(kept)

    def _one(self, kept: Kept) -> None:
        t = self._visit.language

        async def again() -> None:
            await self._visit.kiosk.api.retry(kept.id)
            await self._load()

        with ui.element("div").classes("kept-one"):
            when = wording.clock_time(kept.weighed_at, t)
            theme.text(f"{when} · {wording.kilograms(kept.weight_kg, t)}: {kept.reason}", "p")
            theme.action(t("Send again"), again, symbol="refresh").mark("send-again")
