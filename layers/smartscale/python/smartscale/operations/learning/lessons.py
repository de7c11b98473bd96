"""Adding lessons to the shop's memory, whoever else does so."""

from collections.abc import Sequence
from datetime import datetime

from smartscale.domain.memory import (
    Lesson,
    MemoryVersion,
)
from smartscale.operations.ports.learning import Memories


def add_lessons(memories: Memories, lessons: Sequence[Lesson], at: datetime) -> MemoryVersion:
    """The newest version with these lessons in it; who loses a race tries the next number."""
    while True:
        current = memories.newest() or MemoryVersion.empty(at)
        version = current.learn(lessons, at)
        if version is current or memories.add(version):
            return version
