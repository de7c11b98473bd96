"""The page for addresses that do not exist, and for pages that cannot be drawn."""

from nicegui import ui

from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.words.languages import N_, Language


class LostPage:
    """One calm sentence, and the way back."""

    def __init__(self, visit: Visit, sentence: str) -> None:
        self._visit = visit
        self._sentence = sentence

    @ui.refreshable_method
    def screen(self) -> None:
        """Draw the page."""
        t = self._visit.language
        # No address: the browser keeps its own, whatever that is.
        with theme.frame(self._visit, "", self._speak), ui.element("div").classes("empty lost"):
            theme.text(t(self._sentence), "h1").mark("lost")
            theme.text(t("Please go back to the scale."), "p")
            with ui.element("a").classes("action primary").mark("to-the-scale") as link:
                link.props["href"] = theme.address("/", t)
                theme.text(t("To the scale"))

    async def _speak(self, _language: Language) -> None:
        self.screen.refresh()


def lost_page(visit: Visit) -> None:
    """Build the page for an address that does not exist."""
    LostPage(visit, N_("There is nothing at this address")).screen()


def fault_page(visit: Visit) -> None:
    """Build the page that stands in for one with a fault of ours; the log says which."""
    LostPage(visit, N_("Something went wrong here")).screen()
