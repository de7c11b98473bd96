"""How a held request learns that it is time to look for its answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.08
"""Short, so that an answer is delivered within 100 ms of being stored."""

Pause = Callable[[float], Awaitable[object]]
"""Waits until it is time to look again, so many seconds at most."""


class Bell(Protocol):
    """Tells of answers as they are stored, where somebody tells of them at all."""

    def listen(self, job_id: str) -> AbstractContextManager[Pause]:
        """While this is entered, its pauses end when the weighing's answer is there."""


class NoBell:
    """Nobody tells: it looks often at first, when the answer is due, and then less often."""

    @contextmanager
    def listen(self, job_id: str) -> Iterator[Pause]:
        """Pauses that grow."""
        del job_id
        pause_s = _FIRST_PAUSE_S

        async def pause(most_s: float) -> None:
            nonlocal pause_s
            await asyncio.sleep(min(pause_s, most_s))
            pause_s = min(pause_s * 1.3, _LONGEST_PAUSE_S)

        yield pause
