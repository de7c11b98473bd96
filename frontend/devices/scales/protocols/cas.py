r"""CAS: the dialogue of its checkout scales (ECR; AP, PD, SW series), and its 22-byte line.

In the dialogue the till sends ENQ, the scale ACK, the till DC1, and the scale
`SOH STX S|U sign 99.999 kg BCC ETX EOT`: S is stable, U is not; the sign is a space, `-`, or `F`
for an overflow; BCC is the exclusive or of all between STX and BCC.

The 22-byte line comes by itself: `ST,GS,<device><lamp>,  0.500 kg CR LF` with ST for stable, US
for unstable, OL for overload, and NT in place of GS for a net weight. It has no checksum.

Sources: SW-II manual p. 15, https://www.easymanua.ls/cas/sw-ii-series/manual?p=15; Ohaus Aviator
7000 service manual, 6.1.1 (BCC, overflow), https://manualshive.com/ru/manual/ohaus/aviator-7000-series/4154010?page=36;
NT-200 manual p. 49, https://www.easymanua.ls/cas/weighing-solution-nt-200-series/manual?p=48
"""

import re
from functools import reduce
from operator import xor

from frontend.devices.scales.protocols.protocol import FIGURE, Line, Pan, Protocol, Step
from frontend.devices.scales.scale import Condition, Reading

_ENQ, _ACK, _DC1 = b"\x05", b"\x06", b"\x11"
_FRAME = re.compile(rb"\x01\x02(.{10})(.)\x03\x04", re.DOTALL)
_BODY = re.compile(rb"([SU])([ -]) *(" + FIGURE + rb")(kg|KG| ?g|lb|LB|oz)", re.DOTALL)
_OVERFLOW = re.compile(rb"[SU]F.{8}", re.DOTALL)
_LINE = re.compile(
    rb"(ST|US|OL),(GS|NT),..,(?=.{8} ) *([+-]?) *(" + FIGURE + rb")? *(kg| g|lb|oz)\r\n",
    re.DOTALL,
)


def block_check(body: bytes) -> int:
    """The exclusive or of all bytes."""
    return reduce(xor, body, 0)


def parse(frame: bytes, pan: Pan) -> Reading | None:
    """What a frame of the dialogue means; None for one that is no reading, or was damaged."""
    found = _FRAME.fullmatch(frame)
    if found is None or block_check(found[1]) != found[2][0]:
        return None
    if _OVERFLOW.fullmatch(found[1]):
        return Reading(Condition.OVERLOAD)
    body = _BODY.fullmatch(found[1])
    if body is None:
        return None
    settled, sign, figure, unit = (part.decode("ascii").strip() for part in body.groups())
    return pan.reading(sign + figure, unit, stable=settled == "S")


def parse_line(frame: bytes, pan: Pan) -> Reading | None:
    """What a 22-byte line means; None for one that is no reading."""
    found = _LINE.fullmatch(frame)
    if found is None or len(frame) != _LINE_BYTES:
        return None
    state, kind, sign, figure, unit = (
        "" if part is None else part.decode("ascii").strip() for part in found.groups()
    )
    if state == "OL":
        return Reading(Condition.OVERLOAD)
    if not figure:
        return None
    return pan.reading(sign + figure, unit, stable=state == "ST", net=kind == "NT")


_LINE_BYTES = 22

CAS = Protocol(
    name="cas",
    steps=(
        Step(_ENQ, re.compile(_ACK)),
        Step(_DC1, re.compile(rb"\x01\x02.{11}\x03\x04", re.DOTALL)),
    ),
    parse=parse,
    line=Line(9600, 8, "N", 1),
)
CAS_22 = Protocol(
    name="cas-22",
    # By its form, not by its line ends: the device id may be any byte, a line feed too.
    steps=(Step(b"", re.compile(rb"(?:ST|US|OL),(?:GS|NT),.{14}\r\n", re.DOTALL)),),
    parse=parse_line,
    line=Line(9600, 8, "N", 1),
)
