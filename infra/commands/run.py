"""`smartscale run`: everything on this machine."""

import os
import signal
import threading
from types import FrameType
from typing import Annotated

import typer

from infra.console import log_to_console, run_log
from infra.errors import PlainError
from infra.private import OTHERS, make_private
from infra.settings import load_settings
from infra.supervisor import Supervisor
from smartscale.ram import keep_nothing_large
from smartscale.settings import DEFAULT_ADMIN_TOKEN

app = typer.Typer()


@app.command()
def run(
    https: Annotated[
        bool, typer.Option(help="Serve the kiosk by https, with a certificate of its own.")
    ] = False,
) -> None:
    """Run everything here: emulated cloud, API and kiosk, until Ctrl-C."""
    settings = load_settings()
    if https:
        settings = settings.model_copy(update={"https": True})
    if settings.uses_default_token and settings.reaches_others:
        raise PlainError(
            f"SMARTSCALE_HOST {settings.host} lets others reach the API, and everybody knows its "
            f"ADMIN_TOKEN {DEFAULT_ADMIN_TOKEN!r}: set ADMIN_TOKEN to one of your own",
            2,
        )
    if settings.uses_default_token and settings.shows_others:
        raise PlainError(
            f"SMARTSCALE_UI_HOST {settings.ui_host} lets others reach the kiosk, and everybody "
            "knows the demo's PINs: set ADMIN_TOKEN to one of your own, which ends the demo",
            2,
        )
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, ask_to_stop)
    os.umask(OTHERS)
    try:
        make_private(settings.home)
        log = run_log(settings.home)
    except OSError as error:
        raise PlainError(
            f"{settings.home} cannot be written ({error.strerror}); "
            "choose another folder by SMARTSCALE_HOME"
        ) from error
    log_to_console()

    def report(text: str) -> None:
        typer.echo(text)
        for line in text.splitlines():
            log.info("%s", line)

    if settings.uses_default_token:
        report(
            f"ADMIN_TOKEN is {DEFAULT_ADMIN_TOKEN!r}; set your own before others reach this API."
        )
    keep_nothing_large()  # such as a stack's saved state, which is read once
    Supervisor(settings, stop, report).run()
