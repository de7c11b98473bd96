"""A progress bar."""

from nicegui import ui

from frontend.screen import theme
from frontend.words import wording
from frontend.words.languages import Language


def progress_bar(share: float, words: str, t: Language, mark: str) -> None:
    """A bar filled to `share` (0 to 1), and below it what is done; `mark` is that of the words."""
    with ui.element("div").classes("progress").mark("progress") as bar:
        bar.props["role"] = "progressbar"
        bar.props["aria-label"] = words
        bar.props["aria-valuemin"], bar.props["aria-valuemax"] = "0", "100"
        bar.props["aria-valuenow"] = f"{share * 100:.0f}"
        ui.element("span").classes("progress-done").style(f"width: {share * 100:.0f}%")
    with ui.element("p").classes("progress-words"):
        theme.text(words).mark(mark)
        theme.text(wording.percent(share, t))
