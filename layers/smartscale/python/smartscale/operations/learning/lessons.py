"""Adds lessons to the shop's memory, also when several processes do so at once."""

from collections.abc import Callable, Sequence
from datetime import datetime

from smartscale.domain.memory import (
    Lesson,
    MemoryVersion,
)
from smartscale.operations.ports.learning import Memories


def change(
    memories: Memories, at: datetime, how: Callable[[MemoryVersion], MemoryVersion]
) -> MemoryVersion:
    """Store and return what `how` makes of the newest version; of a newer one where another
    process takes its number first."""
    while True:
        current = memories.newest() or MemoryVersion.empty(at)
        version = how(current)
        if version is current or memories.add(version):
            return version


def add_lessons(memories: Memories, lessons: Sequence[Lesson], at: datetime) -> MemoryVersion:
    """Store and return a version with these lessons. When another process takes its number
    first, the lessons are added to that version instead."""
    return change(memories, at, lambda current: current.learn(lessons, at))
