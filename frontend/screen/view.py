"""How the page looks and sounds: high contrast, large text, low reach, spoken prices."""

from nicegui import ui

from frontend.settings import VIEWS
from frontend.words.languages import Language


class ViewSwitches(ui.element, component="view.js"):
    """A button that opens the switches. What is switched on is the browser's affair."""

    def __init__(self, t: Language) -> None:
        super().__init__()
        self.props["names"] = list(VIEWS)
        self.props["texts"] = {
            "title": t("Display"),
            "contrast": t("High contrast"),
            "large": t("Large text"),
            "low": t("Controls low down"),
            "spoken": t("Speak prices"),
            "mute": t("This device has no voice for this language: prices are not spoken."),
        }
