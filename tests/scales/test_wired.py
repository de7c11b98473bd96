"""A scale on a wire is read as it is, and comes back by itself."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from mtsics.core.state import ScaleConfig, ScaleState
from mtsics.protocol.engine import MTSICSEngine
from mtsics.transport.tcp import TCPConfig, TCPTransport

from frontend.devices.scales.protocols.cas import CAS, CAS_22
from frontend.devices.scales.protocols.mt_sics import MT_SICS
from frontend.devices.scales.protocols.protocol import Protocol
from frontend.devices.scales.protocols.toledo_8217 import (
    TOLEDO_8217,
    check_even_parity,
    with_even_parity,
)
from frontend.devices.scales.scale import FRESH_S, Condition, Reading, Readings
from frontend.devices.scales.setting import open_scale, read_wire
from frontend.devices.scales.wired import Wire, WiredScale
from tests.scales.emulators import Cas, OnSocket, OnTerminal, Toledo

pytestmark = pytest.mark.asyncio

AWAY = Reading(Condition.UNAVAILABLE)
POLL_S = 0.005


def kg(weight: str) -> Reading:
    return Reading(Condition.STABLE, Decimal(weight))


@asynccontextmanager
async def reading(
    url: str, protocol: Protocol, *, parity: bool = False, silence_s: float = 5
) -> AsyncIterator[AsyncIterator[Reading]]:
    """The readings of a scale, which is let go of in the end."""
    wire = Wire(
        url,
        protocol,
        parity_in_software=parity,
        poll_s=POLL_S,
        answer_s=0.1,
        silence_s=silence_s,
        retry_s=(0.01, 0.02),
    )
    scale = WiredScale(wire)
    try:
        yield scale.readings()
    finally:
        await scale.close()


async def until(readings: AsyncIterator[Reading], wanted: Reading) -> None:
    """Read on until the scale says what is wanted."""
    async with asyncio.timeout(10):
        async for one in readings:
            if one == wanted:
                return
    pytest.fail(f"the scale never said {wanted}")


async def test_mt_sics_is_read_from_somebody_else_s_scale() -> None:
    state = ScaleState(config=ScaleConfig(capacity=15, graduation=0.005, unit="kg"))
    emulator = TCPTransport(MTSICSEngine(state), cfg=TCPConfig(host="127.0.0.1", port=0))
    host, port = await emulator.start()
    async with reading(f"socket://{host}:{port}", MT_SICS) as readings:
        await until(readings, kg("0.000"))
        state.set_weight(1.235, stable=False)
        await until(readings, Reading(Condition.MOVING, Decimal("1.235")))
        state.set_weight(1.235)
        await until(readings, kg("1.235"))
        state.set_weight(16)
        await until(readings, Reading(Condition.OVERLOAD))
        state.set_weight(-1)
        await until(readings, Reading(Condition.UNDERLOAD))
    await emulator.close()


async def test_a_toledo_on_a_serial_device_comes_back_after_its_plug_was_pulled(
    tmp_path: Path,
) -> None:
    device, toledo = tmp_path / "ttyUSB0", Toledo("00.500")
    async with reading(str(device), TOLEDO_8217) as readings:
        assert await anext(readings) == AWAY
        with OnTerminal(toledo, device):
            await until(readings, kg("0.500"))
            toledo.moves()
            await until(readings, Reading(Condition.MOVING))
        await until(readings, AWAY)
        with OnTerminal(Toledo("01.250"), device):
            await until(readings, kg("1.250"))


async def test_a_cas_behind_a_socket_comes_back_after_the_line_was_cut() -> None:
    async with OnSocket(Cas("S 00.500kg")) as line, reading(line.url, CAS) as readings:
        await until(readings, kg("0.500"))
        await line.__aexit__()
        await until(readings, AWAY)
        async with OnSocket(Cas("U 00.750kg"), line.port):
            await until(readings, Reading(Condition.MOVING, Decimal("0.750")))


async def test_a_cas_whose_checks_are_wrong_has_no_weight() -> None:
    cas = Cas()
    async with OnSocket(cas) as line, reading(line.url, CAS, silence_s=0.1) as readings:
        await until(readings, kg("0.500"))
        cas.damaged = True
        await until(readings, AWAY)


async def test_lines_that_come_by_themselves_are_read() -> None:
    async with OnSocket(lambda _: b"") as line, reading(line.url, CAS_22) as readings:
        talking = asyncio.create_task(line.talk(b"0 kg\r\nST,GS,1@,   0.500 kg\r\n"))
        await until(readings, kg("0.500"))
        talking.cancel()


@pytest.mark.parametrize("device_id", [b"\n", b"\r", b",", b"\x00", b"S"])
async def test_lines_are_read_whatever_byte_the_device_id_is(device_id: bytes) -> None:
    async with OnSocket(lambda _: b"") as line, reading(line.url, CAS_22) as readings:
        frame = b"ST,GS," + device_id + b"@,   0.500 kg\r\n"
        talking = asyncio.create_task(line.talk(frame))
        await until(readings, kg("0.500"))
        talking.cancel()


async def test_of_a_backlog_only_the_newest_line_counts() -> None:
    """A scale sends 15 lines a second, whether anybody reads them or not."""
    lines = b"".join(b"ST,GS,1@,%8.3f kg\r\n" % (n / 1000) for n in range(1, 401))
    async with OnSocket(lambda _: b"") as line, reading(line.url, CAS_22) as readings:
        assert await anext(readings) == AWAY
        talking = asyncio.create_task(line.say_once(lines))
        seen = []
        async with asyncio.timeout(10):
            async for one in readings:
                seen.append(one.gross_kg)
                if one.gross_kg == Decimal("0.400"):
                    break
        await talking
    assert len(seen) < 40, "of 400 lines most were never shown"


async def test_a_weight_that_is_not_sent_again_can_no_longer_be_charged() -> None:
    async with OnSocket(lambda _: b"") as line, reading(line.url, CAS_22) as readings:
        talking = asyncio.create_task(line.say_once(b"ST,GS,1@,   0.500 kg\r\n"))
        await until(readings, kg("0.500"))
        await talking
        await until(readings, Reading(Condition.MOVING, Decimal("0.500")))


async def test_who_reads_late_sees_no_old_weight_as_settled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("frontend.devices.scales.scale.time.monotonic", lambda: now)
    readings = Readings(AWAY)
    late = readings.follow()
    assert await anext(late) == AWAY
    readings.publish(kg("0.500"))
    readings.publish(kg("0.000"))
    now += FRESH_S + 0.1
    assert await anext(late) == Reading(Condition.MOVING, Decimal("0.500"))
    assert await anext(late) == kg("0.000")


async def test_an_echoed_question_does_not_hide_the_answer() -> None:
    def echoes(heard: bytes) -> bytes:
        return heard + b"S S      0.500 kg\r\n" if b"SI" in heard else b""

    async with OnSocket(echoes) as line, reading(line.url, MT_SICS) as readings:
        await until(readings, kg("0.500"))


async def test_parity_in_the_eighth_bit_is_sent_and_checked() -> None:
    def server(heard: bytes) -> bytes:
        return with_even_parity(Toledo("00.500")(check_even_parity(heard)))

    async with (
        OnSocket(server) as line,
        reading(line.url, TOLEDO_8217, parity=True) as readings,
    ):
        await until(readings, kg("0.500"))


@pytest.mark.parametrize("protocol", [MT_SICS, TOLEDO_8217, CAS, CAS_22], ids=lambda p: p.name)
async def test_a_line_that_talks_nonsense_without_end_is_away_and_costs_little(
    protocol: Protocol,
) -> None:
    noise = itertools.cycle([b"\x02\x01SSUS,GS,,,\r", b"\xff\x00\x06" * 20, b"S S 0.5 kgs\n\r"])
    asked = 0

    def nonsense(_: bytes) -> bytes:
        nonlocal asked
        asked += 1
        return next(noise) * 30

    async with (
        OnSocket(nonsense) as line,
        reading(line.url, protocol, silence_s=0.1) as readings,
    ):
        assert await anext(readings) == AWAY
        more = asyncio.ensure_future(anext(readings))
        began = time.monotonic()
        async with asyncio.timeout(10):
            while line.connections < 2:
                await asyncio.sleep(0.005)
        assert not more.done(), "nothing of it is a weight, and away stays away"
        more.cancel()
        polls = (time.monotonic() - began) / POLL_S
        assert asked <= 2 * polls + 5, "it asks at its pace, however much is said"


async def test_a_silent_scale_is_away() -> None:
    says = Toledo()
    async with OnSocket(says) as line, reading(line.url, TOLEDO_8217, silence_s=0.1) as readings:
        await until(readings, kg("0.500"))
        line.answer = lambda _: b""
        await until(readings, AWAY)
        line.answer = says
        await until(readings, kg("0.500"))


async def test_a_serial_server_that_closes_the_line_is_away_and_asked_again() -> None:
    tries = asyncio.Semaphore(0)

    def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tries.release()
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, reading(f"rfc2217://127.0.0.1:{port}", CAS_22) as readings:
        await until(readings, AWAY)
        async with asyncio.timeout(20):
            await tries.acquire()
            await tries.acquire()


async def test_the_setting_names_scale_and_protocol() -> None:
    assert open_scale("simulated://") is None
    wire = read_wire("serial:///dev/ttyUSB0?protocol=toledo-8217&unit=lb&capacity=15&baudrate=4800")
    assert wire is not None
    assert (wire.url, wire.protocol, wire.baudrate) == ("/dev/ttyUSB0", TOLEDO_8217, 4800)
    assert (wire.pan.unit, wire.pan.capacity_kg) == ("lb", Decimal(15))
    net = read_wire("socket://scale.shop:4001?protocol=cas&parity=eighth-bit")
    assert net is not None
    assert (net.url, net.protocol, net.parity_in_software) == (
        "socket://scale.shop:4001",
        CAS,
        True,
    )


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("serial:///dev/ttyUSB0", "protocol="),
        ("serial://?protocol=cas", "serial:///dev/ttyUSB0"),
        ("file:///dev/ttyUSB0?protocol=cas", "socket://host:port"),
        ("socket://host:1?protocol=modbus", "mt-sics"),
        ("socket://host:1?protocol=cas&unit=stone", "lb"),
        ("socket://host:1?protocol=cas&capacity=31", "capacity"),
        ("socket://host:1?protocol=cas&division=NaN", "division"),
        ("socket://host:1?protocol=cas&baudrate=fast", "9600"),
        ("socket://host:1?protocol=cas&speed=1", "baudrate"),
        ("socket://host?protocol=cas", "socket://host:port"),
        ("rfc2217://host:99999?protocol=cas", "socket://host:port"),
        ("socket://:4001?protocol=cas", "socket://host:port"),
    ],
)
async def test_a_setting_that_is_none_is_told_what_would_be_right(url: str, right: str) -> None:
    with pytest.raises(ValueError, match=right):
        read_wire(url)
