r"""Toledo 8217: the protocol of Mettler Toledo's checkout scales (8217, Viva, Ariva).

`W` asks for the weight: `STX 00.500 CR`, also with `N` for net before the CR, always stable. When
it has none to give it answers `STX ? <status> CR`; bit 0 of the status is motion, 1 over capacity,
2 under zero. The unit is the scale's own setting. The line has seven bits and even parity.

Source: Mettler Toledo Viva service manual, chapter "8217 Mettler-Toledo (Weight-only) Protocol",
https://www.manualslib.com/manual/861274/Mettler-Toledo-Viva.html?page=51
"""

import re

from frontend.devices.scales.protocols.protocol import FIGURE, Line, Pan, Protocol, Step
from frontend.devices.scales.scale import Condition, Reading

_WEIGHT = re.compile(rb"\x02 *(-?" + FIGURE + rb")(N?)\r")
_STATUS = re.compile(rb"\x02 *\?(.)\r", re.DOTALL)
_MOTION, _OVER, _UNDER = 0b001, 0b010, 0b100


def parse(frame: bytes, pan: Pan) -> Reading | None:
    """What a frame means; None for one that is no reading."""
    if weight := _WEIGHT.fullmatch(frame):
        figure = weight[1].decode("ascii")
        return pan.reading(figure, pan.unit, stable=True, net=weight[2] == b"N")
    status = _STATUS.fullmatch(frame)
    return None if status is None else _without_weight(status[1][0])


def _without_weight(status: int) -> Reading | None:
    if status & _OVER and status & _UNDER:
        return None  # both at once is noise, not a scale
    if status & _OVER:
        return Reading(Condition.OVERLOAD)
    if status & _UNDER:
        return Reading(Condition.UNDERLOAD)
    return Reading(Condition.MOVING) if status & _MOTION else None


TOLEDO_8217 = Protocol(
    name="toledo-8217",
    steps=(Step(b"W", re.compile(rb"\x02[^\x02]{1,16}\r")),),
    parse=parse,
    line=Line(9600, 7, "E", 1),
)


def with_even_parity(text: bytes) -> bytes:
    """Add to each seven-bit byte its parity as the eighth bit."""
    return bytes(byte | (byte.bit_count() & 1) << 7 for byte in text)


def check_even_parity(line: bytes) -> bytes:
    """Take the parity off each byte. Where it is wrong, the byte becomes NUL: no frame has one."""
    return bytes(0 if byte.bit_count() & 1 else byte & 0x7F for byte in line)
