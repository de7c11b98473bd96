"""Teach the shop's scales from pictures: enrol items, see what was taught, and go back."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from smartscale.domain.errors import Conflict, InvalidInput, NotFound
from smartscale.domain.memory import (
    IMAGES_AT_ONCE,
    Lesson,
    MemoryProgress,
    MemoryVersion,
    Teacher,
)
from smartscale.domain.registry import BUILTIN
from smartscale.domain.told_apart import ToldApart
from smartscale.domain.weighing import ModelRef
from smartscale.operations.learning.lessons import add_lessons, change
from smartscale.operations.messages import WAKE_UP
from smartscale.operations.ports.catalogue import CatalogueStore
from smartscale.operations.ports.learning import Memories
from smartscale.operations.ports.models import PackageStore, Registry
from smartscale.operations.ports.queues import Queue
from smartscale.parallel import in_parallel
from smartscale.recognition.package import HEAD_FILE
from smartscale.recognition.photo import shrink

_MOST_NAMED = 5
"""How many unknown items a refusal names."""


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
        self._check_sold([label])
        if not 1 <= len(images) <= IMAGES_AT_ONCE:
            raise InvalidInput(
                f"Send 1 to {IMAGES_AT_ONCE} pictures as files named `images`; "
                f"there are {len(images)}."
            )
        return self.enrol_all([(label, image) for image in images])

    def enrol_all(self, pictures: Sequence[tuple[str, bytes]]) -> MemoryVersion:
        """Teach many items by one version; each picture comes after the label of what it shows.

        Raises:
            Conflict: the model that serves cannot learn.
            InvalidInput: an item is not in the catalogue, or there are no pictures.
            ImageError: one of them is no picture.
        """
        self.check_items(label for label, _ in pictures)
        # All are checked before the first is kept.
        small = [(label, shrink(image)) for label, image in pictures]
        return self.add([self._lesson(label, image) for label, image in small])

    def check_items(self, labels: Iterable[str]) -> None:
        """Say whether these items can be taught at all, before their pictures are read.

        Raises:
            Conflict: the model that serves cannot learn.
            InvalidInput: an item is not in the catalogue, or there are no items.
        """
        wanted = sorted(set(labels))
        if not wanted:
            raise InvalidInput("Send at least one picture.")
        self._check_sold(wanted)
        if reason := self._why_not(self._serving()):
            raise Conflict(reason)

    def lesson(self, label: str, image: bytes) -> Lesson:
        """Keep a picture of an item; it counts when its lesson is added. Raises ImageError."""
        return self._lesson(label, shrink(image))

    def add(self, lessons: Sequence[Lesson]) -> MemoryVersion:
        """Add lessons to the memory by one version, and tell the workers."""
        version = add_lessons(self._memories, lessons, self._now())
        self._queue.send(WAKE_UP)
        return version

    def _lesson(self, label: str, small: bytes) -> Lesson:
        return Lesson(
            label=label,
            picture=self._memories.keep_picture(small),
            teacher=Teacher.ENROLMENT,
            at=self._now(),
        )

    def _check_sold(self, labels: Sequence[str]) -> None:
        found = in_parallel(self._catalogue.get, labels)
        items = zip(labels, found, strict=True)
        missing = [label[:80] for label, item in items if item is None or item.retired]
        if not missing:
            return
        named = ", ".join(missing[:_MOST_NAMED])
        more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
        if len(missing) == 1:
            raise InvalidInput(f"{named} is not in the catalogue: add it first, with its price.")
        raise InvalidInput(
            f"{named}{more} are not in the catalogue: add them first, with their prices."
        )

    def progress(self) -> TaughtVersion | None:
        """The newest version and how far it is; None where nothing was ever taught."""
        newest = self._memories.newest()
        return None if newest is None else self._progress(newest, self._serving())

    def told_apart(self) -> tuple[int, ToldApart] | None:
        """The newest version that the model which serves has looked at, and what it mixes up."""
        serving = self._serving()
        looked_at = self._memories.embedded(serving)
        if not looked_at:
            return None
        found = self._memories.told_apart(serving, looked_at[-1])
        return None if found is None else (looked_at[-1], found)

    def versions(self) -> list[TaughtVersion]:
        """Every version, the newest first."""
        versions = self._memories.versions()
        if not versions:
            return []
        newest = self._progress(versions[0], self._serving())
        older = [TaughtVersion(version, MemoryProgress.SUPERSEDED) for version in versions[1:]]
        return [newest, *older]

    def _progress(self, newest: MemoryVersion, serving: ModelRef) -> TaughtVersion:
        error = self._why_not(serving)
        if error is not None:
            state = MemoryProgress.FAILED
        elif newest.number in self._memories.embedded(serving):
            state = MemoryProgress.READY
        else:
            state = MemoryProgress.PENDING
        return TaughtVersion(newest, state, active=True, error=error)

    def _serving(self) -> ModelRef:
        switch = self._registry.current()
        return self._builtin if switch is None else switch.active

    def _why_not(self, model: ModelRef) -> str | None:
        """Why a model cannot be taught; None where it can."""
        if model.id == BUILTIN:
            learns = self._builtin_learns
        else:
            learns = HEAD_FILE in (self._packages.describe(model) or {}).get("files", {})
        if learns:
            return None
        return f"The model {model.id} {model.revision} cannot be taught: its package has no head."

    def picture(self, picture: str) -> bytes:
        """The picture of a lesson that counts or waits, JPEG. Raises NotFound."""
        newest = self._memories.newest()
        lessons = () if newest is None else (*newest.lessons, *(o.lesson for o in newest.held))
        if picture not in {lesson.picture for lesson in lessons}:
            raise NotFound(f"There is no lesson with the picture {picture[:64]}.")
        return self._memories.picture(picture)

    def accept(self, picture: str) -> MemoryVersion:
        """Let a lesson count that was held back, by a new version. Raises NotFound."""
        at = self._now()
        return self._changed(lambda current: current.accept(picture, at))

    def forget(self, picture: str) -> MemoryVersion:
        """Take one lesson out, whether it counts or waits, by a new version. Raises NotFound."""
        at = self._now()
        return self._changed(lambda current: current.forget(picture, at))

    def _changed(self, how: Callable[[MemoryVersion], MemoryVersion]) -> MemoryVersion:
        version = change(self._memories, self._now(), how)
        self._queue.send(WAKE_UP)
        return version

    def go_back(self) -> MemoryVersion:
        """Add a version with the lessons of the one before.

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
