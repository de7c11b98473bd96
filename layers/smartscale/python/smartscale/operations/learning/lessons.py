"""Adds lessons to the shop's memory, also when several processes do so at once."""

from collections.abc import Sequence
from datetime import datetime

from smartscale.domain.memory import (
    Lesson,
    MemoryVersion,
)
from smartscale.operations.ports.learning import Memories


def add_lessons(memories: Memories, lessons: Sequence[Lesson], at: datetime) -> MemoryVersion:
    """Store and return a version with these lessons. When another process takes its number
    first, the lessons are added to that version instead."""
    while True:
        current = memories.newest() or MemoryVersion.empty(at)
        version = current.learn(lessons, at)
        if version is current or memories.add(version):
            return version
