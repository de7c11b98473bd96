"""`smartscale model list`, `activate` and `rollback`: which package serves."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra.commands.connection import connect
from infra.errors import PlainError
from infra.settings import load_settings
from smartscale.domain.errors import DomainError
from smartscale.domain.registry import BUILTIN, ModelSwitch
from smartscale.domain.weighing import ModelRef
from smartscale.operations.models.switch import ActivateModel


def list_models() -> None:
    """List the packages that could serve, and which one does."""
    connection = connect(load_settings())
    operation, trial = connection.activate_model(), connection.trials.current()
    tried = trial.model if trial is not None and trial.running else None
    table = Table("model", "revision", "")
    for package in operation.packages():
        state = "active" if package.active else "previous" if package.previous else ""
        state = "candidate" if package.ref == tried else state
        table.add_row(package.ref.id, package.ref.revision, state)
    Console().print(table)
    switch = operation.current()
    if switch.error:
        typer.echo(f"{switch.wanted.id} {switch.wanted.revision} failed: {switch.error}", err=True)


def activate(
    package: Annotated[
        str, typer.Argument(help="MODEL_ID@REVISION as `list` shows it, or builtin.")
    ],
) -> None:
    """Serve another package that is there, without a restart."""
    model_id, _, revision = package.partition("@")
    operation = _operation()
    known = [one.ref for one in operation.packages()]
    if model_id != BUILTIN and ModelRef(id=model_id, revision=revision) not in known:
        there = ", ".join(f"{ref.id}@{ref.revision}" for ref in known)
        raise PlainError(f"There is no package {package}. There are: {there}.", 2)
    _echo(operation.activate(model_id, revision or "main"))


def rollback() -> None:
    """Serve the package that served before the active one."""
    try:
        _echo(_operation().roll_back())
    except DomainError as error:
        raise PlainError(str(error)) from error


def _operation() -> ActivateModel:
    return connect(load_settings()).activate_model()


def _echo(switch: ModelSwitch) -> None:
    typer.echo(f"{switch.wanted.id}@{switch.wanted.revision} is asked for; `smartscale model list`")
