"""`smartscale model try`, `trial`, `promote` and `stop`: a model beside the one that serves."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from infra.commands.connection import connect
from infra.errors import PlainError
from infra.settings import load_settings
from smartscale.domain.errors import DomainError
from smartscale.domain.trial import Limits, Mode, Tallies, Tally, Trial
from smartscale.operations.models.trial import ManageTrial

_DEFAULT = Limits()


def try_model(
    package: Annotated[
        str, typer.Argument(help="MODEL_ID@REVISION as `list` shows it, or builtin.")
    ],
    mode: Annotated[
        Mode,
        typer.Option(help="shadow: it answers too, unseen. canary: it answers for some scales."),
    ] = Mode.SHADOW,
    share: Annotated[
        str, typer.Option(help="Of the weighings (shadow) or the scales (canary), 0 to 1.")
    ] = "0.2",
    error_rate: Annotated[
        str, typer.Option(help="Share of errors beyond which it is taken back.")
    ] = str(_DEFAULT.error_rate),
    low_confidence_rate: Annotated[
        str, typer.Option(help="Share of unsure answers beyond which it is taken back.")
    ] = str(_DEFAULT.low_confidence_rate),
    minimum_answers: Annotated[
        int, typer.Option(min=1, help="How often it is asked before it is judged.")
    ] = _DEFAULT.minimum_answers,
) -> None:
    """Try a package beside the one that serves; it is taken back beyond its limits."""
    model_id, _, revision = package.partition("@")
    try:
        limits = Limits(
            error_rate=_share(error_rate),
            low_confidence_rate=_share(low_confidence_rate),
            minimum_answers=minimum_answers,
        )
        portion = _share(share)
    except (ValidationError, InvalidOperation) as error:
        raise PlainError("Shares are numbers from 0 to 1, such as 0.2.", 2) from error
    if not portion:
        raise PlainError("A share of 0 tries nothing: give more than 0, at most 1.", 2)
    with _plain():
        trial = _operation().begin(model_id, revision or "main", mode, portion, limits)
    typer.echo(
        f"{trial.model.id}@{trial.model.revision} is tried as {mode.value}; "
        "`smartscale model trial` shows how it does"
    )


def trial() -> None:
    """Show how the candidate that is tried, or was last, does beside the active model."""
    operation = _operation()
    shown = operation.current()
    if shown is None:
        typer.echo("No model has been tried yet.")
        return
    tallies = operation.tallies(shown)
    table = Table("", "active", "candidate", title=_headline(shown))
    for row in _rows(tallies):
        table.add_row(*row)
    Console().print(table)
    if tallies.agreement is not None:
        typer.echo(f"The same answer in {_percent(tallies.agreement)} of {tallies.compared}.")
    if tallies.skipped:
        typer.echo(f"Not asked about {tallies.skipped}, because shoppers were waiting.")
    if shown.reason:
        typer.echo(shown.reason)


def promote() -> None:
    """Activate the candidate."""
    with _plain():
        model = _operation().promote().model
    typer.echo(f"{model.id}@{model.revision} takes over; `smartscale model list`")


def stop() -> None:
    """End the trial without activating the candidate."""
    with _plain():
        model = _operation().stop().model
    typer.echo(f"{model.id}@{model.revision} is tried no more")


def _headline(shown: Trial) -> str:
    return (
        f"{shown.model.id}@{shown.model.revision}: {shown.mode.value} "
        f"{_percent(shown.share)}, {shown.state.value.replace('_', ' ')}"
    )


def _rows(tallies: Tallies) -> Iterator[tuple[str, str, str]]:
    both = (tallies.active, tallies.candidate)

    def row(what: str, figures: list[str]) -> tuple[str, str, str]:
        return what, figures[0], figures[1]

    yield row("answers", [str(each.answers) for each in both])
    yield row("errors", [_percent(each.error_rate) for each in both])
    yield row("low confidence", [_percent(each.low_confidence_rate) for each in both])
    yield row("confidence", [_percent(each.mean_confidence) for each in both])
    yield row("latency", [_milliseconds(each) for each in both])


def _milliseconds(tally: Tally) -> str:
    mean = tally.mean_latency_ms
    return "-" if mean is None else f"{mean:.1f} ms"


def _percent(share: Decimal | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _share(text: str) -> Decimal:
    share = Decimal(text)
    if not 0 <= share <= 1:
        raise InvalidOperation
    return share


def _operation() -> ManageTrial:
    return connect(load_settings()).manage_trial()


@contextmanager
def _plain() -> Iterator[None]:
    """Refusals as one plain line."""
    try:
        yield
    except DomainError as error:
        raise PlainError(str(error)) from error
