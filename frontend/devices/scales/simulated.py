"""A scale without hardware: for the demo, for tests, and for a kiosk whose scale is not wired."""

import asyncio
from collections.abc import AsyncIterator
from decimal import ROUND_HALF_UP, Decimal

from frontend.devices.scales.scale import GRAM, Condition, Reading, Readings

SETTLE_S = 0.4
"""For how many seconds the weight moves before it is stable, as on a real pan."""


class SimulatedScale:
    """Shows the weights that `place` puts on its pan, which is empty at first."""

    def __init__(
        self,
        capacity_kg: Decimal = Decimal(30),
        division_kg: Decimal = GRAM,
        *,
        settle_s: float = SETTLE_S,
    ) -> None:
        self.capacity_kg = capacity_kg
        self.division_kg = division_kg
        self._settle_s = settle_s
        self._readings = Readings(Reading(Condition.STABLE, Decimal("0.000")))
        self._settling: asyncio.TimerHandle | None = None

    def place(self, kg: Decimal) -> None:
        """Replace what is on the pan. The weight moves for a moment, and then is stable."""
        final = self._weigh(kg)
        if final.gross_kg is None:
            self._show(final)
            return
        self._show(Reading(Condition.MOVING, final.gross_kg))
        if self._settle_s == 0:
            self._show(final)
            return
        loop = asyncio.get_running_loop()
        self._settling = loop.call_later(self._settle_s, self._readings.publish, final)

    def clear(self) -> None:
        """Take everything off the pan."""
        self.place(Decimal(0))

    def disconnect(self) -> None:
        """Become unavailable, as if the cable were pulled, until `place` is called again."""
        self._show(Reading(Condition.UNAVAILABLE))

    def readings(self) -> AsyncIterator[Reading]:
        """Give the current reading at once, then each change."""
        return self._readings.follow()

    async def close(self) -> None:
        """End every iterator of readings."""
        self._stop_settling()
        self._readings.close()

    def _weigh(self, kg: Decimal) -> Reading:
        if kg < 0:
            return Reading(Condition.UNDERLOAD)
        if kg > self.capacity_kg:
            return Reading(Condition.OVERLOAD)
        steps = (kg / self.division_kg).to_integral_value(ROUND_HALF_UP)
        return Reading(Condition.STABLE, (steps * self.division_kg).quantize(GRAM))

    def _show(self, reading: Reading) -> None:
        self._stop_settling()
        self._readings.publish(reading)

    def _stop_settling(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
