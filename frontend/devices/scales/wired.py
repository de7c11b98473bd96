"""A scale on a wire. It is asked again and again, and found again after its cable was pulled."""

import asyncio
import logging
import termios
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, repeat

import serial

from frontend.devices.scales.protocols.protocol import Pan, Protocol, Step
from frontend.devices.scales.protocols.toledo_8217 import check_even_parity, with_even_parity
from frontend.devices.scales.scale import FRESH_S, Condition, Reading, Readings

_UNAVAILABLE = Reading(Condition.UNAVAILABLE)
_MOST_BYTES = 2048
"""The longest answer to one question, in bytes: a line that sends more is no scale."""
_MOST_BACKLOG = 65_536
"""How many bytes that came unasked are dropped at once, in search of the newest."""
_CHUNK = 64

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Wire:
    """Where a scale is and how it talks. Times are seconds."""

    url: str
    """What `serial.serial_for_url` opens: a device, `socket://host:port`, `rfc2217://...`."""
    protocol: Protocol
    pan: Pan = field(default_factory=Pan)
    baudrate: int | None = None
    parity_in_software: bool = False
    """Whether the eighth bit of each byte is its parity, as behind a serial server set to 8N1."""
    poll_s: float = 0.1
    answer_s: float = 0.5
    silence_s: float = 1.5
    """After how many seconds without a reading a scale counts as unavailable."""
    retry_s: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0)


class WiredScale:
    """A scale on a serial line or socket. The first reader starts a thread that asks it."""

    def __init__(self, wire: Wire) -> None:
        self.capacity_kg: Decimal = wire.pan.capacity_kg
        self.division_kg: Decimal = wire.pan.division_kg
        self._wire = wire
        self._readings = Readings(_UNAVAILABLE, FRESH_S)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    async def readings(self) -> AsyncIterator[Reading]:
        """Give the current reading at once, then each change."""
        self._start()
        async for reading in self._readings.follow():
            yield reading

    async def close(self) -> None:
        """Close the line; every iterator of readings ends."""
        self._stop.set()
        self._readings.close()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    def _start(self) -> None:
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(
                target=self._run, args=(loop,), name="scale", daemon=True
            )
            self._thread.start()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        def publish(reading: Reading) -> None:
            if not self._stop.is_set():
                loop.call_soon_threadsafe(self._readings.publish, reading)

        pauses = self._pauses()
        reason = ""
        while not self._stop.is_set():
            try:
                with _open(self._wire) as port:
                    dialogue = _Dialogue(self._wire, port)
                    while not self._stop.is_set():
                        reading = dialogue.reading()
                        if reading is not None:
                            publish(reading)
                            pauses, reason = self._pauses(), _heard(self._wire, reason)
                        elif dialogue.silent:
                            raise TimeoutError("it says nothing that is a weight")
                        self._stop.wait(self._wire.poll_s)
            # The line is broken, or not there yet, or what is at its end refuses its settings.
            except (OSError, termios.error, ValueError, NotImplementedError) as error:
                publish(_UNAVAILABLE)
                reason = _lost(self._wire, str(error), reason)
                self._stop.wait(next(pauses))

    def _pauses(self) -> chain[float]:
        *first, last = self._wire.retry_s
        return chain(first, repeat(last))


class _Dialogue:
    """Questions and answers on one open line."""

    def __init__(self, wire: Wire, port: serial.Serial) -> None:
        self._wire = wire
        self._port = port
        self._waiting = b""
        self._heard_at = time.monotonic()

    @property
    def silent(self) -> bool:
        """Whether no reading has come for `silence_s` seconds."""
        return time.monotonic() - self._heard_at > self._wire.silence_s

    def reading(self) -> Reading | None:
        """Ask once; None when no reading came.

        Of a scale that sends without being asked, the newest frame counts.
        """
        *first, last = self._wire.protocol.steps
        for step in first:
            self._send(step)
            if next(self._answers(step), None) is None:
                return None
        self._send(last)
        for frame in self._answers(last):
            # A frame that is no reading, such as an echo of the question, is passed over.
            reading = self._wire.protocol.parse(frame, self._wire.pan)
            if reading is not None:
                self._heard_at = time.monotonic()
                return reading
        return None

    def _send(self, step: Step) -> None:
        """Send a question. What arrived before it is older than its answer, and is dropped."""
        self._receive_backlog()
        if not step.send:
            return
        self._waiting = b""
        sent = with_even_parity(step.send) if self._wire.parity_in_software else step.send
        self._port.write(sent)

    def _answers(self, step: Step) -> Iterator[bytes]:
        """Frames as they arrive, for the time that an answer may take."""
        until = time.monotonic() + self._wire.answer_s
        heard = 0
        while True:
            if frames := list(step.answer.finditer(self._waiting)):
                self._waiting = self._waiting[frames[-1].end() :]
                # Asked for, the first one is the answer; unasked, the last one is the newest.
                yield from (one[0] for one in (frames if step.send else reversed(frames)))
            if heard > _MOST_BYTES or time.monotonic() > until:
                self._waiting = self._waiting[-_CHUNK:]
                return
            chunk = self._port.read(max(1, min(self._port.in_waiting, _CHUNK)))
            heard += len(chunk)
            self._add(chunk)

    def _receive_backlog(self) -> None:
        """Take in what has arrived meanwhile, of which the end is the newest."""
        for _ in range(_MOST_BACKLOG):  # a limit, because a line may send without end
            if not self._port.in_waiting:
                return
            self._add(self._port.read(min(self._port.in_waiting, _MOST_BACKLOG)))

    def _add(self, chunk: bytes) -> None:
        heard = check_even_parity(chunk) if self._wire.parity_in_software else chunk
        self._waiting = (self._waiting + heard)[-_MOST_BYTES:]


def _open(wire: Wire) -> serial.Serial:
    line = wire.protocol.line
    port = serial.serial_for_url(
        wire.url,
        baudrate=wire.baudrate or line.baudrate,
        bytesize=line.bytesize,
        parity=line.parity,
        stopbits=line.stopbits,
        timeout=wire.answer_s / 4,
        # A serial server by RFC 2217 knows no limit for writing.
        write_timeout=None if wire.url.startswith("rfc2217://") else wire.answer_s,
    )
    if line.parity != serial.PARITY_NONE and "://" not in wire.url:
        # pyserial sets parity but leaves its check off: with it a damaged byte arrives as NUL.
        state = termios.tcgetattr(port.fileno())
        state[0] |= termios.INPCK
        termios.tcsetattr(port.fileno(), termios.TCSANOW, state)
    return port


def _lost(wire: Wire, reason: str, known: str) -> str:
    if reason != known:
        _log.warning("The scale at %s is away: %s", wire.url, reason)
    return reason


def _heard(wire: Wire, known: str) -> str:
    if known:
        _log.info("The scale at %s is back.", wire.url)
    return ""
