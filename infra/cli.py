"""The `smartscale` command."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Annotated, NoReturn

import typer

import training.cli as training
from infra.commands import (
    backup,
    catalogue,
    certificate,
    cost,
    evaluate,
    kiosk,
    kiosk_key,
    limits,
    model,
    predict,
    reconcile,
    redrive,
    teach,
)
from infra.console import log_to_console, run_log
from infra.errors import PlainError
from infra.private import OTHERS, make_private
from infra.process import child_logger
from infra.settings import load_settings
from infra.supervisor import Supervisor
from smartscale.domain.errors import DomainError, StoreUnavailable
from smartscale.settings import DEFAULT_ADMIN_TOKEN

app = typer.Typer(
    help="Recognise produce on a scale and price it by weight.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(predict.app)
app.add_typer(evaluate.app)
app.add_typer(teach.app)
app.add_typer(reconcile.app)
app.add_typer(redrive.app)
app.add_typer(backup.app)
app.add_typer(cost.app)
app.add_typer(limits.app)
app.add_typer(kiosk_key.app)
app.add_typer(certificate.app)
app.add_typer(kiosk.app, name="kiosk")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(model.app, name="model")
app.add_typer(training.app, name="train")


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
    Supervisor(settings, stop, report).run()


def main() -> None:
    """Run the command; a known failure is one line and its exit status."""
    try:
        app()
    except PlainError as error:
        _end(_with_reason(error), error.exit_status)
    except DomainError as error:
        _end(_with_reason(error))
    except Exception as error:  # noqa: BLE001  whatever it is, a person reads one line
        _end(_unexpected(error))


def _unexpected(error: Exception) -> str:
    """What is said of an error that nobody foresaw; its traceback goes to a log."""
    said = f"unexpected {type(error).__name__}: {error}".rstrip(": ")
    try:
        home = load_settings().home
        make_private(home)
        log = child_logger(home, "command")
        log.propagate = False  # the console is for the one line
        log.error("unexpected error", exc_info=error)
    except (OSError, PlainError, ValueError) as no_log:
        return f"{said}; where it comes from could not be written ({no_log})"
    return f"{said}; {home / 'logs' / 'command.log'} tells where it comes from"


def _with_reason(error: BaseException) -> str:
    """An error's sentence; where a store did not answer, with what its SDK said."""
    source: BaseException | None = error
    while source is not None and not isinstance(source, StoreUnavailable):
        source = source.__cause__
    reason = None if source is None else source.__cause__
    return str(error) if reason is None else f"{error} ({reason})"


def _end(message: str, exit_status: int = 1) -> NoReturn:
    typer.echo(f"Error: {' '.join(message.split())}", err=True)
    sys.exit(exit_status)
