"""Run many small requests at once: a store answers hundreds in one round trip's time."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

THREADS = 32
"""Below the connections that a client keeps, see adapters/aws.py."""


def batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of so many; the last one may be shorter.

    Examples:
        >>> list(batched("abcde", 2))
        [['a', 'b'], ['c', 'd'], ['e']]
    """
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def in_parallel(
    function: Callable[[Item], Answer], items: Iterable[Item], threads: int = THREADS
) -> Iterator[Answer]:
    """The answers, in the order of the items. Only a few are fetched ahead of the reader.

    Without threads it is a plain loop.

    Raises:
        what `function` raises, at the item's place.
    """
    if not threads:
        yield from map(function, items)
        return
    waiting: deque[Future[Answer]] = deque()
    rest = iter(items)
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in islice(rest, 2 * threads):
                waiting.append(pool.submit(function, item))
            while waiting:
                yield waiting.popleft().result()
                for item in islice(rest, 1):
                    waiting.append(pool.submit(function, item))
        finally:
            for future in waiting:
                future.cancel()
