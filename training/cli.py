"""The training command. TensorFlow is imported only once it runs."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from training.errors import TrainingError

PACKAGE = Path("layers/model/python/smartscale_model")

app = typer.Typer(help="Train the recognition model and package it.", no_args_is_help=False)


@app.callback(invoke_without_command=True)
def train(
    data: Annotated[Path, typer.Option(help="Folder that holds grocery/ and the others.")] = Path(
        "../shared/data"
    ),
    run: Annotated[Path, typer.Option(help="Checkpoints and pictures of this run.")] = Path(
        "training/runs/main"
    ),
    package: Annotated[Path, typer.Option(help="Where the package goes.")] = PACKAGE,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
    precision: Annotated[
        str, typer.Option(help="float32, float16, dynamic or int8: the variant that ships.")
    ] = "float16",
    error: Annotated[
        float, typer.Option(help="Wrong answers accepted among those nobody confirms.")
    ] = 0.03,
    hold_out: Annotated[
        bool, typer.Option(help="Leave whole scenes out and measure on them; ships nothing.")
    ] = False,
    held_out_run: Annotated[
        Path | None, typer.Option(help="A finished --hold-out run, whose figures go into the card.")
    ] = None,
    note: Annotated[str, typer.Option(help="What else the card should say of this run.")] = "",
) -> None:
    """Train, or go on where an interrupted run stopped, and write the package."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler()])

    try:
        from training import pipeline  # noqa: PLC0415  (TensorFlow takes seconds to import)

        pipeline.main(
            data,
            run,
            package,
            epochs=epochs,
            precision=pipeline.checked_precision(precision),
            error=error,
            hold_out=hold_out,
            held_out_run=held_out_run,
            note=note,
        )
    except TrainingError as refusal:
        typer.echo(f"Error: {refusal}", err=True)
        raise typer.Exit(2) from refusal
    except ModuleNotFoundError as missing:
        if missing.name not in {"tensorflow", "keras", "matplotlib"}:
            raise
        typer.echo("Error: training needs its packages: run `uv sync --group training`", err=True)
        raise typer.Exit(2) from missing
