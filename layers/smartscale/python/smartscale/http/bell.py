"""How a held request learns that it is time to look for its answer."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

from fastapi.concurrency import run_in_threadpool

_FIRST_PAUSE_S = 0.02
_LONGEST_PAUSE_S = 0.08
"""Short, so that an answer is delivered within 100 ms of being stored."""

Pause = Callable[[float], Awaitable[object]]
"""Waits until it is time to look again, so many seconds at most."""


_Answer = TypeVar("_Answer")


class Bell(Protocol):
    """Tells of answers as they are stored, where somebody tells of them at all."""

    tells: bool
    """Whether somebody does: an answer may then have been told before one listens."""

    def listen(self, job_id: str) -> AbstractContextManager[Pause]:
        """While this is entered, its pauses end when the weighing's answer is there."""


class NoBell:
    """Nobody tells: it looks often at first, when the answer is due, and then less often.

    Args:
        first_s: the first pause.
    """

    tells = False

    def __init__(self, first_s: float = _FIRST_PAUSE_S) -> None:
        self._first_s = first_s

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


async def answered(
    look: Callable[[], _Answer | None], pause: Pause, wait_s: float, *, at_once: bool = True
) -> _Answer | None:
    """Hold a request until there is an answer, so many seconds at most.

    Args:
        look: the answer, or None while there is none.
        pause: what tells when to look again.
        wait_s: how long.
        at_once: whether there may be one already.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    found = await run_in_threadpool(look) if at_once else None
    while found is None and (left := deadline - loop.time()) > 0:
        await pause(left)
        found = await run_in_threadpool(look)
    return found
