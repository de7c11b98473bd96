"""The embedded API: the routes of the HTTP functions in one process, without a gateway.

The emulator's API gateway costs some 50 ms a call, so the embedded run serves the same routers with
uvicorn. What lies behind them, from the bucket's event to the tables, is the deployed stack.
"""

import asyncio
import logging
import os

import uvicorn
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from functions.admin.app import router as admin
from functions.admin.app import settings as admin_settings
from functions.result.app import router as result
from functions.upload.app import router as upload
from infra.bell import bell_from_environment
from infra.emulator import objects_folder
from infra.gate import Gate
from infra.readiness import Readiness
from infra.settings import load_settings
from infra.space import Space
from smartscale.adapters.packed import unpacked
from smartscale.contract.browsers import Doorkeeper, Hosts
from smartscale.domain.limits import MAX_IMAGE_BYTES
from smartscale.http.app import create_app
from smartscale.http.bell import hang_up
from smartscale.http.health import watch_disk
from smartscale.logs import function_logger

app: FastAPI = create_app("SmartScale", upload, result, admin, make=FastAPIOffline)

POLICIES = {
    "/": "default-src 'none'; frame-ancestors 'none'",
    # Swagger's page starts itself by a script of its own, and draws by styles.
    "/docs": (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "/redoc": (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; font-src 'self' data:; worker-src blob:; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
}
"""What pages of the API may load: its answers are no pages, but for the documentation."""


def log_as_json() -> None:
    """Write what uvicorn and other libraries log in the format of our own lines, as Lambda does."""
    ours = function_logger()
    ours.registered_handler.addFilter(_without_decoration)
    logging.getLogger().addHandler(ours.registered_handler)
    logging.getLogger(ours.service).propagate = False  # it has that handler already


def _without_decoration(record: logging.LogRecord) -> bool:
    """Drop what uvicorn and asyncio add for terminals and debuggers."""
    for name in ("color_message", "taskName"):
        record.__dict__.pop(name, None)
    return True


class ImpatientProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """Uvicorn's protocol, but a connection that begins a request has to come to its body in time.

    Uvicorn waits for ever for the rest of a header; `BodyLimit` is asked only once that is there.
    """

    headers_s = 20.0
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Go on waiting until the header is complete."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._patience is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self.headers_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def main() -> None:
    """Serve the API; the stack's names come from the environment."""
    log_as_json()
    settings = load_settings()
    objects = objects_folder(settings.home)
    os.environ.setdefault("MAX_IMAGE_BYTES", str(MAX_IMAGE_BYTES))
    space = Space(objects) if objects.is_dir() else None  # else the emulator runs elsewhere
    # Innermost: its early answers, too, are logged and reach who still sends.
    app.user_middleware.append(Middleware(Gate, ready=Readiness.from_environment(), space=space))
    if space is not None:
        watch_disk(app, space.left)
    told = bell_from_environment(unpacked)
    if told is not None:
        hang_up(app, told)
    admin_settings()  # refuses to start with an unsafe token
    hosts = Hosts(settings.host, settings.allowed_hosts.split())
    uvicorn.run(
        Doorkeeper(app, hosts, POLICIES),
        host=settings.host,
        port=settings.api_port,
        http=ImpatientProtocol,
        log_level=settings.log_level.lower(),
        log_config=None,
        access_log=False,
        # Wrong tokens are counted by address, so a header must not be able to change it.
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        # Longer than clients keep idle connections, so that none is closed while it is reused.
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
