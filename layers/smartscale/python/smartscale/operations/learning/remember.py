"""Keep a worker's recogniser at the newest version of the shop's memory."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from smartscale.domain.errors import NotFound, StoreUnavailable
from smartscale.domain.memory import MemoryVersion
from smartscale.operations.ports.learning import EmbeddedMemories
from smartscale.operations.ports.models import Recogniser

if TYPE_CHECKING:  # importing it loads numpy
    from smartscale.recognition.memory import Vectors

_log = logging.getLogger(__name__)


class Remember:
    """Keeps a worker's recogniser at the newest version of the memory."""

    def __init__(self, memories: EmbeddedMemories) -> None:
        self._memories = memories
        self._version: MemoryVersion | None = None
        self._recogniser: Recogniser | None = None

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
        recogniser.remember(_by_label(version, self._embeddings(recogniser, version)))
        self._version, self._recogniser = version, recogniser

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
