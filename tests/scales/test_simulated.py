"""The simulated scale behaves like one with a pan."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from frontend.devices.scales.scale import Condition, Reading
from frontend.devices.scales.simulated import SimulatedScale

EMPTY = Reading(Condition.STABLE, Decimal("0.000"))


async def take(readings: AsyncIterator[Reading], count: int) -> list[Reading]:
    """The next readings."""
    return [await asyncio.wait_for(anext(readings), 5) for _ in range(count)]


@pytest.mark.asyncio
async def test_a_weight_moves_before_it_is_stable() -> None:
    scale = SimulatedScale(settle_s=0.001)
    readings = scale.readings()
    assert await take(readings, 1) == [EMPTY]

    scale.place(Decimal("0.74"))

    moving, stable = await take(readings, 2)
    assert moving.condition is Condition.MOVING
    assert stable == Reading(Condition.STABLE, Decimal("0.740"))


@pytest.mark.asyncio
async def test_everybody_sees_the_same_readings_and_all_end_with_the_scale() -> None:
    scale = SimulatedScale(settle_s=0)
    early = scale.readings()
    await take(early, 1)
    scale.place(Decimal(1))
    late = scale.readings()

    assert (await take(late, 1))[0] == (await take(early, 2))[-1]
    await scale.close()
    assert [reading async for reading in early] == [reading async for reading in late] == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("placed", "condition"),
    [("30.001", Condition.OVERLOAD), ("-0.001", Condition.UNDERLOAD), ("30", Condition.STABLE)],
)
async def test_what_it_cannot_weigh_has_no_weight(placed: str, condition: Condition) -> None:
    scale = SimulatedScale(settle_s=0)
    scale.place(Decimal(placed))
    (reading,) = await take(scale.readings(), 1)
    assert reading.condition is condition
    assert (reading.gross_kg is not None) == (condition is Condition.STABLE)


@pytest.mark.asyncio
async def test_it_shows_steps_of_its_division() -> None:
    scale = SimulatedScale(division_kg=Decimal("0.005"), settle_s=0)
    scale.place(Decimal("0.5025"))
    (reading,) = await take(scale.readings(), 1)
    assert reading.gross_kg == Decimal("0.505")


@pytest.mark.asyncio
async def test_a_cable_that_is_pulled_stops_a_weight_from_settling() -> None:
    scale = SimulatedScale(settle_s=0.001)
    scale.place(Decimal(1))
    scale.disconnect()
    await asyncio.sleep(0.005)
    assert await take(scale.readings(), 1) == [Reading(Condition.UNAVAILABLE)]


@pytest.mark.parametrize(
    ("condition", "gross"),
    [
        (Condition.STABLE, None),
        (Condition.UNAVAILABLE, "0.000"),
        (Condition.STABLE, "-0.001"),
        (Condition.STABLE, "NaN"),
        (Condition.MOVING, "Infinity"),
        (Condition.STABLE, "0.0005"),
    ],
)
def test_a_reading_is_a_weight_or_says_why_there_is_none(
    condition: Condition, gross: str | None
) -> None:
    with pytest.raises(ValueError, match="weight"):
        Reading(condition, None if gross is None else Decimal(gross))
