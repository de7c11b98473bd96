"""The question how many pieces there are, where the weight leaves that open."""

from nicegui import ui

from frontend.screen import theme
from frontend.weighing.shopper import Shopper
from frontend.words.languages import Language


def ask_for_count(shopper: Shopper, t: Language) -> None:
    """Draw the numbers that the weight leaves open, likeliest first; one tap settles it."""
    weighing = shopper.weighing
    numbers = weighing.numbers or [weighing.quantity]
    with ui.element("div").classes("actions").mark("ask-count") as group:
        group.props["role"] = "group"
        group.props["aria-label"] = t("How many?")
        for place, number in enumerate(numbers):

            async def choose(number: int = number) -> None:
                await shopper.count_as(number)

            words = t.plural("{n} piece", "{n} pieces", number)
            button = theme.action(words, choose, kind="secondary" if place else "primary")
            button.mark(f"pieces-{number}")
            if not place:
                button.props("data-focus")
