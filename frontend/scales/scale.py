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


_WEIGHS = frozenset({Condition.STABLE, Condition.MOVING})


@dataclass(frozen=True)
class Reading:
    """What a scale shows at one moment.

    Raises:
        ValueError: the weight is not a finite number of 0 or more kilograms with at most three
            decimals; or there is none where the condition has one, or one where it has none.
    """

    condition: Condition
    gross_kg: Decimal | None = None
    """What is on the pan; only while STABLE or MOVING."""

    def __post_init__(self) -> None:
        if (self.condition in _WEIGHS) != (self.gross_kg is not None):
            raise ValueError(f"{self.condition} and a weight of {self.gross_kg} contradict")
        weight = self.gross_kg
        if weight is not None and not (
            weight.is_finite() and weight >= 0 and weight == weight.quantize(GRAM)
        ):
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
