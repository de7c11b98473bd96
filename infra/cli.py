"""The `smartscale` command."""

import sys
from collections import UserDict
from importlib import import_module
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_group

from infra.errors import PlainError
from infra.private import make_private
from infra.process import child_logger
from infra.settings import load_settings
from smartscale import __version__
from smartscale.domain.errors import DomainError, StoreUnavailable

COMMANDS = {
    "run": "infra.commands.run",
    "predict": "infra.commands.predict",
    "evaluate": "infra.commands.evaluate",
    "teach": "infra.commands.teach",
    "reconcile": "infra.commands.reconcile",
    "redrive": "infra.commands.redrive",
    "backup": "infra.commands.backup",
    "restore": "infra.commands.backup",
    "cost": "infra.commands.cost",
    "limits": "infra.commands.limits",
    "kiosk-key": "infra.commands.kiosk_key",
    "certificate": "infra.commands.certificate",
    "kiosk": "infra.commands.kiosk",
    "catalogue": "infra.commands.catalogue",
    "model": "infra.commands.model",
    "train": "training.cli",
}
"""In the order of the help, and the module whose `app` has each."""


class _Imported(UserDict[str, Any]):
    """The commands by name; each one's module is imported when it is asked for.

    All of them take two seconds to import, a single one much less.
    """

    def __getitem__(self, name: str) -> Any:
        module = super().__getitem__(name)
        whole = typer.Typer()
        whole.add_typer(import_module(module).app)
        return get_group(whole).commands[name]


class _Commands(TyperGroup):
    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self.commands = _Imported(COMMANDS)


app = typer.Typer(cls=_Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def smartscale(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Recognise produce on a scale and price it by weight."""
    del version


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
