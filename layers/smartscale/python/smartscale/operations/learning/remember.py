"""Keep a worker's recogniser at the newest version of the shop's memory."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from smartscale.domain.errors import NotFound, StoreUnavailable
from smartscale.domain.memory import HeldBecause, HeldLesson, Lesson, MemoryVersion, Teacher
from smartscale.domain.names import plain_name
from smartscale.domain.prediction import EMPTY, NO_ITEM
from smartscale.operations.ports.learning import EmbeddedMemories
from smartscale.operations.ports.models import Recogniser
from smartscale.recognition.photo import shows_nothing

if TYPE_CHECKING:  # importing it loads numpy
    from smartscale.recognition.memory import Vectors

_log = logging.getLogger(__name__)


class Remember:
    """Keeps a worker's recogniser at the newest version of the memory."""

    def __init__(self, memories: EmbeddedMemories) -> None:
        self._memories = memories
        self._version: MemoryVersion | None = None
        self._recogniser: Recogniser | None = None

    @property
    def version(self) -> MemoryVersion | None:
        """The version that the recogniser has; None before the first."""
        return self._version

    def refresh(self, recogniser: Recogniser, announced: int) -> None:
        """Give the recogniser the newest version's lessons, before its next batch.

        Args:
            recogniser: what is taught.
            announced: the number of the newest version that was announced. It may not be there
                yet: then the next batch looks for it again.
        """
        if not recogniser.learns:
            self._recogniser = None  # a kept reference would hold the previous model's RAM
            return
        known = 0 if self._version is None else self._version.number
        try:
            newest = self._memories.newest(known) if announced > known else None
        except StoreUnavailable as error:
            _log.warning("the memory stays as it is: %s", error)
            newest = None
        version = newest or self._version
        if version is None or (newest is None and recogniser is self._recogniser):
            self._recogniser = recogniser
            return
        if newest is not None and not self._memories.looked_at():
            # An earlier version of the code noted none: it looked at each that a model has seen.
            self._memories.keep_looked_at(max(self._memories.seen(), default=0))
        embeddings = self._embeddings(recogniser, version)
        while newest is not None:
            if held := self._held(recogniser, newest, embeddings):
                waiting = newest.hold(held, newest.created_at)
                if not self._memories.add(waiting):
                    # Somebody has taught more meanwhile: all is looked at anew.
                    newest = self._memories.newest(newest.number)
                    version = newest or version
                    embeddings = self._embeddings(recogniser, version)
                    continue
                version, embeddings = waiting, self._embeddings(recogniser, waiting)
            self._memories.keep_looked_at(version.number)
            break
        recogniser.remember(_by_label(version, embeddings))
        self._version, self._recogniser = version, recogniser

    def _held(
        self, recogniser: Recogniser, version: MemoryVersion, embeddings: Mapping[str, "Vectors"]
    ) -> list[HeldLesson]:
        """What a version has added that an attendant should look at first."""
        from smartscale.recognition.told_apart import find_harmful  # noqa: PLC0415

        if version.number != version.parent + 1:
            return []  # it goes back to what was looked at then
        looked_at = self._memories.looked_at()
        if version.number in looked_at:
            return []
        # Versions may have come that no worker has looked at, so its parent need not be the last.
        last = max((number for number in looked_at if number < version.number), default=0)
        before = self._memories.get(last).lessons if last else ()
        old = {(lesson.picture, lesson.label) for lesson in before}
        new = [
            lesson
            for lesson in version.lessons
            if (lesson.picture, lesson.label) not in old
            and not lesson.accepted
            and lesson.picture in embeddings
        ]
        others: dict[str, list[Vectors]] = {}
        for lesson in version.lessons:
            if lesson not in new and lesson.picture in embeddings:
                others.setdefault(lesson.label, []).append(embeddings[lesson.picture])
        harmful = find_harmful(others, [(one.label, embeddings[one.picture]) for one in new])
        held = [
            HeldLesson(lesson=new[place], because=HeldBecause.MIXES_UP, seen_as=label)
            for place, label in harmful.items()
        ]
        for place, lesson in enumerate(new):
            if place in harmful or lesson.teacher is not Teacher.ENROLMENT:
                continue  # what was confirmed was held back by what was seen then
            because, seen_as = self._doubt(recogniser, lesson)
            if because is not None:
                held.append(HeldLesson(lesson=lesson, because=because, seen_as=seen_as))
        return held

    def _doubt(self, recogniser: Recogniser, lesson: Lesson) -> tuple[HeldBecause | None, str]:
        """Why a picture that was enrolled does not look like its item, and what it looks like."""
        picture = self._memories.picture(lesson.picture)
        if shows_nothing(picture):
            return HeldBecause.SHOWS_NOTHING, EMPTY
        # The recogniser knows what was taught before, and nothing of this.
        seen = recogniser.recognise(picture)[0]
        if seen.label == EMPTY:
            return HeldBecause.SHOWS_NOTHING, EMPTY
        sure = seen.confidence >= recogniser.confirm_below and seen.label not in NO_ITEM
        if sure and plain_name(seen.label) != plain_name(lesson.label):
            return HeldBecause.CONTRADICTS, seen.label
        return None, seen.label

    def _embeddings(self, recogniser: Recogniser, version: MemoryVersion) -> dict[str, "Vectors"]:
        """The embeddings of a version's pictures, read where a worker has stored them already."""
        # With it comes numpy, which the API's functions have not: they read this module, too.
        from smartscale.recognition.told_apart import find_mixed_up  # noqa: PLC0415

        model = recogniser.ref
        ready = self._memories.embeddings(model, version.number)
        if ready is not None:
            return ready
        earlier = [number for number in self._memories.embedded(model) if number < version.number]
        known = (earlier and self._memories.embeddings(model, earlier[-1])) or {}
        found: dict[str, Vectors] = {}
        for lesson in version.lessons:
            if lesson.picture in known:
                found[lesson.picture] = known[lesson.picture]
                continue
            try:
                found[lesson.picture] = recogniser.embed(self._memories.picture(lesson.picture))
            except NotFound:
                _log.warning("the picture %s of the memory is gone", lesson.picture)
        # Before the version is ready, for which its embeddings stand.
        lessons = _by_label(version, found)
        told_apart = find_mixed_up(lessons)
        self._memories.keep_told_apart(model, version.number, told_apart)
        self._memories.keep_carried(model, version.number, lessons)
        self._memories.keep_embeddings(model, version.number, found)
        return found


def _by_label(
    version: MemoryVersion, embeddings: Mapping[str, "Vectors"]
) -> dict[str, list["Vectors"]]:
    """The embeddings of a version's pictures by the item on them, the newest last."""
    lessons: dict[str, list[Vectors]] = {}
    for lesson in version.lessons:
        if lesson.picture in embeddings:
            lessons.setdefault(lesson.label, []).append(embeddings[lesson.picture])
    return lessons
