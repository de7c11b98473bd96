"""The port: what every scale tells the kiosk. Weights are kilograms, `Decimal` throughout."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Protocol

GRAM = Decimal("0.001")
_KEEP = 64
"""How many changes wait for a slow reader; older ones are dropped, the newest never is."""


class Condition(Enum):
    """What state a scale is in."""

    STABLE = auto()
    """The weight has settled; an empty pan is stable at zero."""
    MOVING = auto()
    """The weight still changes: it may be shown, and must not be charged."""
    OVERLOAD = auto()
    """More than the scale can weigh."""
    UNDERLOAD = auto()
    """Less than nothing: the pan was lifted, or something was taken off after zeroing."""
    UNAVAILABLE = auto()
    """No scale answers: switched off, cable out, or a fault of its own."""


@dataclass(frozen=True)
class Reading:
    """What a scale shows at one moment.

    Raises:
        ValueError: the weight is not a finite number of 0 or more kilograms with at most three
            decimals; or STABLE has none, or a condition that cannot have one has one.
    """

    condition: Condition
    gross_kg: Decimal | None = None
    """What is on the pan: always while STABLE; while MOVING where the scale tells it."""

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
    """A scale. It is watched rather than asked: readings come as they change."""

    capacity_kg: Decimal
    """The most it weighs."""
    division_kg: Decimal
    """The smallest step that it shows."""

    def readings(self) -> AsyncIterator[Reading]:
        """The current reading at once, then each change, until the scale is closed."""

    async def close(self) -> None:
        """Let go of the scale; every iterator of readings ends."""


class Readings:
    """Hands one scale's readings to any number of readers. Used on one event loop."""

    def __init__(self, first: Reading) -> None:
        self._current = first
        self._readers: set[_Reader] = set()
        self._closed = False

    @property
    def current(self) -> Reading:
        """The newest reading."""
        return self._current

    def publish(self, reading: Reading) -> None:
        """Tell the readers, when it is a change."""
        if reading == self._current or self._closed:
            return
        self._current = reading
        for reader in self._readers:
            reader.tell(reading)

    def close(self) -> None:
        """End every reader."""
        self._closed = True
        for reader in self._readers:
            reader.news.set()

    async def follow(self) -> AsyncIterator[Reading]:
        """The current reading, then each change, until closed."""
        reader = _Reader()
        reader.tell(self._current)
        self._readers.add(reader)
        try:
            while True:
                while reader.waiting:
                    yield reader.waiting.popleft()
                if self._closed:
                    return
                reader.news.clear()
                await reader.news.wait()
        finally:
            self._readers.discard(reader)


class _Reader:
    def __init__(self) -> None:
        self.waiting: deque[Reading] = deque(maxlen=_KEEP)
        self.news = asyncio.Event()

    def tell(self, reading: Reading) -> None:
        self.waiting.append(reading)
        self.news.set()
