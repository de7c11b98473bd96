"""The embedded run's emulator brings its API the answer of a weighing as it is stored.

The API would have to ask for each row, which takes both of them longer than the answer itself. It
comes by a datagram to a socket in the home folder, which nobody but the operator can write to. One
that is lost loses nothing: the API looks for the row now and then as well.
"""

import asyncio
import base64
import logging
import os
import socket
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartscale.domain.weighing import Weighing
    from smartscale.http.bell import Pause

VARIABLE = "SMARTSCALE_BELL"
"""Names the socket to emulator and API; without it nobody tells."""
_LONGEST_PATH = 100
"""Bytes that every system takes as the path of a socket."""
_LARGEST = 65_536
_LOOK_ANYWAY_S = 1.0
_LONGEST_PAUSE_S = 4.0
_REMEMBERED = 1000
_log = logging.getLogger(__name__)


def bell_path(home: Path) -> Path | None:
    """Where the bell of a home folder is; None where its path is too long for a socket's."""
    path = home.absolute() / "run" / "bell"
    return path if len(os.fsencode(path)) <= _LONGEST_PATH else None


class Ringer:
    """The emulator's side."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def ring(self, job_id: str, document: str) -> None:
        """Tell the document of a weighing's row, in base64, to whoever listens."""
        # Nobody listens, or more wait to be heard than there is room for: the API looks anyway.
        with suppress(OSError):
            self._socket.sendto(f"{job_id} {document}".encode(), self._path)


class EmulatorsBell:
    """The API's side: wakes the requests that wait for a weighing, and has its answer for them.

    Args:
        path: of its socket.
        read: what makes a weighing of a row's document.
    """

    def __init__(self, path: Path, read: "Callable[[bytes], Weighing]") -> None:
        self._path = path
        self._read = read
        self._socket: socket.socket | None = None
        self._deaf = False
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._expected: OrderedDict[str, bytes | None] = OrderedDict()
        """The weighings whose answer has not been given to anybody, with what was told of it."""

    def expect(self, job_id: str) -> None:
        """Remember that a weighing has just been taken in."""
        self._note(job_id, self._expected.get(job_id))

    def expects(self, job_id: str) -> bool:
        """Whether a weighing was taken in lately, and nobody has been given its answer."""
        return job_id in self._expected and not self._deaf

    @contextmanager
    def listen(self, job_id: str) -> "Iterator[Pause]":
        """Pauses that end with the weighing's answer, or when it is time to look for it."""
        self._open()
        rung = asyncio.Event()
        if self._expected.get(job_id) is not None:
            rung.set()
        self._waiting[job_id].add(rung)
        look_after_s = _LOOK_ANYWAY_S

        async def pause(most_s: float) -> "Weighing | None":
            nonlocal look_after_s
            with suppress(TimeoutError):
                async with asyncio.timeout(min(look_after_s, most_s)):
                    await rung.wait()
            look_after_s = min(2 * look_after_s, _LONGEST_PAUSE_S)
            if not rung.is_set():
                return None
            rung.clear()
            # Given once: what is asked for later may have changed, and is read.
            told = self._expected.pop(job_id, None)
            return None if told is None else self._read(told)

        try:
            yield pause
        finally:
            self._waiting[job_id].discard(rung)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def _open(self) -> None:
        if self._socket is not None or self._deaf:
            return
        try:
            self._path.unlink(missing_ok=True)  # of a predecessor
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.bind(str(self._path))
            asyncio.get_running_loop().add_reader(self._socket, self._hear, self._socket)
        except OSError as error:
            self._deaf = True
            _log.warning("the emulator cannot tell of answers (%s): they are looked for", error)

    def _hear(self, rings: socket.socket) -> None:
        with suppress(BlockingIOError):
            while True:
                job_id, _, document = rings.recv(_LARGEST).partition(b" ")
                self._told(job_id.decode("ascii", "replace"), base64.b64decode(document))

    def _told(self, job_id: str, document: bytes) -> None:
        self._note(job_id, document)
        for rung in self._waiting.get(job_id, ()):
            rung.set()

    def _note(self, job_id: str, document: bytes | None) -> None:
        self._expected[job_id] = document
        self._expected.move_to_end(job_id)
        if len(self._expected) > _REMEMBERED:
            self._expected.popitem(last=False)


def ringer_from_environment() -> Ringer | None:
    """The emulator's side; None where nobody has named a socket."""
    path = os.environ.get(VARIABLE)
    return Ringer(Path(path)) if path else None


def bell_from_environment(read: "Callable[[bytes], Weighing]") -> EmulatorsBell | None:
    """The API's side; None where nobody has named a socket."""
    path = os.environ.get(VARIABLE)
    return EmulatorsBell(Path(path), read) if path else None
