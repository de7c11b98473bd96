"""The port that every scale fills: its readings. Weights are kilograms, always `Decimal`."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Protocol

GRAM = Decimal("0.001")
FRESH_S = 0.5
"""For how many seconds a weight may be charged after the scale sent it."""
_KEEP = 64
"""How many changes wait for a slow reader. When there are more, the oldest is dropped."""


class Condition(Enum):
    """What state a scale is in."""

    STABLE = auto()
    """The weight has settled; an empty pan is stable at zero."""
    MOVING = auto()
    """The weight still changes: it may be shown, and must not be charged."""
    OVERLOAD = auto()
    """More than the scale can weigh."""
    UNDERLOAD = auto()
    """Below zero: the pan was lifted, or something was taken off after the scale was zeroed."""
    UNAVAILABLE = auto()
    """No scale answers: it is switched off, its cable is out, or it has a fault."""


@dataclass(frozen=True)
class Reading:
    """What a scale shows at one moment.

    Raises:
        ValueError: the weight is not a finite number of 0 or more kilograms with at most three
            decimals; or STABLE has none, or a condition that cannot have one has one.
    """

    condition: Condition
    gross_kg: Decimal | None = None
    """The weight on the pan: always there while STABLE, and while MOVING if the scale sends it."""
    net: bool = False
    """Whether the scale has already subtracted a tare of its own: then `gross_kg` is a net weight,
    and no other tare may be taken off."""

    def unsettled(self) -> "Reading":
        """The same weight as one that may be shown and must not be charged."""
        if self.condition is not Condition.STABLE:
            return self
        return Reading(Condition.MOVING, self.gross_kg, self.net)

    def __post_init__(self) -> None:
        weight = self.gross_kg
        if weight is None:
            if self.condition is Condition.STABLE:
                raise ValueError("a stable reading has a weight")
        elif self.condition not in {Condition.STABLE, Condition.MOVING}:
            raise ValueError(f"{self.condition} has no weight")
        elif not (weight.is_finite() and weight >= 0 and weight == weight.quantize(GRAM)):
            raise ValueError(f"{weight} is no weight: use 0 kg or more, to the gram")


class Scale(Protocol):
    """A scale. It hands out each change of its reading; nobody has to ask for one."""

    capacity_kg: Decimal
    """The most it weighs."""
    division_kg: Decimal
    """The smallest step that it shows."""

    def readings(self) -> AsyncIterator[Reading]:
        """Give the current reading at once, then each change, until the scale is closed."""

    async def close(self) -> None:
        """Release the scale; every iterator of readings ends."""


class Readings:
    """Hands one scale's readings to any number of readers. Used on one event loop.

    Args:
        first: the reading before the scale has sent one.
        fresh_s: seconds after which a settled weight that the scale has not sent again counts as
            moving, so that nobody charges it; None for a scale that sends changes alone.
    """

    def __init__(self, first: Reading, fresh_s: float | None = None) -> None:
        self._current = first
        self._fresh_s = fresh_s
        self._expiry: asyncio.TimerHandle | None = None
        self._readers: set[_Reader] = set()
        self._closed = False

    @property
    def current(self) -> Reading:
        """The newest reading."""
        return self._current

    def publish(self, reading: Reading) -> None:
        """Hand the readers what the scale has sent, when it is a change."""
        if self._closed:
            return
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if reading.condition is Condition.STABLE and self._fresh_s is not None:
            loop = asyncio.get_running_loop()
            self._expiry = loop.call_later(self._fresh_s, self._hand_out, reading.unsettled())
        self._hand_out(reading)

    def _hand_out(self, reading: Reading) -> None:
        if reading == self._current:
            return
        self._current = reading
        for reader in self._readers:
            reader.add(reading)

    def close(self) -> None:
        """End every reader."""
        self._closed = True
        if self._expiry is not None:
            self._expiry.cancel()
        for reader in self._readers:
            reader.news.set()

    async def follow(self) -> AsyncIterator[Reading]:
        """Give the current reading, then each change, until `close`."""
        reader = _Reader()
        reader.add(self._current)
        self._readers.add(reader)
        try:
            while True:
                while reader.waiting:
                    yield reader.next()
                if self._closed:
                    return
                reader.news.clear()
                await reader.news.wait()
        finally:
            self._readers.discard(reader)


class _Reader:
    def __init__(self) -> None:
        self.waiting: deque[tuple[float, Reading]] = deque(maxlen=_KEEP)
        self.news = asyncio.Event()

    def add(self, reading: Reading) -> None:
        self.waiting.append((time.monotonic(), reading))
        self.news.set()

    def next(self) -> Reading:
        """The oldest change. When it is old and a newer one waits, it is no settled weight."""
        added_at, reading = self.waiting.popleft()
        past = bool(self.waiting) and time.monotonic() - added_at > FRESH_S
        return reading.unsettled() if past else reading
