"""Teach the shop's scales: enrol items, learn from confirmations, and remember it in a worker."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from smartscale.domain import correlation
from smartscale.domain.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from smartscale.domain.memory import (
    SHOPPERS_TO_AGREE,
    Lesson,
    MemoryVersion,
    Teacher,
    teaches,
)
from smartscale.domain.registry import BUILTIN
from smartscale.domain.weighing import ModelRef, Weighing
from smartscale.operations.ports import (
    CatalogueStore,
    EmbeddedMemories,
    Memories,
    PackageStore,
    Queue,
    Recogniser,
    Registry,
    Uploads,
    Weighings,
)
from smartscale.operations.switch_model import WAKE_UP
from smartscale.recognition.package import EXEMPLARS_FILE
from smartscale.recognition.preprocessing import shrink

if TYPE_CHECKING:  # who only teaches needs no numpy
    from smartscale.recognition.memory import Vectors

MAX_IMAGES = 20
LESSON = "lesson"
CORRELATION = "correlation_id"
_log = logging.getLogger(__name__)


def lesson_message(job_id: str) -> str:
    """A message that a confirmed weighing may teach something."""
    return json.dumps({LESSON: job_id, CORRELATION: correlation.current()})


class MemoryProgress(StrEnum):
    """How far a version is."""

    PENDING = "pending"
    """No worker has looked at its pictures yet."""
    READY = "ready"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    """A newer version counts."""


@dataclass(frozen=True)
class TaughtVersion:
    """A version and how far it is."""

    version: MemoryVersion
    state: MemoryProgress
    active: bool = False
    error: str | None = None


class Teach:
    """The operator's side: enrol an item from pictures, see what was taught, and go back."""

    def __init__(
        self,
        memories: Memories,
        catalogue: CatalogueStore,
        registry: Registry,
        packages: PackageStore,
        queue: Queue,
        builtin: ModelRef,
        builtin_learns: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._memories = memories
        self._catalogue = catalogue
        self._registry = registry
        self._packages = packages
        self._queue = queue
        self._builtin = builtin
        self._builtin_learns = builtin_learns
        self._now = now

    def enrol(self, label: str, images: Sequence[bytes]) -> MemoryVersion:
        """Teach that these pictures show an item. The same pictures again change nothing.

        Raises:
            Conflict: the model that serves cannot learn.
            InvalidInput: there is no such item, or there are too few or too many pictures.
            ImageError: one of them is no picture.
        """
        item = self._catalogue.get(label)
        if item is None or item.retired:
            raise InvalidInput(
                f"{label[:80]} is not in the catalogue: add it there first, with its price."
            )
        if not 1 <= len(images) <= MAX_IMAGES:
            raise InvalidInput(
                f"Send 1 to {MAX_IMAGES} pictures as files named `images`; there are {len(images)}."
            )
        if reason := self._why_not(self._serving()):
            raise Conflict(reason)
        # All are checked before the first is kept.
        small = [shrink(image) for image in images]
        at = self._now()
        lessons = [
            Lesson(
                label=label,
                picture=self._memories.keep_picture(image),
                teacher=Teacher.ENROLMENT,
                at=at,
            )
            for image in small
        ]
        version = add_lessons(self._memories, lessons, at)
        self._queue.send(WAKE_UP)
        return version

    def versions(self) -> list[TaughtVersion]:
        """Every version, the newest first."""
        versions = self._memories.versions()
        if not versions:
            return []
        serving = self._serving()
        error = self._why_not(serving)
        if error is not None:
            state = MemoryProgress.FAILED
        elif versions[0].number in self._memories.embedded(serving):
            state = MemoryProgress.READY
        else:
            state = MemoryProgress.PENDING
        newest = TaughtVersion(versions[0], state, active=True, error=error)
        older = [TaughtVersion(version, MemoryProgress.SUPERSEDED) for version in versions[1:]]
        return [newest, *older]

    def _serving(self) -> ModelRef:
        switch = self._registry.current()
        return self._builtin if switch is None else switch.active

    def _why_not(self, model: ModelRef) -> str | None:
        """Why a model cannot be taught; None where it can."""
        if model.id == BUILTIN:
            learns = self._builtin_learns
        else:
            learns = EXEMPLARS_FILE in (self._packages.describe(model) or {}).get("files", {})
        if learns:
            return None
        return (
            f"The model {model.id} {model.revision} cannot be taught: its package has no exemplars."
        )

    def go_back(self) -> MemoryVersion:
        """Know again what the version before knew.

        Raises:
            Conflict: there is none.
        """
        while True:
            at = self._now()
            current = self._memories.newest() or MemoryVersion.empty(at)
            parent = (
                self._memories.get(current.parent)
                if current.parent
                else MemoryVersion.empty(current.created_at)
            )
            version = current.go_back(parent, at)
            if self._memories.add(version):
                self._queue.send(WAKE_UP)
                return version


def add_lessons(memories: Memories, lessons: Sequence[Lesson], at: datetime) -> MemoryVersion:
    """The newest version with these lessons in it; who loses a race tries the next number."""
    while True:
        current = memories.newest() or MemoryVersion.empty(at)
        version = current.learn(lessons, at)
        if version is current or memories.add(version):
            return version


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

    def process(self, job_id: str) -> None:
        """Learn from a confirmed weighing: an attendant's at once, shoppers' when they agree."""
        weighing = self._weighings.get(job_id)
        teacher = None if weighing is None else teaches(weighing)
        if weighing is None or teacher is None:
            return
        if teacher is Teacher.ATTENDANT:
            self._learn([weighing], teacher)
            return
        said, saw = str(weighing.confirmed_label), str(weighing.label)
        voters = [self._weighings.get(voter) for voter in self._memories.vote(said, saw, job_id)]
        # Somebody may have said something else of an early one since.
        agreeing = [
            voter
            for voter in voters
            if voter is not None and voter.confirmed_label == said and teaches(voter) is teacher
        ]
        if len(agreeing) >= SHOPPERS_TO_AGREE:
            self._learn(agreeing, teacher)

    def _learn(self, weighings: Sequence[Weighing], teacher: Teacher) -> None:
        at = self._now()
        lessons = []
        for weighing in weighings:
            try:
                _, image = self._uploads.read(weighing.upload_key)
            except NotFound:
                continue  # its picture has expired
            lessons.append(
                Lesson(
                    label=str(weighing.confirmed_label),
                    picture=self._memories.keep_picture(shrink(image)),
                    teacher=teacher,
                    at=weighing.confirmed_at or at,
                )
            )
        if lessons:
            add_lessons(self._memories, lessons, at)


class Remember:
    """Keeps a worker's recogniser at the newest version of the memory."""

    def __init__(self, memories: EmbeddedMemories) -> None:
        self._memories = memories
        self._version: MemoryVersion | None = None
        self._recogniser: Recogniser | None = None

    def refresh(self, recogniser: Recogniser) -> None:
        """Let the recogniser know what the newest version knows, before its next batch."""
        if not recogniser.learns:
            self._recogniser = None  # else the model before would be kept in memory
            return
        try:
            newest = self._memories.newest(0 if self._version is None else self._version.number)
        except StoreUnavailable as error:
            _log.warning("the memory stays as it is: %s", error)
            newest = None
        version = newest or self._version
        if version is None or (newest is None and recogniser is self._recogniser):
            self._recogniser = recogniser
            return
        embeddings = self._embeddings(recogniser, version)
        lessons: dict[str, list[Vectors]] = {}
        for lesson in version.lessons:
            if lesson.picture in embeddings:
                lessons.setdefault(lesson.label, []).append(embeddings[lesson.picture])
        recogniser.remember(lessons)
        self._version, self._recogniser = version, recogniser

    def _embeddings(self, recogniser: Recogniser, version: MemoryVersion) -> dict[str, "Vectors"]:
        """What the model sees in the version's pictures; what another worker has seen is read."""
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
        self._memories.keep_embeddings(model, version.number, found)
        return found
