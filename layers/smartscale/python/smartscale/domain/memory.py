"""What a shop has taught its scales: pictures of items, in versions that can be taken back.

A version is immutable and holds every lesson that counts in it. The newest version is the one that
counts, so going back is a new version too, and the numbers only grow.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

from smartscale.domain.errors import Conflict, NotFound
from smartscale.domain.prediction import EMPTY, NO_ITEM
from smartscale.domain.suspicion import SURE
from smartscale.domain.weighing import NO_MODEL, ConfirmedBy, Weighing

LESSONS_PER_LABEL = 30
"""More pictures of one item hardly improve recognition, and each one costs time per weighing."""

SHOPPERS_TO_AGREE = 3
"""A single shopper may choose the cheaper item on purpose, so one alone teaches nothing."""
_OFTEN_ENOUGH = timedelta(days=1)

TAKEN_OUT_KEPT = 1000
"""How many weighings whose lessons were taken out are remembered: the newest. A queue gives a
message up after days, when an attendant has taken out far fewer."""

IMAGES_AT_ONCE = 20
"""How many pictures of an item can be taught by one request."""


class MemoryProgress(StrEnum):
    """How far a version is."""

    PENDING = "pending"
    """No worker has looked at its pictures yet."""
    READY = "ready"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    """A newer version counts."""


class Teacher(StrEnum):
    """Who says that a picture shows an item."""

    ENROLMENT = "enrolment"
    ATTENDANT = "attendant"
    SHOPPERS = "shoppers"


class Lesson(BaseModel):
    """A picture, by the SHA-256 of its bytes, and the label of the item on it."""

    model_config = ConfigDict(frozen=True)

    label: str
    picture: str
    teacher: Teacher
    at: datetime
    by: str | None = None
    """Who of the staff taught it, such as attendant@kiosk-1; None where nobody said."""
    accepted: bool = False
    """Whether an attendant let it count although it had been held back."""
    weighing: str | None = None
    """The weighing whose confirmation taught it; None for a picture that was enrolled."""


class HeldBecause(StrEnum):
    """Why a lesson does not count until an attendant says so."""

    CONTRADICTS = "contradicts"
    """The scales were sure that the picture shows something else."""
    MIXES_UP = "mixes_up"
    """With it, pictures of another item would be taken for this one."""
    SHOWS_NOTHING = "shows_nothing"
    """The scales saw an empty plate, or the picture is dark or of one colour: whatever is not there
    would be taken for the item."""


class HeldLesson(BaseModel):
    """A lesson that waits for an attendant, and what the scales took the picture for."""

    model_config = ConfigDict(frozen=True)

    lesson: Lesson
    because: HeldBecause
    seen_as: str


class TakenOut(BaseModel):
    """A weighing that must not teach a label again: its lesson was taken out."""

    model_config = ConfigDict(frozen=True)

    weighing: str
    label: str


class MemoryVersion(BaseModel):
    """Everything the shop had taught at one time. `parent` is the version to go back to."""

    model_config = ConfigDict(frozen=True)

    number: int
    parent: int
    lessons: tuple[Lesson, ...]
    created_at: datetime
    label: str | None = None
    """The item that this version added to; None for several, and for one that goes back."""
    held: tuple[HeldLesson, ...] = ()
    """What waits for an attendant, and does not count."""
    taken_out: tuple[TakenOut, ...] = ()
    """Whose lessons were taken out, the newest last: a queue may deliver a confirmation again."""

    @classmethod
    def empty(cls, at: datetime) -> Self:
        """The memory of a shop that has taught nothing."""
        return cls(number=0, parent=0, lessons=(), created_at=at)

    def learn(self, lessons: Iterable[Lesson], at: datetime) -> Self:
        """The next version, with these lessons added; this same version if it has them all.

        A picture shows one item: the last lesson about a picture replaces the earlier ones. When
        an item has too many pictures, enrolled ones are kept first, then the newest. A confirmation
        whose lesson was taken out teaches nothing.
        """
        taught = {lesson.picture: lesson for lesson in lessons if self.may_teach(lesson)}
        known = {lesson.picture: lesson for lesson in self.lessons}
        waiting = {(one.lesson.picture, one.lesson.label) for one in self.held}
        new = [
            lesson
            for picture, lesson in taught.items()
            if (picture not in known or known[picture].label != lesson.label)
            and (picture, lesson.label) not in waiting
        ]
        lessons_now = _bounded({**known, **{lesson.picture: lesson for lesson in new}}.values())
        if lessons_now == self.lessons:
            return self
        return self.model_copy(
            update={
                "number": self.number + 1,
                "parent": self.number,
                "lessons": lessons_now,
                "created_at": at,
                "label": new[-1].label if len({one.label for one in new}) == 1 else None,
            }
        )

    def hold(self, held: Iterable[HeldLesson], at: datetime) -> Self:
        """The next version, in which these lessons wait; this same one if all wait already."""
        waiting = {one.lesson.picture: one for one in self.held}
        new = {
            one.lesson.picture: one
            for one in held
            if one.lesson.picture not in waiting and self.may_teach(one.lesson)
        }
        if not new:
            return self
        left = tuple(one for one in self.lessons if one.picture not in new)
        return self._next(at, left, (*self.held, *new.values()))

    def accept(self, picture: str, at: datetime) -> Self:
        """The next version, in which a lesson that was held back counts.

        Raises:
            NotFound: no such lesson waits.
        """
        accepted = [one.lesson for one in self.held if one.lesson.picture == picture]
        if not accepted:
            raise NotFound(f"No lesson with the picture {picture[:64]} waits for an attendant.")
        new = accepted[0].model_copy(update={"accepted": True})
        lessons = _bounded((*(one for one in self.lessons if one.picture != picture), new))
        return self._next(at, lessons, self._waiting_without(picture))

    def forget(self, picture: str, at: datetime) -> Self:
        """The next version, without the lesson of a picture, whether it counts or waits.

        Raises:
            NotFound: there is no such lesson.
        """
        lessons = tuple(one for one in self.lessons if one.picture != picture)
        held = self._waiting_without(picture)
        if (lessons, held) == (self.lessons, self.held):
            raise NotFound(f"There is no lesson with the picture {picture[:64]}.")
        forgotten = self._next(at, lessons, held)
        return forgotten.model_copy(update={"taken_out": self._taken_out_for(forgotten)})

    def may_teach(self, lesson: Lesson) -> bool:
        """Whether nobody has taken out what the lesson's weighing taught."""
        return not self.took_out(lesson.weighing, lesson.label)

    def took_out(self, weighing: str | None, label: str) -> bool:
        """Whether the lesson by which a weighing taught a label was taken out."""
        return any((one.weighing, one.label) == (weighing, label) for one in self.taken_out)

    def _taken_out_for(self, later: Self) -> tuple[TakenOut, ...]:
        """What is taken out of this version when a later one knows no more than it does."""
        there, gone = _keys(later), _keys(self)
        left = [one for one in (*self.taken_out, *gone) if one not in there]
        return tuple(dict.fromkeys(left))[-TAKEN_OUT_KEPT:]

    def _waiting_without(self, picture: str) -> tuple[HeldLesson, ...]:
        return tuple(one for one in self.held if one.lesson.picture != picture)

    def _next(
        self, at: datetime, lessons: tuple[Lesson, ...], held: tuple[HeldLesson, ...]
    ) -> Self:
        return self.model_copy(
            update={
                "number": self.number + 1,
                "parent": self.number,
                "lessons": lessons,
                "held": held,
                "created_at": at,
                "label": None,
            }
        )

    def knows_enough_of(self, label: str, now: datetime) -> bool:
        """Whether shoppers need not teach an item now: it has all the lessons that it may have, and
        one of them is new.

        Each vote and each lesson is written and read again by all workers, which a thousand scales
        would have them do all day.
        """
        taught = [lesson.at for lesson in self.lessons if lesson.label == label]
        return len(taught) >= LESSONS_PER_LABEL and now - max(taught) < _OFTEN_ENOUGH

    def go_back(self, parent: Self, at: datetime) -> Self:
        """The next version, which knows what the parent knew.

        Raises:
            Conflict: there is nothing to go back to.
        """
        if not self.lessons and not self.parent:
            raise Conflict("The memory is empty: there is no version to go back to.")
        return parent.model_copy(
            update={
                "number": self.number + 1,
                "created_at": at,
                "label": None,
                "taken_out": self._taken_out_for(parent),
            }
        )


def _key(lesson: Lesson) -> TakenOut | None:
    if lesson.weighing is None:
        return None
    return TakenOut(weighing=lesson.weighing, label=lesson.label)


def _keys(version: MemoryVersion) -> list[TakenOut]:
    """What the weighings taught that a version knows, or that waits in it."""
    lessons = (*version.lessons, *(one.lesson for one in version.held))
    return [key for key in map(_key, lessons) if key is not None]


def _bounded(lessons: Iterable[Lesson]) -> tuple[Lesson, ...]:
    newest = sorted(
        lessons, key=lambda lesson: (lesson.teacher is Teacher.ENROLMENT, lesson.at), reverse=True
    )
    kept: list[Lesson] = []
    counts: dict[str, int] = {}
    for lesson in newest:
        counts[lesson.label] = counts.get(lesson.label, 0) + 1
        if counts[lesson.label] <= LESSONS_PER_LABEL:
            kept.append(lesson)
    return tuple(sorted(kept, key=lambda lesson: (lesson.label, lesson.at, lesson.picture)))


def held_back(held: Iterable[HeldLesson]) -> Counter[tuple[str, HeldBecause, str]]:
    """How many lessons wait, by their label, the reason, and what they were taken for."""
    return Counter((one.lesson.label, one.because, one.seen_as) for one in held)


def hold_because(weighing: Weighing) -> HeldBecause | None:
    """Why somebody looks at what a confirmation teaches before it counts; None where nobody does.

    A tap on the wrong item must not teach that one item is another, or what nothing looks like.
    """
    if weighing.label == EMPTY:
        return HeldBecause.SHOWS_NOTHING
    sure = weighing.confidence is not None and weighing.confidence >= SURE
    if not sure or weighing.label in NO_ITEM or weighing.label == weighing.confirmed_label:
        return None
    return HeldBecause.CONTRADICTS


def teaches(weighing: Weighing) -> Teacher | None:
    """Who teaches by confirming this weighing; None when the confirmation teaches nothing.

    A sure and correct answer needs no lesson. A shopper who contradicts a sure model may be
    cheating, so that never teaches: neither then nor when an attendant lets it pass.
    """
    if weighing.confirmed_label is None or weighing.confidence is None:
        return None
    if weighing.voided is not None:
        return None
    if weighing.confirmed_by is ConfirmedBy.KIOSK or weighing.model == NO_MODEL:
        return None
    if weighing.confirmed_label == weighing.suspected_label:
        return None
    unsure = weighing.label in NO_ITEM or weighing.confidence < SURE
    if weighing.confirmed_by is ConfirmedBy.ATTENDANT:
        return Teacher.ATTENDANT if unsure or weighing.was_corrected else None
    return Teacher.SHOPPERS if unsure and not weighing.suspicious else None
