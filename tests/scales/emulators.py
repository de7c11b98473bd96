"""Scales on the other end of a socket or of a pseudo-terminal, one for each protocol."""

import asyncio
import os
import threading
import tty
from collections.abc import Callable
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Self

Answer = Callable[[bytes], bytes]
"""What a scale sends back for what it has received."""


class Toledo:
    """Mettler Toledo 8217: answers W."""

    def __init__(self, weight: str = "00.500") -> None:
        self.says = weight.encode()

    def moves(self) -> None:
        self.says = b"?\x41"

    def __call__(self, heard: bytes) -> bytes:
        return b"\x02" + self.says + b"\r" if b"W" in heard else b""


class Cas:
    """A CAS scale in its ECR dialogue."""

    def __init__(self, body: str = "S 00.500kg") -> None:
        self.body = body.encode()
        self.damaged = False

    def __call__(self, heard: bytes) -> bytes:
        if b"\x05" in heard:
            return b"\x06"
        if b"\x11" not in heard:
            return b""
        check = reduce(xor, self.body, 0) ^ (0x10 if self.damaged else 0)
        return b"\x01\x02" + self.body + bytes([check]) + b"\x03\x04"


class OnSocket:
    """A scale behind a serial server, whose connection can be cut and mended."""

    def __init__(self, answer: Answer, port: int = 0) -> None:
        self.answer = answer
        self.port = port
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0)

    async def talk(self, words: bytes) -> None:
        """Say something again and again, asked or not."""
        while True:
            for writer in self._writers:
                writer.write(words)
            await asyncio.sleep(0.02)

    async def say_once(self, words: bytes) -> None:
        """Say something once, as soon as somebody listens."""
        while not self._writers:
            await asyncio.sleep(0.005)
        for writer in self._writers:
            writer.write(words)
            await writer.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while heard := await reader.read(64):
                writer.write(self.answer(heard))
        except OSError:
            return  # the other end has gone
        finally:
            self._writers.discard(writer)
            writer.close()


class OnTerminal:
    """A scale on a serial device; leaving the context pulls its plug."""

    def __init__(self, answer: Answer, device: Path) -> None:
        self._answer = answer
        self._device = device

    def __enter__(self) -> Self:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._device.symlink_to(os.ttyname(self._slave))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._device.unlink()
        self._unplugged = True
        os.write(self._slave, b"\x00")  # wakes the thread on the other side
        self._thread.join()
        os.close(self._slave)
        os.close(self._master)

    _unplugged = False

    def _serve(self) -> None:
        while not self._unplugged:
            heard = os.read(self._master, 64)
            os.write(self._master, self._answer(heard))
