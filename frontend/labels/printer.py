"""The label printer: ESC/POS, which nearly every receipt and label printer speaks.

A label is printed as a picture, so that it looks the same in every language on every printer.
"""

import logging
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from escpos.escpos import Escpos
from escpos.exceptions import Error as EscposError
from escpos.printer import Dummy, File, Network
from PIL import Image

from frontend.words.languages import N_

NO_PRINTER = ""
_PORT = 9100
_TIMEOUT_S = 5.0
_NO_PAPER = 0
"""What `paper_status` answers for an empty roll."""

AWAY = N_("The label printer does not answer. Please show this screen at the till.")
NO_PAPER = N_("The label printer has no paper. Please ask a member of staff.")

_log = logging.getLogger(__name__)


class NotPrinted(Exception):
    """Nothing was printed; the text is a message of the catalogue."""


class Printer:
    """One printer, used by one label at a time. Takes a while: call it off the event loop."""

    def __init__(self, connect: Callable[[], Escpos], *, answers: bool) -> None:
        self._connect = connect
        self._answers = answers
        """Whether it can be asked for its paper: a device file cannot."""
        self._turn = threading.Lock()

    def print(self, label: Image.Image) -> None:
        """Print a label and cut it off.

        Raises:
            NotPrinted: it has no paper, or is away.
        """
        with self._turn:
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
        if self._answers and printer.paper_status() == _NO_PAPER:
            raise NotPrinted(NO_PAPER)
        printer.image(label.point(lambda grey: 255 if grey > 127 else 0), center=False)  # noqa: PLR2004
        printer.cut()


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
        return Printer(lambda: dummy, answers=False)
    if parts.scheme == "file" and not parts.netloc and parts.path not in {"", "/"}:
        return Printer(lambda: File(parts.path), answers=False)
    if parts.scheme == "network" and parts.hostname:
        host, port = parts.hostname, parts.port or _PORT
        return Printer(lambda: Network(host, port, timeout=_TIMEOUT_S), answers=True)
    raise ValueError("use network://host, file:///dev/usb/lp0, dummy: or nothing for no printer")
