"""The label printer: ESC/POS, which nearly every receipt and label printer speaks.

A label is printed as a picture, so that it looks the same in every language on every printer.
"""

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from PIL import Image

from frontend.words.languages import N_

if TYPE_CHECKING:
    from frontend.labels.escpos import Escpos

NO_PRINTER = ""
_PORT = 9100

AWAY = N_("The label printer does not answer. Please show this screen at the till.")
NO_PAPER = N_("The label printer has no paper. Please ask a member of staff.")

_log = logging.getLogger(__name__)


class NotPrinted(Exception):
    """Nothing was printed; the text is a message of the catalogue."""


class Printer:
    """One printer, used by one label at a time. Takes a while: call it off the event loop."""

    def __init__(self, connect: Callable[[], "Escpos"]) -> None:
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
        from frontend.labels.escpos import EscposError, NoPaper, print_on  # noqa: PLC0415

        try:
            print_on(self._connect(), label)
        except NoPaper as error:
            raise NotPrinted(NO_PAPER) from error
        except (OSError, EscposError) as error:
            _log.warning("The label printer does not answer: %s", error)
            raise NotPrinted(AWAY) from error


def printer_of(url: str) -> Printer | None:
    """The printer of a setting; None where there is none.

    Raises:
        ValueError: the setting is not one; the message says what would be right.
    """
    if url == NO_PRINTER:
        return None
    parts = urlsplit(url)
    if url == "dummy:":
        return Printer(_dummy)
    if parts.scheme == "file" and not parts.netloc and parts.path not in {"", "/"}:
        return Printer(partial(_file, parts.path))
    if parts.scheme == "network" and parts.hostname:
        return Printer(partial(_network, parts.hostname, parts.port or _PORT))
    raise ValueError("use network://host, file:///dev/usb/lp0, dummy: or nothing for no printer")


# Each imports the library when the first label is printed: see frontend.labels.escpos.


def _dummy() -> "Escpos":
    from frontend.labels.escpos import Dummy  # noqa: PLC0415

    return Dummy()


def _file(path: str) -> "Escpos":
    from frontend.labels.escpos import File  # noqa: PLC0415

    return File(path)


def _network(host: str, port: int) -> "Escpos":
    from frontend.labels.escpos import NetworkPrinter  # noqa: PLC0415

    return NetworkPrinter(host, port)
