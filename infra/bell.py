"""The embedded run's emulator tells its API that a weighing's answer is stored.

A datagram on this machine's loopback names the weighing. It is a hint and no more: the API reads
the row itself, and looks now and then also where no datagram comes.
"""

import asyncio
import logging
import os
import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartscale.http.bell import Pause

VARIABLE = "SMARTSCALE_BELL_PORT"
_HOST = "127.0.0.1"
_LOOK_ANYWAY_S = 0.25
_log = logging.getLogger(__name__)


def new_port() -> int:
    """A port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((_HOST, 0))
        port: int = one.getsockname()[1]
        return port


class Ringer:
    """The emulator's side."""

    def __init__(self, port: int) -> None:
        self._address = _HOST, port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def ring(self, job_id: str) -> None:
        """Tell that a weighing's row has changed, to whoever listens."""
        with suppress(OSError):  # nobody listens, or a full buffer: the API looks anyway
            self._socket.sendto(job_id.encode(), self._address)


class EmulatorsBell(asyncio.DatagramProtocol):
    """The API's side: wakes the requests that wait for a weighing."""

    tells = True

    def __init__(self, port: int) -> None:
        self._port = port
        self._opened: asyncio.Task[None] | None = None
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @contextmanager
    def listen(self, job_id: str) -> "Iterator[Pause]":
        """Pauses that end when the weighing's row changes."""
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_task(self._open())
        rung = asyncio.Event()
        self._waiting[job_id].add(rung)

        async def pause(most_s: float) -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), min(_LOOK_ANYWAY_S, most_s))
            rung.clear()

        try:
            yield pause
        finally:
            self._waiting[job_id].discard(rung)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    async def _open(self) -> None:
        try:
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, local_addr=(_HOST, self._port)
            )
        except OSError as error:
            _log.warning("the emulator cannot tell of answers (%s): they are looked for", error)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Wake who waits for this weighing."""
        del addr
        for rung in self._waiting.get(data.decode("ascii", "replace"), ()):
            rung.set()


def ringer_from_environment() -> Ringer | None:
    """The emulator's side; None where nobody has named a port."""
    port = os.environ.get(VARIABLE)
    return Ringer(int(port)) if port else None


def bell_from_environment() -> EmulatorsBell | None:
    """The API's side; None where nobody has named a port."""
    port = os.environ.get(VARIABLE)
    return EmulatorsBell(int(port)) if port else None
