"""What the kiosk says while its service is away, and what it keeps until it is back."""

from nicegui import ui

from frontend import theme, wording
from frontend.kiosk import Visit
from frontend.languages import N_
from frontend.offline.store import Kept

_LOOK_S = 1.0

ALONE = N_(
    "The shop's service is away. You can go on: this scale works by itself, with the prices of "
    "{moment}."
)
WITHOUT_PRICES = N_("The shop's service is away, and there are no prices here yet. Please wait.")


class OfflineNotice:
    """One calm sentence for as long as the service is away or something is still to be sent."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._shown: tuple[object, ...] = ()
        self._waiting = 0

    def build(self) -> None:
        """Draw it, and keep it true."""
        self._sentence()
        ui.timer(_LOOK_S, self._look)

    async def _look(self) -> None:
        api = self._visit.kiosk.api
        self._waiting = await api.waiting()
        now = (api.cut_since, api.prices_of if api.cut_since else None, self._waiting)
        if now != self._shown:
            self._shown = now
            self._sentence.refresh()

    @ui.refreshable_method
    def _sentence(self) -> None:
        api, t = self._visit.kiosk.api, self._visit.language
        said: list[str] = []
        if api.cut_since is not None:
            if api.prices_of is None:
                said.append(t(WITHOUT_PRICES))
            else:
                said.append(t(ALONE, moment=wording.clock_time(api.prices_of, t)))
            if self._waiting:
                said.append(
                    t.plural(
                        "{n} weighing is kept here and will be sent.",
                        "{n} weighings are kept here and will be sent.",
                        self._waiting,
                    )
                )
        if said:
            theme.notice(" ".join(said), kind="calm").mark("offline")


class KeptWeighings:
    """For an attendant: weighings that the service does not take, and why."""

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
