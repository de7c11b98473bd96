"""One section of a manager's page: its figures, and how they are kept up to date."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from nicegui import ui

from frontend.api.admin import AdminClient
from frontend.api.errors import ApiMissing
from frontend.screen import theme
from frontend.staff.desk import Desk
from frontend.words.languages import Language

_T = TypeVar("_T")


class Section(ABC, Generic[_T]):
    """Fetches a document, and redraws it only when it has changed, so that typed text stays."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.document: _T | None = None
        self.offered = True
        """Whether the service has this at all: an older or a smaller one may not."""

    @property
    def t(self) -> Language:
        """The visitor's language."""
        return self.desk.visit.language

    @abstractmethod
    async def fetch(self, admin: AdminClient) -> _T:
        """Ask for the document."""

    @abstractmethod
    def draw(self, document: _T) -> None:
        """Draw the document."""

    async def load(self) -> bool:
        """Fetch the document. Returns whether it has changed."""

        before = self.document

        async def take(admin: AdminClient) -> None:
            try:
                self.document = await self.fetch(admin)
            except ApiMissing:
                self.offered = False

        if not await self.desk.ask(take) or self.document == before:
            return False
        self.view.refresh()
        return True

    @ui.refreshable_method
    def view(self) -> None:
        """The document as it was fetched last."""
        if self.document is not None:
            self.draw(self.document)
            return
        with ui.element("p").classes("loading"):
            theme.spinner()
            theme.text(self.t("One moment…"))


@contextmanager
def card(title: str, name: str) -> Iterator[None]:
    """The frame of a section, with its title."""
    with ui.element("section").classes(f"card desk-card {name}").mark(f"section-{name}") as frame:
        frame.props["aria-label"] = title
        theme.text(title, "h2").classes("desk-title")
        yield
