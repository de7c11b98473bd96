"""The certificate that the kiosk is served with, taken anew from its file when that was renewed."""

import asyncio
import logging
import ssl
from pathlib import Path

_LOOK_EVERY_S = 600.0

log = logging.getLogger(__name__)


class Served:
    """A certificate in use.

    Args:
        file: the certificate, PEM; where there is no `key`, its key is there, too.
        key: the key's own file.

    Raises:
        ValueError: they are no certificate and its key.
    """

    def __init__(self, file: Path, key: Path | None = None) -> None:
        self._file = file
        self._key = key
        self._seen = self._changed()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            self._load()
        except OSError as error:  # which SSLError is
            raise ValueError(f"{file} is no certificate with its key: {_reason(error)}") from error

    def context(self, *_: object) -> ssl.SSLContext:
        """What connections are made with, as uvicorn asks for it."""
        return self._context

    async def follow(self) -> None:
        """Serve what is in the file from now on, whenever that changes, without a restart."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            self.renew()

    def renew(self) -> bool:
        """Take what is in the file if that has changed; tells whether it did."""
        seen = self._changed()
        if seen == self._seen:
            return False
        try:
            self._load()
        except OSError as error:
            # Half of it may be written; the one in use holds on, and this one is tried again.
            log.warning("The new certificate cannot be used: %s", _reason(error))
            return False
        self._seen = seen
        log.info("The kiosk is served with the renewed certificate")
        return True

    def _load(self) -> None:
        self._context.load_cert_chain(self._file, self._key)

    def _changed(self) -> list[int]:
        files = [self._file] if self._key is None else [self._file, self._key]
        return [file.stat().st_mtime_ns if file.is_file() else 0 for file in files]


def _reason(error: OSError) -> str:
    return getattr(error, "reason", None) or error.strerror or str(error)
