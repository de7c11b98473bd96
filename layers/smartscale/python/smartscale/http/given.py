"""What routes are given without a thread for it."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import TypeVar

_Made = TypeVar("_Made")


@cache
def given(make: Callable[[], _Made]) -> Callable[[], Awaitable[_Made]]:
    """A dependency that is made once and kept, for the routes that shoppers wait for.

    FastAPI calls a plain function in a thread, in case it takes long, which takes longer than the
    look at what is kept; a request to weigh has six of them.
    """

    async def give() -> _Made:
        return make()

    return give
