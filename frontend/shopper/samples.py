"""The sample pictures: a tap puts one on the simulated scale, to try the kiosk without hardware."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from nicegui import ui

from frontend.kiosk import Visit
from frontend.screen import theme
from frontend.weighing.samples import Sample
from frontend.words import wording


class SampleStrip:
    """Draws a row of samples, and a button that clears the simulated scale."""

    def __init__(
        self,
        visit: Visit,
        on_choose: Callable[[Sample], Awaitable[None]],
        on_take_off: Callable[[], None],
    ) -> None:
        self._visit, self._choose = visit, on_choose
        self._buttons: dict[Path, ui.element] = {}
        t = visit.language
        with ui.element("div").classes("samples") as group:
            group.props["role"] = "group"
            group.props["aria-label"] = t("Samples")
            with ui.element("div").classes("samples-head"):
                theme.text(t("No item at hand? Tap a sample"), "h2").classes("samples-title")
                self._off = theme.action(
                    t("Take it off the scale"), on_take_off, kind="quiet", symbol="take-off"
                )
                self._off.mark("take-off")
            with ui.element("div").classes("sample-list"):
                for sample in visit.kiosk.samples:
                    self._sample(sample)

    def show(self, chosen: Sample | None, *, loaded: bool) -> None:
        """Mark the sample that is on the scale; show the button to clear it where it is loaded."""
        for path, button in self._buttons.items():
            pressed = chosen is not None and chosen.path == path
            button.props["aria-pressed"] = str(pressed).lower()
        self._off.set_visibility(loaded)

    def _sample(self, sample: Sample) -> None:
        t = self._visit.language

        async def choose() -> None:
            await self._choose(sample)

        button = ui.element("button").classes("sample").on("click", choose)
        with button.mark(f"sample-{sample.path.stem}", "sample"):
            theme.picture(sample.thumbnail_url, "", 96)
            theme.text(sample.title_in(t.code)).classes("sample-name")
            theme.text(wording.kilograms(sample.weight_kg, t)).classes("sample-weight")
        self._buttons[sample.path] = button
