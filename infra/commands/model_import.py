"""`smartscale model import`: a package in the bucket, made of a model on the hub."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from functions.model_import.app import CONVERSION, TENSORFLOW
from infra.commands.connection import connect
from infra.errors import PlainError
from infra.settings import ROOT, load_settings
from smartscale.adapters.converter import ConverterProcess
from smartscale.adapters.hub import HuggingFaceHub
from smartscale.adapters.tensorflow_folder import TensorFlowFolder
from smartscale.domain.errors import DomainError
from smartscale.domain.registry import ImportHints, ImportProgress
from smartscale.importing.labels import read_labels
from smartscale.importing.preprocessings import NAMES, canonical_name
from smartscale.operations.models.import_model import ImportModel

SCHEME = "hf://"


def import_model(
    source: Annotated[
        str, typer.Argument(help="hf://OWNER/NAME[@REVISION]: a branch, tag or commit.")
    ],
    labels: Annotated[
        Path | None,
        typer.Option(help="A file with the labels in order, where the repository has none."),
    ] = None,
    preprocessing: Annotated[
        str | None,
        typer.Option(
            help=f"How the model wants its pictures, where nothing says so: {', '.join(NAMES)}."
        ),
    ] = None,
) -> None:
    """Import a model of the hub into the bucket; what serves stays what it is."""
    model_id, revision = _parse(source)
    settings = load_settings()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        hints = _hints(labels, preprocessing)
        importer = ImportModel(
            HuggingFaceHub(settings.model_cache),
            ConverterProcess(CONVERSION, TensorFlowFolder(settings.model_cache, TENSORFLOW)),
            connect(settings).packages,
            ROOT / "sample_data",
        )
        with _progress() as bar:
            task = bar.add_task("starting", total=100)

            def report(progress: ImportProgress) -> None:
                what = f"{progress.step}: {progress.detail}"
                bar.update(task, description=what, completed=progress.percent)

            ref = importer.run(model_id, revision, hints, report)
    except DomainError as error:
        raise PlainError(str(error)) from error
    typer.echo(f"{ref.id}@{ref.revision}")
    typer.echo(f"Serve it: smartscale model activate {ref.id}@{ref.revision}", err=True)


def _parse(source: str) -> tuple[str, str]:
    model_id, _, revision = source.removeprefix(SCHEME).partition("@")
    if not source.startswith(SCHEME) or not model_id:
        raise PlainError(f"{source} is no source: give hf://OWNER/NAME or hf://OWNER/NAME@REV", 2)
    return model_id, revision or "main"


def _hints(labels: Path | None, preprocessing: str | None) -> ImportHints | None:
    if labels is None and preprocessing is None:
        return None
    try:
        return ImportHints(
            labels=labels and read_labels(labels.name, labels.read_text(encoding="utf-8")),
            preprocessing=preprocessing and canonical_name(preprocessing),
        )
    except OSError as error:
        raise PlainError(f"{labels} cannot be read: {error.strerror}", 2) from error
    except (UnicodeDecodeError, DomainError) as error:
        raise PlainError(f"--labels or --preprocessing: {error}", 2) from error


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
