"""Teach the shop's scales from pictures: enrol items, see what was taught, and go back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from smartscale.domain.errors import Conflict, InvalidInput
from smartscale.domain.memory import (
    IMAGES_AT_ONCE,
    Lesson,
    MemoryProgress,
    MemoryVersion,
    Teacher,
)
from smartscale.domain.registry import BUILTIN
from smartscale.domain.weighing import ModelRef
from smartscale.operations.learning.lessons import add_lessons
from smartscale.operations.messages import WAKE_UP
from smartscale.operations.ports.catalogue import CatalogueStore
from smartscale.operations.ports.learning import Memories
from smartscale.operations.ports.models import PackageStore, Registry
from smartscale.operations.ports.queues import Queue
from smartscale.recognition.package import EXEMPLARS_FILE
from smartscale.recognition.photo import shrink


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
        if not 1 <= len(images) <= IMAGES_AT_ONCE:
            raise InvalidInput(
                f"Send 1 to {IMAGES_AT_ONCE} pictures as files named `images`; "
                f"there are {len(images)}."
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
