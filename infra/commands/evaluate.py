"""`smartscale evaluate`: how good recognition is on a folder of labelled photos."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from infra.commands.model_package import (
    MODEL_HELP,
    Answer,
    active_package,
    answer_photos,
    latency,
    named_package,
    package_bytes,
)
from infra.errors import PlainError
from smartscale.clock import now
from smartscale.domain.errors import NotFound
from smartscale.recognition.evaluation import Outcome, Quality, judge, summarise
from smartscale.recognition.labelled_photos import (
    EvaluationError,
    LabelledPhoto,
    Truth,
    read_folder,
)
from smartscale.recognition.package import ModelPackage, PackageError
from smartscale.recognition.report import document as report
from smartscale.recognition.report.quality import headlines, quality_sections

app = typer.Typer()


@dataclass(frozen=True)
class Evaluation:
    """A package's outcomes on photos, and what they come to."""

    package: ModelPackage
    photos: list[LabelledPhoto]
    answers: list[Answer]
    outcomes: list[Outcome]
    quality: Quality

    def as_json(self) -> dict[str, Any]:
        """The figures with what they were measured on."""
        return {
            **dataclasses.asdict(self.quality),
            "latency_ms": latency(self.answers),
            "model": {
                "id": self.package.model_id,
                "revision": self.package.revision,
                "bytes": package_bytes(self.package),
                "input_size": self.package.input_size,
                "temperature": self.package.temperature,
                "thresholds": dict(self.package.thresholds),
            },
        }


@app.command()
def evaluate(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Photos as FOLDER/<label or kind>/*.jpg; FOLDER/_negatives: not on the menu."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write a report for people: one HTML file.")
    ] = None,
    model: Annotated[str | None, typer.Option(help=f"{MODEL_HELP}; default: the active.")] = None,
) -> None:
    """Measure recognition on labelled photos."""
    try:
        with named_package(model) if model else active_package() as package:
            found = evaluate_folder(folder, package)
            if report_file:
                report_file.write_text(_report(found, folder), encoding="utf-8")
    except (EvaluationError, PackageError, NotFound) as error:
        raise PlainError(str(error), 2) from error
    except OSError as error:
        raise PlainError(f"{error.filename} cannot be used: {error.strerror}", 2) from error
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        Console().print(_table(found))


def evaluate_folder(folder: Path, package: ModelPackage) -> Evaluation:
    """What a package makes of the photos of a folder.

    Raises:
        EvaluationError: the folder or a photo cannot be evaluated.
    """
    photos = read_folder(folder, package.labels)
    answers = answer_photos(photos, package)
    return judged(package, photos, answers, [photo.truth for photo in photos])


def judged(
    package: ModelPackage,
    photos: list[LabelledPhoto],
    answers: list[Answer],
    truths: list[Truth],
) -> Evaluation:
    """What answers come to by the package's threshold."""
    outcomes = [
        judge(truth, answer.scores, package.confirm)
        for truth, answer in zip(truths, answers, strict=True)
    ]
    return Evaluation(package, photos, answers, outcomes, summarise(outcomes))


def _report(found: Evaluation, folder: Path) -> str:
    quality, package = found.quality, found.package
    times = latency(found.answers)
    speed = report.Section(
        "How long one photo takes",
        "On this machine, one thread, one photo after the other.",
        tables=[
            report.Table(
                ("step", "median", "95th percentile"),
                [
                    (step, *(f"{times[key][at]:.1f} ms" for at in ("p50", "p95")))
                    for step, key in (
                        ("decoding the file", "decode"),
                        ("scaling and network", "network"),
                        ("both", "total"),
                    )
                ],
            )
        ],
    )
    return report.render(
        report.Document(
            title="How good recognition is",
            facts=[
                ("Model", f"{package.model_id} {package.revision}"),
                ("Package", f"{package_bytes(package) / 1e6:.1f} MB"),
                ("Input", f"{package.input_size} x {package.input_size} px"),
                ("Confirmation below", f"{package.confirm:.3f}"),
                ("Photos", str(folder)),
                ("Labelled", str(quality.n)),
                ("Of a known kind", str(quality.n_coarse)),
                ("Not on the menu", str(quality.n_negatives)),
                ("Measured", f"{now():%Y-%m-%d %H:%M} UTC"),
            ],
            headlines=headlines(quality),
            sections=[
                *quality_sections(
                    found.outcomes,
                    quality,
                    package.confirm,
                    [photo.path for photo in found.photos],
                ),
                speed,
            ],
        )
    )


def _table(found: Evaluation) -> Table:
    quality = found.quality
    title = f"{found.package.model_id} {found.package.revision}"
    table = Table("measure", "value", "95 % interval", title=title)
    for name, value in dataclasses.asdict(quality).items():
        if isinstance(value, int | float):
            interval = quality.intervals.get(name)
            table.add_row(
                name,
                f"{value:.4f}" if isinstance(value, float) else str(value),
                "{:.4f} to {:.4f}".format(*interval) if interval else "",
            )
    for name, spent in latency(found.answers).items():
        table.add_row(f"{name} ms", f"{spent['p50']:.1f}", f"p95 {spent['p95']:.1f}")
    table.add_section()
    for label, of_class in quality.per_class.items():
        table.add_row(label, f"{of_class.top1:.2f} of {of_class.n}")
    return table
