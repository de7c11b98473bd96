"""`smartscale evaluate`: how good recognition is on a folder of labelled photos."""

import dataclasses
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from infra.commands.connection import connect
from infra.errors import PlainError
from infra.settings import Cloud, load_settings
from smartscale.domain.errors import NotFound
from smartscale.domain.registry import BUILTIN
from smartscale.domain.weighing import ModelRef
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.evaluation import EvaluationError, Quality, measure, read_folder
from smartscale.recognition.package import ModelPackage, PackageError, load_package
from smartscale.recognition.preprocessing import ImageError
from smartscale.recognition.recogniser import Recogniser

app = typer.Typer()


@app.command()
def evaluate(
    folder: Annotated[
        Path, typer.Argument(help="Photos as FOLDER/<label>/*.jpg; FOLDER/_negatives: no produce.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    model: Annotated[
        str | None,
        typer.Option(
            help="builtin, a package's folder, or MODEL_ID@REVISION; default: the active."
        ),
    ] = None,
) -> None:
    """Measure recognition on labelled photos."""
    try:
        with _package(model) as package:
            quality = _measure(folder, package)
    except (EvaluationError, PackageError, NotFound) as error:
        raise PlainError(str(error), 2) from error
    if as_json:
        typer.echo(json.dumps(dataclasses.asdict(quality), indent=2))
    else:
        Console().print(_table(quality, f"{package.model_id} {package.revision}"))


def _measure(folder: Path, package: ModelPackage) -> Quality:
    photos = list(read_folder(folder, package.labels))
    recogniser = Recogniser(package)
    console = Console(stderr=True)
    truths, answers = [], []
    for path, label in track(photos, "recognising", console=console, transient=True):
        try:
            answers.append(recogniser.recognise(path.read_bytes()))
        except ImageError as error:
            raise EvaluationError(f"{path}: {error}") from error
        truths.append(label)
    return measure(truths, answers, package.confirm)


@contextmanager
def _package(model: str | None) -> Iterator[ModelPackage]:
    """The package to measure, for as long as it is measured."""
    settings = load_settings()
    if model is None:
        try:
            connection = connect(settings)
        except PlainError:
            if settings.cloud is not Cloud.EMBEDDED:
                raise
            typer.echo("No stack is running here: measuring the built-in model.", err=True)
            yield builtin_package()
            return
        switch = connection.registry.current()
        ref = switch.active if switch else None
    elif model == BUILTIN or "@" not in model:
        if model != BUILTIN and not Path(model).is_dir():
            raise PlainError(
                f"--model {model}: give builtin, a package's folder, or MODEL_ID@REVISION.", 2
            )
        yield builtin_package() if model == BUILTIN else load_package(Path(model))
        return
    else:
        model_id, _, revision = model.rpartition("@")
        connection, ref = connect(settings), ModelRef(id=model_id, revision=revision)
    if ref is None or ref.id == BUILTIN:
        yield builtin_package()
        return
    with tempfile.TemporaryDirectory() as copy:
        connection.packages.fetch(ref, Path(copy))
        yield load_package(Path(copy))


def _table(quality: Quality, model: str) -> Table:
    table = Table("measure", "value", title=model)
    for name, value in dataclasses.asdict(quality).items():
        if name != "per_class":
            table.add_row(name, f"{value:.4f}" if isinstance(value, float) else str(value))
    table.add_section()
    for label, found in quality.per_class.items():
        table.add_row(label, f"{found.top1:.2f} of {found.n}")
    return table
