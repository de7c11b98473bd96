"""What scales say means what it means, and bytes that are nobody's words mean nothing."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from frontend.devices.scales.protocols.cas import CAS, CAS_22, block_check
from frontend.devices.scales.protocols.mt_sics import MT_SICS
from frontend.devices.scales.protocols.protocol import KILOGRAMS, Pan, Protocol
from frontend.devices.scales.protocols.toledo_8217 import (
    TOLEDO_8217,
    check_even_parity,
    with_even_parity,
)
from frontend.devices.scales.scale import Condition, Reading
from frontend.devices.scales.setting import PROTOCOLS

PAN = Pan()
STABLE, MOVING = Condition.STABLE, Condition.MOVING
OVER, UNDER = Reading(Condition.OVERLOAD), Reading(Condition.UNDERLOAD)


def kg(weight: str, condition: Condition = STABLE) -> Reading:
    return Reading(condition, Decimal(weight))


def net(weight: str, condition: Condition = STABLE) -> Reading:
    """A weight from which the scale has subtracted a tare of its own."""
    return Reading(condition, Decimal(weight), net=True)


def cas(body: bytes) -> bytes:
    """A frame of the dialogue with its right check."""
    return b"\x01\x02" + body + bytes([block_check(body)]) + b"\x03\x04"


@pytest.mark.parametrize(
    ("protocol", "frame", "means"),
    [
        (MT_SICS, b"S S      0.500 kg\r\n", kg("0.500")),
        (MT_SICS, b"S D      500.0 g\r\n", kg("0.500", MOVING)),
        (MT_SICS, b"SI S       0.00 kg\r\n", kg("0.000")),
        (MT_SICS, b"S S     -0.000 kg\r\n", kg("0.000")),
        (MT_SICS, b"S S     -0.005 kg\r\n", UNDER),
        (MT_SICS, b"S S      1.000 lb\r\n", kg("0.454")),
        (MT_SICS, b"S +\r\n", OVER),
        (MT_SICS, b"S -\r\n", UNDER),
        (MT_SICS, b"S S     31.000 kg\r\n", OVER),
        (MT_SICS, b"S I\r\n", None),
        (MT_SICS, b"ES\r\n", None),
        (MT_SICS, b"S S      0.500 PCS\r\n", None),
        (MT_SICS, b"S S      0,500 kg\r\n", None),
        (MT_SICS, b"S S        1e3 kg\r\n", None),
        (MT_SICS, b"S S        NaN kg\r\n", None),
        (MT_SICS, "S S      \u0660.\u0665 kg\r\n".encode(), None),
        (TOLEDO_8217, b"\x0200.500\r", kg("0.500")),
        (TOLEDO_8217, b"\x0200.480N\r", net("0.480")),
        (TOLEDO_8217, b"\x0200012\r", None),
        (MT_SICS, b"S S         12 kg\r\n", None),
        (MT_SICS, b"S S        480 g\r\n", kg("0.480")),
        (CAS, cas(b"S 000012kg"), None),
        (CAS_22, b"ST,GS,1@,      12 kg\r\n", None),
        (CAS_22, b"ST,NT,1@,   0.480 kg\r\n", net("0.480")),
        (CAS_22, b"US,NT,1@,   0.480 kg\r\n", net("0.480", MOVING)),
        (CAS_22, b"ST,GS,\n@,   0.500 kg\r\n", kg("0.500")),
        (TOLEDO_8217, b"\x02?\x41\r", Reading(MOVING)),
        (TOLEDO_8217, b"\x02?\x43\r", OVER),
        (TOLEDO_8217, b"\x02?\x44\r", UNDER),
        (TOLEDO_8217, b"\x02?\x46\r", None),
        (TOLEDO_8217, b"\x02?\x50\r", None),
        (TOLEDO_8217, b"\x0200.5.0\r", None),
        (CAS, cas(b"S 00.500kg"), kg("0.500")),
        (CAS, cas(b"U  0.500kg"), kg("0.500", MOVING)),
        (CAS, cas(b"S-00.500kg"), UNDER),
        (CAS, cas(b"SF00.000kg"), OVER),
        (CAS, cas(b"S 01.000lb"), kg("0.454")),
        (CAS, b"\x01\x02S 00.500kg\x00\x03\x04", None),
        (CAS_22, b"ST,GS,1@,   0.500 kg\r\n", kg("0.500")),
        (CAS_22, b"US,GS,1@,   0.500 kg\r\n", kg("0.500", MOVING)),
        (CAS_22, b"OL,GS,1@,         kg\r\n", OVER),
        (CAS_22, b"ST,GS,1@,-  0.500 kg\r\n", UNDER),
        (CAS_22, b"ST,GS,1@,  -0.500 kg\r\n", UNDER),
        (CAS_22, b"ST,GS,1@,  0.500 kg\r\n", None),
    ],
)
def test_a_frame_means(protocol: Protocol, frame: bytes, means: Reading | None) -> None:
    assert protocol.parse(frame, PAN) == means


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS.keys())
@given(frame=st.binary(max_size=80))
@example(frame=b"S S 999999.999999 kg\r\n")
@example(frame=b"\x02999999\r")
def test_no_bytes_make_a_parser_raise_or_invent(protocol: Protocol, frame: bytes) -> None:
    reading = protocol.parse(frame, PAN)

    if reading is not None and reading.gross_kg is not None:
        assert 0 <= reading.gross_kg <= PAN.capacity_kg


GOOD = {
    MT_SICS.name: b"S S     12.345 kg\r\n",
    TOLEDO_8217.name: b"\x0212.345\r",
    CAS.name: cas(b"S 12.345kg"),
    CAS_22.name: b"ST,GS,1@,  12.345 kg\r\n",
}


@pytest.mark.parametrize("name", GOOD)
@given(data=st.data())
def test_a_frame_around_a_frame_is_none(name: str, data: st.DataObject) -> None:
    protocol, good = PROTOCOLS[name], GOOD[name]
    before, after = data.draw(st.binary(max_size=6)), data.draw(st.binary(max_size=6))
    if before.strip(b" ") or after.strip(b" "):
        assert protocol.parse(before + good + after, PAN) is None


@given(flips=st.integers(1, 0xFF), at=st.integers(0, 9))
def test_a_byte_that_was_damaged_is_found_by_the_check_of_cas(flips: int, at: int) -> None:
    frame = bytearray(GOOD["cas"])
    frame[2 + at] ^= flips
    assert CAS.parse(bytes(frame), PAN) is None


@given(bit=st.integers(0, 7), at=st.integers(0, 7))
def test_a_bit_that_was_damaged_is_found_by_toledo_s_parity(bit: int, at: int) -> None:
    line = bytearray(with_even_parity(GOOD["toledo-8217"]))
    assert check_even_parity(bytes(line)) == GOOD["toledo-8217"]
    line[at] ^= 1 << bit
    assert TOLEDO_8217.parse(check_even_parity(bytes(line)), PAN) is None


@given(grams=st.integers(0, 30_000))
def test_grams_are_exact_in_every_protocol(grams: int) -> None:
    weight = Decimal(grams).scaleb(-3)
    text = f"{weight:06.3f}".encode()
    expected = Reading(STABLE, weight)
    assert MT_SICS.parse(b"S S %10b kg\r\n" % text, PAN) == expected
    assert MT_SICS.parse(b"S S %10d g\r\n" % grams, PAN) == expected
    assert TOLEDO_8217.parse(b"\x02%b\r" % text, PAN) == expected
    assert CAS.parse(cas(b"S %bkg" % text), PAN) == expected
    assert CAS_22.parse(b"ST,GS,1@,%8b kg\r\n" % text, PAN) == expected


@pytest.mark.parametrize("unit", KILOGRAMS)
@given(figure=st.decimals(0, 60, places=3))
def test_units_are_converted_exactly_and_rounded_once_to_the_gram(
    unit: str, figure: Decimal
) -> None:
    reading = TOLEDO_8217.parse(b"\x02%b\r" % str(figure).encode(), Pan(unit=unit))
    exact = figure * KILOGRAMS[unit]
    if exact > 30:
        assert reading == OVER
    else:
        assert reading is not None
        assert reading.gross_kg is not None
        assert abs(reading.gross_kg - exact) <= Decimal("0.0005")
