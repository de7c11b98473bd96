"""What needs an attendant now, for the phone in their hand: it keeps itself up to date."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nicegui import ui

from frontend.devices.scales.scale import Condition
from frontend.kiosk import Kiosk, Visit
from frontend.labels.printer import NO_PAPER
from frontend.offline.api import OfflineApi
from frontend.screen import theme
from frontend.staff.history.correction import Correction, suspicion
from frontend.staff.history.kept import KeptWeighings
from frontend.staff.history.weighings import status, title_of
from frontend.staff.page import StaffPage
from frontend.words import wording
from frontend.words.languages import N_, Language
from smartscale.contract.history import HistoryFilter
from smartscale.contract.weighing import Result, Status

TITLE = N_("What needs you now")
POLL_S = 3.0
_WAITS = timedelta(hours=1)
"""Nobody stands at a scale for longer: who has gone without an answer is in the history."""
_RECENT = timedelta(minutes=10)
_MOST = 20
_PHOTO = 320
_HERE = {None, "127.0.0.1", "::1"}
"""Where the kiosk's own browser is."""


def needs_help(result: Result) -> bool:
    """Whether somebody has to say what it is or how many, to look at it, or to weigh it again."""
    if result.voided or result.status is Status.PENDING:
        return False
    failed = result.status is Status.FAILED
    return failed or bool(result.needs_confirmation) or result.needs_count or result.suspicious


def troubles(kiosk: Kiosk, t: Language) -> list[str]:
    """What is wrong with this kiosk, besides its camera, which each page of staff tells of."""
    said: list[str] = []
    if kiosk.api.cut_since is not None:
        since = wording.clock_time(kiosk.api.cut_since, t)
        said.append(
            t("The service is away since {time}: this kiosk goes on by itself.", time=since)
        )
    station, printer = kiosk.station, kiosk.labels.printer
    if station is not None and station.shopper.plate.condition is Condition.UNAVAILABLE:
        said.append(t("The scale of this kiosk does not answer."))
    if printer is not None and printer.trouble is not None:
        paper = printer.trouble == NO_PAPER
        out, away = N_("The label printer has no paper."), N_("The label printer does not answer.")
        said.append(t(out if paper else away))
    return said


@dataclass
class _Card:
    """A weighing as it is drawn."""

    result: Result
    box: ui.element


class LivePage(StaffPage):
    """Draws what waits, newest first. What stays the same stays drawn, so that no tap is lost."""

    path = "/live"

    def __init__(self, visit: Visit) -> None:
        super().__init__(visit)
        self._cards: dict[str, _Card] = {}
        self._list: ui.element | None = None
        self._troubles: list[str] = []
        self._looking = False

    @property
    def stays(self) -> bool:
        """On a phone; at the kiosk itself the next shopper finds the scale."""
        return self.visit.client.ip not in _HERE

    def build(self) -> None:
        """Draw it."""
        self._cards = {}
        theme.text(self.t(TITLE), "h1")
        self._draw_troubles()
        KeptWeighings(self.visit).build()
        self._list = ui.element("div").classes("live").mark("live")
        self._draw_nothing()

    @ui.refreshable_method
    def _draw_troubles(self) -> None:
        for sentence in self._troubles:
            theme.notice(sentence, kind="calm").mark("trouble")

    @ui.refreshable_method
    def _draw_nothing(self) -> None:
        if self._list is not None and not self._cards:
            theme.notice(self.t("Nobody needs you right now.")).mark("nothing")

    async def begin(self) -> None:
        """Fetch what waits."""
        await self.look()

    async def look(self) -> None:
        """Fetch what waits, and draw what has changed; the tab's title has how many it is."""
        if self._looking:
            return
        self._looking = True
        try:
            found = await self._fetch() if self.open else []
        finally:
            self._looking = False
        if not self.open:
            self._title(0)
            return
        if found is not None:
            self._show(found)
        now = troubles(self.visit.kiosk, self.t)
        if now != self._troubles:
            self._troubles = now
            self._draw_troubles.refresh()
        blind = self.visit.kiosk.camera_watch.for_staff is not None
        self._title(len(self._cards) + len(now) + blind)

    def _title(self, count: int) -> None:
        with self.visit.client:  # the button that was tapped may be gone
            ui.page_title(f"({count}) SmartScale" if count else "SmartScale")

    async def _fetch(self) -> list[Result] | None:
        """What waits, newest first; None where that cannot be had."""
        found: list[Result] = []

        async def fetch(api: OfflineApi) -> None:
            now = datetime.now(UTC)
            wanted = (
                HistoryFilter(suspicious=True),
                HistoryFilter(needs_confirmation=True, start=now - _WAITS),
                HistoryFilter(start=now - _RECENT),
            )
            pages = await asyncio.gather(
                *(api.service.history(self.t.code, one, limit=_MOST) for one in wanted)
            )
            found.extend(result for page in pages for result in page.items)

        if not await self.desk.ask_shop(fetch):
            return None
        waiting = {result.job_id: result for result in found if needs_help(result)}
        return sorted(waiting.values(), key=_begun, reverse=True)

    def _show(self, found: list[Result]) -> None:
        if self._list is None or self._list.is_deleted:
            return
        before, self._cards = self._cards, {}
        with self._list:
            for place, result in enumerate(found):
                card = before.pop(result.job_id, None)
                if card is not None and card.result != result:
                    card.box.delete()
                    card = None
                self._cards[result.job_id] = card = card or _Card(result, self._draw(result))
                card.box.move(target_index=place)
        for gone in before.values():
            gone.box.delete()
        self._draw_nothing.refresh()

    def _draw(self, result: Result) -> ui.element:
        t, visit = self.t, self.visit
        correction = Correction(self.desk, result, self._changed)
        name, (kind, words) = title_of(result, t), status(result)
        with ui.element("article").classes("card live-card").mark("live-card") as box:
            box.props["aria-label"] = name
            photo = visit.kiosk.photos.make(result.job_id, _PHOTO)
            theme.picture(photo, t("Photo of this weighing")).classes("live-photo")
            with ui.element("div").classes("live-said"):
                theme.text(name, "h2").classes("serving-name")
                theme.text(t(words)).classes(f"pill {kind}")
                when = "" if result.created_at is None else wording.clock_time(result.created_at, t)
                theme.text(f"{result.scale_id} · {when}", "p").classes("hint")
                if result.status is Status.DONE:
                    price = f"{wording.load(result, t)} · {wording.price(result, t)}"
                    theme.text(price, "p")
            if result.suspicious:
                why = f"{t(suspicion(result))} ({wording.recognised(result, t)})"
                theme.text(why, "p").classes("live-why").mark("suspicion")
            with ui.element("div").classes("live-actions"):
                if result.status is Status.DONE:
                    correction.draw_right()
                    self._dialog(correction, t("Something else"), "search-item", searching=True)
                    self._dialog(correction, t("Void"), "void", voiding=True)
                else:
                    self._dialog(correction, t("Open"), "open")
        return box

    def _dialog(self, correction: Correction, title: str, mark: str, **how: bool) -> None:
        def show() -> None:
            self.session.touch()
            correction.open(**how)

        theme.action(title, show).mark(f"live-{mark}")

    async def _changed(self, _result: Result) -> None:
        await self.look()
        await self.count_suspicious()

    async def speak(self, language: Language) -> None:
        """The language changed: fetch the names in it."""
        await super().speak(language)
        await self.look()

    def serve(self) -> None:
        """Put the page together, and look again and again."""
        super().serve()
        ui.timer(POLL_S, self.look)


def _begun(result: Result) -> datetime:
    return result.created_at or datetime.min.replace(tzinfo=UTC)


def live_page(visit: Visit) -> None:
    """Build the page."""
    LivePage(visit).serve()
