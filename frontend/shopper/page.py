"""The shopper's page: draws what holds at the scale, and hands on taps, pictures and readings."""

from collections.abc import Coroutine
from typing import Any

from nicegui import background_tasks, ui

from frontend.devices.scales.simulated import SimulatedScale
from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.screen.session import Session
from frontend.shopper.offline_notice import OfflineNotice
from frontend.shopper.panel import Panel
from frontend.shopper.stage import Stage
from frontend.weighing.session import Post
from frontend.weighing.shopper import Shopper
from frontend.words.languages import Language

_LONGEST_CHECK_S = 5.0
"""How often the page looks whether the shopper has left, at least."""


class WeighPage:
    """Draws one shopper after another."""

    def __init__(self, visit: Visit, shopper: Shopper | None = None) -> None:
        """A page of the one shopper at a wired scale; without one it has a simulated scale."""
        settings = visit.kiosk.settings
        self._visit = visit
        self.shopper = shopper or Shopper(
            SimulatedScale(),
            visit.kiosk.api,
            lambda: visit.language,
            Post(settings.scale_id, settings.patience_s),
            self._run,
            self.show,
            on_sold=lambda label: self._run(visit.kiosk.note_sold(label)),
            camera_watch=visit.kiosk.camera_watch,
        )
        self._number = self.shopper.number

    @ui.refreshable_method
    def screen(self) -> None:
        """Draw the page; it is drawn anew, with all that was entered, in another language."""
        t = self._visit.language
        with theme.frame(self._visit, "/", self._speak):
            OfflineNotice(self._visit).build()
            with ui.element("div").classes("weigh" if self.shopper.bench else "weigh shop"):
                with ui.element("section").classes("stage-side") as side:
                    side.props["aria-label"] = t("Picture")
                    self._stage = Stage(self._visit, self.shopper, self._run)
                with ui.element("section").classes("panel card") as panel:
                    panel.props["aria-label"] = t("Weighing")
                    self._panel = Panel(self._visit, self.shopper)

    def log_staff_out(self) -> None:
        """End the session of staff: who comes to the scale is a shopper, or is followed by one."""
        session = Session(self._visit.kiosk.settings.idle_s)
        session.open()
        session.end()

    async def welcome_next(self) -> None:
        """Once a shopper has left, show the next one the kiosk's own language and looks."""
        kiosk = self._visit.kiosk
        self.shopper.has_left(kiosk.settings.away_s)
        if self._number == self.shopper.number:
            return
        self._number = self.shopper.number
        self.log_staff_out()
        self._visit.client.run_javascript("smartscale.reset()")
        usual = kiosk.language(kiosk.settings.language)
        if self._visit.language is not usual:
            theme.speak(self._visit, usual, "/")
            self.screen.refresh()

    def show(self) -> None:
        """Draw what has changed."""
        with self._visit.client:
            self._stage.show()
            self._panel.show()

    async def _speak(self, language: Language) -> None:
        if (station := self._visit.kiosk.station) is not None:
            station.language = language
        await self.shopper.translate()
        self.screen.refresh()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        background_tasks.create(work, name="weigh", context=self._visit.client)


def weigh_page(visit: Visit) -> None:
    """Build the page, and draw what changes at its scale for as long as it is open."""
    kiosk, client = visit.kiosk, visit.client
    station = kiosk.station
    page = WeighPage(visit, None if station is None else station.shopper)
    page.screen()
    ui.timer(0, page.log_staff_out, once=True)
    ui.timer(min(_LONGEST_CHECK_S, kiosk.settings.away_s / 2), page.welcome_next)
    if station is None:
        following = background_tasks.create(page.shopper.follow(), name="scale", context=client)
        client.on_delete(following.cancel)
    else:
        station.show_on(page.show, visit.language)
        client.on_delete(lambda: station.leave(page.show))
