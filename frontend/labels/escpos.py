"""What an ESC/POS printer is told, and how one behind a network port is asked for its paper.

`frontend.labels.printer` imports it when a label is printed: the library parses all known printers
first, which takes half a second and 20 MB.
"""

import logging
import socket
import time
from collections.abc import Iterator

from escpos.constants import RT_STATUS_PAPER
from escpos.escpos import Escpos
from escpos.exceptions import Error as EscposError
from escpos.printer import Dummy, File, Network
from PIL import Image

__all__ = ["Dummy", "Escpos", "EscposError", "File", "NetworkPrinter", "NoPaper", "print_on"]

_TIMEOUT_S = 5.0
_ANSWER_S = 1.0
"""How long a printer may take to say how its paper is. Many never answer, and print."""
_LAST_WORDS_S = 0.3
"""How long to read what the printer still sends before the connection is closed."""

_log = logging.getLogger(__name__)


class NoPaper(Exception):
    """The printer says that its roll has ended."""


def print_on(printer: Escpos, label: Image.Image) -> None:
    """Print a label and cut it off.

    Raises:
        NoPaper: it has none.
        OSError, EscposError: the printer cannot be reached.
    """
    try:
        printer.open()
        # A device file cannot be asked for its paper.
        if isinstance(printer, NetworkPrinter) and printer.paper_is_out():
            raise NoPaper  # noqa: TRY301
        printer.image(label.point(lambda grey: 255 if grey > 127 else 0), center=False)  # noqa: PLR2004
    except BaseException:
        printer.close()
        raise
    try:
        printer.cut()
        printer.close()
    except (OSError, EscposError) as error:
        # The label is out: what was printed is not to go out once more as the first.
        _log.warning("The label printer does not answer after a label: %s", error)


class NetworkPrinter(Network):  # type: ignore[misc]  # escpos has no types
    """A printer behind a TCP port. It may send its status when asked, unasked, or never."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, timeout=_TIMEOUT_S)

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
