"""Choosing an item of the catalogue in a dialog."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from frontend.screen import theme
from frontend.screen.search import ItemSearch
from frontend.staff.desk import Desk


def pick_item(desk: Desk, title: str, on_choose: Callable[[str], Awaitable[None]]) -> None:
    """Open a dialog with a search of what the shop sells; a tap on an item chooses it."""

    async def chosen(label: str) -> None:
        dialog.close()
        await on_choose(label)

    # The dialog belongs to the page, so that it stays when the section that opened it is redrawn.
    with desk.visit.client.layout, ui.dialog() as dialog:
        dialog.props["aria-label"] = title
        dialog.on("hide", dialog.delete)
        with ui.element("div").classes("card picker").mark("picker"):
            with ui.element("div").classes("search-head"):
                theme.text(title, "h2").classes("desk-title")
                theme.action(desk.visit.language("Cancel"), dialog.close, kind="quiet").mark(
                    "picker-cancel"
                )
            ItemSearch(desk.visit, chosen).build()
    dialog.open()
