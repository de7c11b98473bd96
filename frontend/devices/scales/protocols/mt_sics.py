"""MT-SICS, Mettler Toledo's standard interface command set (also Ohaus and Sartorius).

`SI` asks for the weight as it is. Answers: `S S     0.500 kg` stable, `S D ...` dynamic,
`S +` overload, `S -` underload, `S I` not just now. Some devices answer `SI S ...`.

Source: MT-SICS Reference Manual, Mettler-Toledo 11781363, commands of level 0 (`S`, `SI`).
"""

import re

from frontend.devices.scales.protocols.protocol import FIGURE, Line, Pan, Protocol, Step
from frontend.devices.scales.scale import Condition, Reading

_WEIGHT = re.compile(rb"SI? ([SD]) +([+-]?) *(" + FIGURE + rb") +([A-Za-z]{1,2}) *\r?\n")
_BEYOND = {b"+": Condition.OVERLOAD, b"-": Condition.UNDERLOAD}
_LIMIT = re.compile(rb"SI? ([+-]) *\r?\n")


def parse(frame: bytes, pan: Pan) -> Reading | None:
    """What a line means; None for one that is no reading."""
    if limit := _LIMIT.fullmatch(frame):
        return Reading(_BEYOND[limit[1]])
    weight = _WEIGHT.fullmatch(frame)
    if weight is None:
        return None
    settled, sign, figure, unit = (part.decode("ascii") for part in weight.groups())
    return pan.reading(sign + figure, unit, stable=settled == "S")


MT_SICS = Protocol(
    name="mt-sics",
    steps=(Step(b"SI\r\n", re.compile(rb"[^\r\n]{1,64}\r?\n")),),
    parse=parse,
    line=Line(9600, 8, "N", 1),
)
