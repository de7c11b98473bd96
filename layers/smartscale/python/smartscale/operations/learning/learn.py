"""Learn from confirmed weighings."""

from collections.abc import Callable, Sequence
from datetime import datetime

from smartscale.domain.errors import NotFound
from smartscale.domain.memory import (
    SHOPPERS_TO_AGREE,
    HeldBecause,
    HeldLesson,
    Lesson,
    MemoryVersion,
    Teacher,
    hold_because,
    teaches,
)
from smartscale.domain.weighing import Weighing
from smartscale.operations.learning.lessons import add_lessons, change
from smartscale.operations.ports.learning import Memories
from smartscale.operations.ports.uploads import Uploads, picture_key
from smartscale.operations.ports.weighings import Weighings
from smartscale.recognition.photo import shows_nothing, shrink


class Learn:
    """The worker's side of a confirmation: decides whether it teaches, and what."""

    def __init__(
        self,
        memories: Memories,
        weighings: Weighings,
        uploads: Uploads,
        now: Callable[[], datetime],
    ) -> None:
        self._memories = memories
        self._weighings = weighings
        self._uploads = uploads
        self._now = now

    def process(self, job_id: str, known: MemoryVersion | None = None) -> None:
        """Learn from a confirmed weighing: an attendant's at once, shoppers' when they agree.

        Args:
            job_id: the weighing.
            known: the memory that the worker has; shoppers add nothing to an item that it knows
                enough of.
        """
        weighing = self._weighings.get(job_id)
        teacher = None if weighing is None else teaches(weighing)
        if weighing is None or teacher is None:
            return
        if teacher is Teacher.ATTENDANT:
            self._learn([weighing], teacher)
            return
        said, saw = str(weighing.confirmed_label), str(weighing.label)
        if known is not None and known.knows_enough_of(said, self._now()):
            return
        voters = [self._weighings.get(voter) for voter in self._memories.vote(said, saw, job_id)]
        # A weighing that counted before may have been confirmed as something else since, or an
        # attendant may have taken its lesson out.
        newest = self._memories.newest()
        agreeing = [
            voter
            for voter in voters
            if voter is not None
            and voter.confirmed_label == said
            and teaches(voter) is teacher
            and not (newest is not None and newest.took_out(voter.job_id, said))
        ]
        if len(agreeing) >= SHOPPERS_TO_AGREE:
            self._learn(agreeing, teacher)

    def _learn(self, weighings: Sequence[Weighing], teacher: Teacher) -> None:
        at = self._now()
        lessons, held = [], []
        for weighing in weighings:
            try:
                _, image = self._uploads.read(picture_key(self._uploads, weighing))
            except NotFound:
                continue  # its picture has expired
            lesson = Lesson(
                label=str(weighing.confirmed_label),
                picture=self._memories.keep_picture(shrink(image)),
                teacher=teacher,
                at=weighing.confirmed_at or at,
                by=weighing.confirmed_by_staff,
                weighing=weighing.job_id,
            )
            because = hold_because(weighing)
            if shows_nothing(image):
                because = HeldBecause.SHOWS_NOTHING
            if because is None:
                lessons.append(lesson)
            else:
                seen_as = str(weighing.label)
                held.append(HeldLesson(lesson=lesson, because=because, seen_as=seen_as))
        if lessons:
            add_lessons(self._memories, lessons, at)
        if held:
            change(self._memories, at, lambda current: current.hold(held, at))
