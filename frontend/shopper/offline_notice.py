"""The notice to the shopper while the service is away."""

from nicegui import ui

from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.words import wording
from frontend.words.languages import N_

_POLL_S = 1.0

ALONE = N_(
    "The shop's service is away. You can go on: this scale works by itself, with the prices of "
    "{moment}."
)
WITHOUT_PRICES = N_("The shop's service is away, and there are no prices here yet. Please wait.")


class OfflineNotice:
    """Draws one calm sentence for as long as the service is away."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._shown: tuple[object, ...] = ()
        self._waiting = 0

    def build(self) -> None:
        """Draw it, and draw it anew when something has changed."""
        self._sentence()
        ui.timer(_POLL_S, self._poll)

    async def _poll(self) -> None:
        api = self._visit.kiosk.api
        self._waiting = await api.waiting()
        now = (api.cut_since, api.prices_of if api.cut_since else None, self._waiting)
        if now != self._shown:
            self._shown = now
            self._sentence.refresh()

    @ui.refreshable_method
    def _sentence(self) -> None:
        api, t = self._visit.kiosk.api, self._visit.language
        sentences: list[str] = []
        if api.cut_since is not None:
            if api.prices_of is None:
                sentences.append(t(WITHOUT_PRICES))
            else:
                sentences.append(t(ALONE, moment=wording.clock_time(api.prices_of, t)))
            if self._waiting:
                sentences.append(
                    t.plural(
                        "{n} weighing is kept here and will be sent.",
                        "{n} weighings are kept here and will be sent.",
                        self._waiting,
                    )
                )
        if sentences:
            theme.notice(" ".join(sentences), kind="calm").mark("offline")
