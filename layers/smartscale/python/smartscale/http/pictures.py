"""Run what handles pictures in a few threads of its own.

Each picture takes its bytes, and large ones wait for each other: in the threads that serve the
other routes, a few of them would keep every caller waiting, and all together would fill memory.
"""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

_Answer = TypeVar("_Answer")

_AT_ONCE = 4
_threads: RunVar[CapacityLimiter] = RunVar("threads for pictures")


async def in_picture_thread(work: Callable[[], _Answer]) -> _Answer:
    """Call what reads or decodes a picture as soon as one of the threads is free."""
    threads = _threads.get(None)
    if threads is None:
        threads = CapacityLimiter(_AT_ONCE)
        _threads.set(threads)
    return await to_thread.run_sync(work, limiter=threads)
