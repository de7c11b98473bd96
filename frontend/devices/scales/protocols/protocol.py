"""What a wire protocol is: what is sent, what a frame looks like, and what a frame means."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from frontend.devices.scales.scale import GRAM, Condition, Reading

KILOGRAMS = {
    "mg": Decimal("0.000001"),
    "g": Decimal("0.001"),
    "kg": Decimal(1),
    "oz": Decimal("0.028349523125"),
    "lb": Decimal("0.45359237"),
}
"""Kilograms in one unit, exact: https://www.nist.gov/pml/special-publication-811, appendix B.8."""
_WHOLE = frozenset({"g", "mg"})
"""Units in which scales show whole numbers."""


@dataclass(frozen=True)
class Pan:
    """What whoever installs a scale sets for it.

    `unit` is what a protocol without units means; weights above `capacity_kg` are an overload.
    """

    capacity_kg: Decimal = Decimal(30)
    division_kg: Decimal = GRAM
    unit: str = "kg"

    def reading(self, figure: str, unit: str, *, stable: bool, net: bool = False) -> Reading | None:
        """What a figure of a scale means; None for one that is no weight.

        A figure without a decimal point is a weight in grams and smaller units alone: as kilograms
        `00012` may be 12 kg or 12 g, depending on how the scale is set.

        Args:
            figure: a plain decimal number, which the caller's pattern has made sure of.
            unit: a key of `KILOGRAMS`, in any case.
            stable: whether the scale calls it settled.
            net: whether the scale has subtracted a tare of its own.
        """
        factor = KILOGRAMS.get(unit.lower())
        if factor is None or ("." not in figure and unit.lower() not in _WHOLE):
            return None
        exact = Decimal(figure) * factor
        if exact < 0:
            return Reading(Condition.UNDERLOAD)
        if exact > self.capacity_kg:
            return Reading(Condition.OVERLOAD)
        gross_kg = abs(exact).quantize(GRAM, ROUND_HALF_UP)  # a scale may say -0.000
        return Reading(Condition.STABLE if stable else Condition.MOVING, gross_kg, net)


@dataclass(frozen=True)
class Line:
    """How the serial line is set."""

    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1


@dataclass(frozen=True)
class Step:
    """What to send, and a pattern of what the scale answers to it."""

    send: bytes
    answer: re.Pattern[bytes]


@dataclass(frozen=True)
class Protocol:
    """One wire protocol. `parse` reads the scale's answer to the last step."""

    name: str
    steps: tuple[Step, ...]
    parse: Callable[[bytes, Pan], Reading | None]
    """What a frame means. Never raises; None for bytes that are no reading."""
    line: Line = Line()


FIGURE = rb"[0-9]{1,6}(?:\.[0-9]{1,6})?"
"""A figure as scales write it. No scale for food shows a longer one."""
