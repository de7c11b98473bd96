"""Every lesson with its picture: who taught it and when, what is held back, and a way out."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import ui

from frontend.api.admin import AdminClient
from frontend.api.errors import ApiMissing
from frontend.screen import theme
from frontend.staff.desk import Desk
from frontend.staff.models.section import Section, card
from frontend.words import wording
from frontend.words.languages import N_
from smartscale.contract.memory import HeldBecause, Lesson, Teacher

SHOWN = 12
"""How many are drawn at first, and how many more at each tap."""
TEACHERS = {
    Teacher.ENROLMENT: N_("Taught by photos"),
    Teacher.ATTENDANT: N_("Confirmed by an attendant"),
    Teacher.SHOPPERS: N_("Agreed by shoppers"),
}
REASONS = {
    HeldBecause.CONTRADICTS: N_("Held back: the scales were sure that this is {item}."),
    HeldBecause.MIXES_UP: N_("Held back: with it, {item} would be taken for this."),
    HeldBecause.SHOWS_NOTHING: N_("Held back: there seems to be nothing on the picture."),
}


@dataclass(frozen=True)
class Seen:
    """The lessons that are drawn, their pictures in the same order, and how many there are."""

    lessons: tuple[Lesson, ...]
    pictures: tuple[str, ...]
    total: int


class Lessons(Section[Seen]):
    """The lessons of the newest version."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._wanted = SHOWN

    async def fetch(self, admin: AdminClient) -> Seen:
        """The first lessons with their pictures."""
        found = (await admin.lessons()).lessons
        first = found[: self._wanted]
        pictures = await asyncio.gather(*(_picture(admin, one) for one in first))
        return Seen(first, tuple(pictures), len(found))

    def build(self) -> None:
        """Draw it."""
        t = self.t
        with card(t("Lessons"), "lessons"):
            theme.text(
                t("Every photo that the scales learnt from. A wrong one can be taken out."), "p"
            )
            self.view()

    def draw(self, document: Seen) -> None:
        """Draw the lessons."""
        t = self.t
        if not document.lessons:
            theme.text(t("Nothing was taught yet."), "p").classes("hint")
            return
        with ui.element("ul").classes("entries"):
            for lesson, picture in zip(document.lessons, document.pictures, strict=True):
                self._row(lesson, picture)
        if document.total > len(document.lessons):
            more = theme.action(t("Show more lessons"), self._more, kind="quiet")
            more.mark("more-lessons")

    def _row(self, lesson: Lesson, picture: str) -> None:
        t = self.t
        name = self._name(lesson.label)

        async def take_out() -> None:
            await self._act(
                lambda admin: admin.forget_lesson(lesson.picture), N_("The lesson is taken out.")
            )

        async def accept() -> None:
            await self._act(
                lambda admin: admin.accept_lesson(lesson.picture), N_("The lesson counts now.")
            )

        with ui.element("li").classes("entry").mark("lesson"):
            theme.picture(picture, name, 88)
            with ui.element("div").classes("entry-text"):
                theme.text(name, "p").classes("entry-name")
                facts = [t(TEACHERS[lesson.teacher]), wording.clock_time(lesson.at, t)]
                if lesson.by is not None:
                    facts.insert(1, lesson.by)
                theme.text(" · ".join(facts), "p").classes("hint")
                if lesson.held is not None:
                    why = t(REASONS[lesson.held], item=self._name(lesson.seen_as or ""))
                    theme.notice(why, kind="calm").mark("held-back")
            if lesson.held is not None:
                yes = theme.action(t("Let it count"), accept, symbol="check")
                yes.mark("accept-lesson").props["aria-label"] = f"{t('Let it count')}: {name}"
            out = theme.action(t("Take out"), take_out, kind="quiet", symbol="close")
            out.mark("take-lesson-out").props["aria-label"] = f"{t('Take out')}: {name}"

    def _name(self, label: str) -> str:
        item = self.desk.visit.kiosk.catalogue.get(label)
        return label if item is None else item.name_in(self.t.code)

    async def _act(self, how: Callable[[AdminClient], Awaitable[None]], said: str) -> None:
        if await self.desk.act(how, said):
            await self.load()

    async def _more(self) -> None:
        self._wanted += SHOWN
        await self.load()


async def _picture(admin: AdminClient, lesson: Lesson) -> str:
    """A lesson's picture as an address; one that was taken out meanwhile has none."""
    try:
        jpeg = await admin.lesson_picture(lesson.picture)
    except ApiMissing:
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
