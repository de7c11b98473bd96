"""How a held request learns that it is time to look for its answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from smartscale.domain.weighing import Weighing

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.08
"""Short, so that an answer is delivered within 100 ms of being stored."""

Pause = Callable[[float], Awaitable[Weighing | None]]
"""Waits for the answer, so many seconds at most. Without one it is time to look for it."""


class Bell(Protocol):
    """Tells of answers as they are stored, where somebody tells of them at all."""

    def expect(self, job_id: str) -> None:
        """Remember that a weighing has just been taken in."""

    def expects(self, job_id: str) -> bool:
        """Whether a weighing's answer will be told, so that nobody has to look for it now."""

    def listen(self, job_id: str) -> AbstractContextManager[Pause]:
        """While this is entered, its pauses end when the weighing's answer is there."""


class NoBell:
    """Nobody tells: it looks often at first, when the answer is due, and then less often.

    Args:
        first_s: the first pause.
    """

    def __init__(self, first_s: float = _FIRST_PAUSE_S) -> None:
        self._first_s = first_s

    def expect(self, job_id: str) -> None:
        """Nothing to remember."""

    def expects(self, job_id: str) -> bool:
        """Never."""
        del job_id
        return False

    @contextmanager
    def listen(self, job_id: str) -> Iterator[Pause]:
        """Pauses that grow."""
        del job_id
        pause_s = self._first_s

        async def pause(most_s: float) -> None:
            nonlocal pause_s
            await asyncio.sleep(min(pause_s, most_s))
            pause_s = min(pause_s * 1.3, _LONGEST_PAUSE_S)

        yield pause


def hang_up(app: FastAPI, bell: Bell) -> None:
    """Give an application its bell."""
    app.state.bell = bell


def bell_of(request: Request, otherwise: Bell) -> Bell:
    """The bell of the application that a request is for; `otherwise` where it has none."""
    bell: Bell = getattr(request.app.state, "bell", otherwise)
    return bell


async def answered(
    look: Callable[[], Weighing | None], pause: Pause, wait_s: float
) -> Weighing | None:
    """Hold a request until there is an answer, so many seconds at most.

    Args:
        look: the answer, or None while there is none.
        pause: what waits for it.
        wait_s: how long.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    found = None
    while found is None and (left := deadline - loop.time()) > 0:
        found = await pause(left) or await run_in_threadpool(look)
    return found
