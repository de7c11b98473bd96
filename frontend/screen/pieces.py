"""A number of pieces, counted up and down."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from frontend.screen import theme
from frontend.words import wording
from frontend.words.languages import Language


class Counter:
    """Draws the number of pieces between a button for less and one for more."""

    def __init__(
        self, t: Language, quantity: int, most: int, count: Callable[[int], Awaitable[None]]
    ) -> None:
        self._most = most
        with ui.element("div").classes("quantity") as group:
            group.props["role"] = "group"
            group.props["aria-label"] = t("How many?")
            theme.text(t("How many?")).classes("quantity-label")
            self._less = theme.action("", lambda: count(-1), symbol="minus")
            self._less.classes("square").mark("less").props["aria-label"] = t("One less")
            self._number = theme.text("").classes("quantity-number").mark("quantity")
            self._more = theme.action("", lambda: count(1), symbol="plus")
            self._more.classes("square").mark("more").props["aria-label"] = t("One more")
        self.show(quantity)

    def show(self, quantity: int) -> None:
        """Show another quantity. The buttons are not drawn anew: a tap on one would be lost."""
        self._number.text = str(quantity)
        self._less.set_enabled(quantity > 1)
        self._more.set_enabled(quantity < self._most)


def amount(name: str, quantity: int, t: Language) -> str:
    """An item with its number of pieces: `4 × Green peppers`; of one piece the name alone."""
    return name if quantity == 1 else f"{wording.count(quantity, t)} × {name}"
