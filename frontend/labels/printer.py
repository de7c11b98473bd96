"""The label printer: ESC/POS, which nearly every receipt and label printer speaks.

A label is printed as a picture, so that it looks the same in every language on every printer.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from escpos.constants import RT_STATUS_PAPER
from escpos.escpos import Escpos
from escpos.exceptions import Error as EscposError
from escpos.printer import Dummy, File, Network
from PIL import Image

from frontend.words.languages import N_

NO_PRINTER = ""
_PORT = 9100
_TIMEOUT_S = 5.0
_ANSWER_S = 1.0
"""How long a printer may take to say how its paper is. Many never answer, and print."""
_LAST_WORDS_S = 0.3
"""How long to read what the printer still sends before the connection is closed."""

AWAY = N_("The label printer does not answer. Please show this screen at the till.")
NO_PAPER = N_("The label printer has no paper. Please ask a member of staff.")

_log = logging.getLogger(__name__)


class NotPrinted(Exception):
    """Nothing was printed; the text is a message of the catalogue."""


class Printer:
    """One printer, used by one label at a time. Takes a while: call it off the event loop."""

    def __init__(self, connect: Callable[[], Escpos]) -> None:
        self._connect = connect
        self.trouble: str | None = None
        """Why the last label was not printed: a message of the catalogues."""
        self._turn = threading.Lock()

    def print(self, label: Image.Image) -> None:
        """Print a label and cut it off.

        Raises:
            NotPrinted: the printer has no paper or cannot be reached.
        """
        with self._turn:
            try:
                self._print_now(label)
            except NotPrinted as error:
                self.trouble = str(error)
                raise
            self.trouble = None

    def _print_now(self, label: Image.Image) -> None:
        try:
            printer = self._connect()
            try:
                self._print(printer, label)
            finally:
                printer.close()
        except (OSError, EscposError) as error:
            _log.warning("The label printer does not answer: %s", error)
            raise NotPrinted(AWAY) from error

    def _print(self, printer: Escpos, label: Image.Image) -> None:
        printer.open()
        # A device file cannot be asked for its paper.
        if isinstance(printer, _NetworkPrinter) and printer.paper_is_out():
            raise NotPrinted(NO_PAPER)
        printer.image(label.point(lambda grey: 255 if grey > 127 else 0), center=False)  # noqa: PLR2004
        printer.cut()


class _NetworkPrinter(Network):  # type: ignore[misc]  # escpos has no types
    """A printer behind a TCP port. It may send its status when asked, unasked, or never."""

    def paper_is_out(self) -> bool:
        """Whether the printer says that its roll has ended. A printer that says nothing prints.

        Other bytes may come unasked, such as automatic status. In the answer to `DLE EOT 4` the
        bits 0, 1, 4 and 7 are fixed, which no byte of automatic status has; bits 5 and 6 say that
        the paper has ended. Source: Epson's ESC/POS reference, `DLE EOT` and `GS a`.

        """
        self.device.sendall(RT_STATUS_PAPER)
        for heard in self._heard(_ANSWER_S):
            for status in heard:
                if status & 0b1001_0011 == 0b0001_0010:  # noqa: PLR2004
                    return status & 0b0110_0000 == 0b0110_0000  # noqa: PLR2004
        return False

    def close(self) -> None:
        """Close the connection once the printer has everything.

        A connection that is closed while status bytes wait in it is reset, which may cut off the
        label: so they are read first.
        """
        if self._device:
            try:
                self.device.shutdown(socket.SHUT_WR)
                for _ in self._heard(_LAST_WORDS_S):
                    pass
            except OSError as error:
                _log.info("The label printer closed the connection first: %s", error)
        super().close()

    def _heard(self, seconds: float) -> Iterator[bytes]:
        """What the printer sends within some seconds, until it closes the connection."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.device.settimeout(left)
            try:
                heard = self.device.recv(64)
            except TimeoutError:
                break
            if not heard:
                break
            yield heard
        self.device.settimeout(self.timeout)


def printer_of(url: str) -> Printer | None:
    """The printer of a setting; None where there is none.

    Raises:
        ValueError: the setting is not one; the message says what would be right.
    """
    if url == NO_PRINTER:
        return None
    parts = urlsplit(url)
    if url == "dummy:":
        dummy = Dummy()
        return Printer(lambda: dummy)
    if parts.scheme == "file" and not parts.netloc and parts.path not in {"", "/"}:
        return Printer(lambda: File(parts.path))
    if parts.scheme == "network" and parts.hostname:
        host, port = parts.hostname, parts.port or _PORT
        return Printer(lambda: _NetworkPrinter(host, port, timeout=_TIMEOUT_S))
    raise ValueError("use network://host, file:///dev/usb/lp0, dummy: or nothing for no printer")
