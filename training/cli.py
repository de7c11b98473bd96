"""The training commands. TensorFlow is imported only once one runs."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.logging import RichHandler

from training.errors import TrainingError
from training.omission import LeftOut

PACKAGE = Path("layers/model/python/smartscale_model")
RUNS = Path("training/runs")

app = typer.Typer(
    name="train", help="Train the recognition model and package it.", no_args_is_help=False
)

Data = Annotated[Path, typer.Option(help="Folder that holds grocery/ and the others.")]
DATA = Path("../shared/data")
Error = Annotated[float, typer.Option(help="Wrong answers accepted among those nobody confirms.")]
ERROR = 0.01
Findings = Annotated[
    list[Path] | None, typer.Option("--finding", help="The finding.json of a probe.")
]
HeadRun = Annotated[
    Path, typer.Option(help="Where it keeps what the network saw, for the next time.")
]
HEAD_RUN = RUNS / "head"


@app.callback(invoke_without_command=True)
def train(
    context: typer.Context,
    data: Data = DATA,
    run: Annotated[Path, typer.Option(help="Checkpoints and report of this run.")] = RUNS / "main",
    package: Annotated[Path, typer.Option(help="Where the package goes.")] = PACKAGE,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the recipes'.")] = None,
    teacher: Annotated[
        Path | None, typer.Option(help="A finished package whose answers soften the labels.")
    ] = None,
    beside: Annotated[
        Path | None, typer.Option(help="A finished package whose networks count among the runs.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="float32, float16, dynamic or int8; default: the fastest that loses nothing."
        ),
    ] = None,
    error: Error = ERROR,
    findings: Findings = None,
    note: Annotated[str, typer.Option(help="What else the card should say of this run.")] = "",
) -> None:
    """Train, or go on where an interrupted run stopped, and write the package."""
    if context.invoked_subcommand:
        return
    with _plain_errors():
        from training import pipeline  # noqa: PLC0415  (TensorFlow takes seconds to import)

        members = pipeline.MEMBERS
        pipeline.main(
            data,
            run,
            package,
            members=members if epochs is None else pipeline.shortened(members, epochs),
            teacher=teacher,
            beside=beside,
            precision=pipeline.checked_precision(precision) if precision else None,
            error=error,
            findings=_read(findings),
            note=note,
        )


@app.command()
def probe(
    part: Annotated[LeftOut, typer.Argument(help="What training does not see.")],
    data: Data = DATA,
    run: Annotated[
        Path | None, typer.Option(help="Its folder; default: training/runs/PART.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the recipe's.")] = None,
) -> None:
    """Train smaller networks without some photos, and measure them on those.

    `scenes`: cross-validation by whole scenes, which also says how a head is to be weighed.
    `steel`: another camera, a steel plate, plastic bags. `classes`: ten kinds of produce, for the
    shop's memory to learn.
    """
    with _plain_errors():
        from training import pipeline, probes  # noqa: PLC0415

        members = probes.PROBES[part]
        probes.probe(
            data,
            run or RUNS / part.value,
            part,
            members if epochs is None else pipeline.shortened(members, epochs),
        )


@app.command()
def enrolment(
    data: Data = DATA,
    run: Annotated[Path, typer.Option(help="Where `probe classes` ran.")] = RUNS / "classes",
) -> None:
    """Enrol what `probe classes` left out from 5 photos each, and measure it and what it costs."""
    with _plain_errors():
        from training.enrolment import measure_enrolment  # noqa: PLC0415

        measure_enrolment(data, run)


@app.command()
def head(
    data: Data = DATA,
    package: Annotated[Path, typer.Option(help="The package that gets the head.")] = PACKAGE,
    run: HeadRun = HEAD_RUN,
    error: Error = ERROR,
    findings: Findings = None,
) -> None:
    """Make a package's head anew: what fuses network, training photos and a shop's lessons.

    What `probe scenes` found says how much the training photos count beside the network.
    """
    with _plain_errors():
        from training.heads.package import give_head  # noqa: PLC0415

        give_head(data, package, run, error, _read(findings))


@app.command()
def widen(
    data: Data = DATA,
    package: Annotated[Path, typer.Option(help="The package that is widened.")] = PACKAGE,
    run: HeadRun = HEAD_RUN,
    error: Error = ERROR,
) -> None:
    """Put an untouched network beside those of a package, and make embedding and head anew.

    The package learns the labels of all sets of photos, and compares pictures by what all networks
    see. One that was widened before is widened anew.
    """
    with _plain_errors():
        from training import widen as wide  # noqa: PLC0415
        from training.data import read_learned  # noqa: PLC0415
        from training.heads.package import give_head  # noqa: PLC0415

        for cache in run.glob("*.npz"):
            cache.unlink()  # another network's
        names = wide.new_labels(data, package)
        wide.widen(read_learned(data), wide.other_photos(data), package, names)
        give_head(data, package, run, error)


@app.command()
def shops(
    data: Data = DATA,
    package: Annotated[Path, typer.Option(help="The package that comes to them.")] = PACKAGE,
    run: HeadRun = HEAD_RUN,
    lessons: Annotated[str, typer.Option(help="How many lessons an item.")] = "0,1,3,10",
) -> None:
    """Measure a package on each set of photos as a shop that its head has never seen.

    What came of it goes onto the package's card.
    """
    with _plain_errors():
        from training.card import cut_out_row, shop_row  # noqa: PLC0415
        from training.shops import keep, measure_shops  # noqa: PLC0415

        try:
            counts = [int(part) for part in lessons.split(",")]
        except ValueError:
            raise TrainingError(
                f"--lessons is {lessons!r}: give numbers such as 0,1,3,10"
            ) from None
        found = measure_shops(data, package, run, counts)
        measured = keep(package, found).evaluation
        for one in (*measured["unseen_shops"], *measured["small_shops"]):
            typer.echo(shop_row(one))
        for one in measured["cut_outs"]:
            typer.echo(cut_out_row(one))


def _read(findings: list[Path] | None) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in findings or ()]


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Logs to the console; what a user can mend is one line."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[RichHandler()])
    try:
        yield
    except TrainingError as refusal:
        typer.echo(f"Error: {refusal}", err=True)
        raise typer.Exit(2) from refusal
    except ModuleNotFoundError as missing:
        if missing.name not in {"tensorflow", "keras"}:
            raise
        typer.echo("Error: training needs its packages: run `uv sync --group training`", err=True)
        raise typer.Exit(2) from missing
