"""`python -m frontend`: serves the kiosk."""

import signal
import sys
from typing import Any

from nicegui import app, background_tasks, ui
from pydantic import ValidationError

from frontend.app import POLICY, create_kiosk, serve
from frontend.logs import log_as_json
from frontend.secure import Served
from frontend.settings import Settings, what_is_wrong
from smartscale.contract.browsers import Doorkeeper, Hosts

RECONNECT_S = 30.0
"""How long the kiosk keeps a page's state after the page lost its connection."""


def main() -> None:
    """Serve until stopped."""
    try:
        settings = Settings()
    except ValidationError as error:
        sys.stderr.write(f"{what_is_wrong(error)}\n")
        sys.exit(2)
    log_as_json(sys.stdout)
    try:
        kiosk = create_kiosk(settings)
    except OSError as error:
        sys.stderr.write(f"SMARTSCALE_HOME: the kiosk cannot keep anything there: {error}\n")
        sys.exit(2)
    serve(kiosk)
    hosts = Hosts(settings.host, settings.allowed_hosts.split())
    app.add_middleware(Doorkeeper, hosts=hosts, policies={"/": POLICY}, as_problem=False)
    app.on_startup(kiosk.api.start)
    app.on_startup(kiosk.labels.prepare)
    app.on_shutdown(kiosk.api.close)
    app.on_shutdown(kiosk.labels.issued.close)
    app.on_shutdown(kiosk.favourites.close)
    if kiosk.station is not None:
        app.on_shutdown(kiosk.station.close)
    if kiosk.scale is not None:
        app.on_shutdown(kiosk.scale.close)
    if kiosk.camera is not None:
        app.on_shutdown(kiosk.camera.close)
    secure: dict[str, Any] = {}
    if settings.certificate is not None:
        served = Served(settings.certificate, settings.certificate_key)
        app.on_startup(lambda: background_tasks.create(served.follow(), name="certificate"))
        secure["ssl_context_factory"] = served.context
    ui.run(
        host=settings.host,
        port=settings.port,
        title="SmartScale",
        reload=False,
        show=False,
        show_welcome_message=False,
        tailwind=False,
        language="en-US",
        # A network that falters for a moment must not cost a shopper the weighing.
        reconnect_timeout=RECONNECT_S,
        log_config=None,
        # Wrong PINs are counted per client address, so a forwarded header must not change it.
        proxy_headers=False,
        **secure,
    )


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:  # the server has stopped in order, and passes on why
        sys.exit(128 + signal.SIGINT)
