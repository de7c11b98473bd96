"""`smartscale evaluate`: how good recognition is on a folder of labelled photos."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
    sold_catalogue,
)
from infra.errors import PlainError
from smartscale.clock import now
from smartscale.domain.errors import NotFound
from smartscale.domain.labels import products_of
from smartscale.domain.memory import LESSONS_PER_LABEL
from smartscale.recognition.evaluation import Outcome, Quality, judge, summarise
from smartscale.recognition.labelled_photos import (
    EvaluationError,
    LabelledPhoto,
    Truth,
    read_folder,
)
from smartscale.recognition.package import ModelPackage, PackageError
from smartscale.recognition.recogniser import NetworkRecogniser
from smartscale.recognition.report import document as report
from smartscale.recognition.report.lessons import lessons_section
from smartscale.recognition.report.quality import headlines, quality_sections
from smartscale.recognition.teaching import LessonQuality, ReadPhoto, Shop, measure_lessons

app = typer.Typer()


@dataclass(frozen=True)
class Evaluation:
    """A package's outcomes on photos, and what they come to."""

    package: ModelPackage
    photos: list[LabelledPhoto]
    answers: list[Answer]
    outcomes: list[Outcome]
    quality: Quality
    lessons: list[LessonQuality] = field(default_factory=list)
    """What so many lessons per item bring, where somebody asked."""

    def as_json(self) -> dict[str, Any]:
        """The figures with what they were measured on."""
        return {
            **dataclasses.asdict(self.quality),
            "lessons": [dataclasses.asdict(one) for one in self.lessons],
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
            help="Photos as FOLDER/<label or kind>/*.jpg, or FOLDER/<label>/<scene>/*.jpg; "
            "FOLDER/_negatives: not on the menu."
        ),
    ],
    lessons: Annotated[
        str | None,
        typer.Option(
            metavar="K[,K...]",
            help="Teach so many photos of each item and measure the others, in several draws.",
        ),
    ] = None,
    known: Annotated[
        Path | None,
        typer.Option(
            help="With --lessons: photos of what was known before, to see what the lessons cost."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    report_file: Annotated[
        Path | None, typer.Option("--report", help="Write a report for people: one HTML file.")
    ] = None,
    model: Annotated[str | None, typer.Option(help=f"{MODEL_HELP}; default: the active.")] = None,
) -> None:
    """Measure recognition on labelled photos."""
    try:
        with named_package(model) if model else active_package() as package:
            found = (
                evaluate_folder(folder, package)
                if lessons is None
                else evaluate_lessons(folder, package, lesson_counts(lessons), known)
            )
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


def lesson_counts(text: str) -> list[int]:
    """How many lessons per item, as `--lessons` says them: `1,3,10`.

    Raises:
        EvaluationError: that is no list of such numbers.
    """
    try:
        counts = sorted({int(part) for part in text.split(",")})
    except ValueError:
        counts = []
    if not counts or not 0 <= counts[0] <= counts[-1] <= LESSONS_PER_LABEL:
        raise EvaluationError(
            f"--lessons is {text!r}: give numbers from 0 to {LESSONS_PER_LABEL}, such as 1,3,10"
        )
    return counts


def evaluate_lessons(
    folder: Path, package: ModelPackage, counts: Sequence[int], known: Path | None = None
) -> Evaluation:
    """What a package makes of the photos of a folder, untaught and taught from some of them.

    Raises:
        EvaluationError: the folder or a photo cannot be evaluated, or the package cannot be taught.
    """
    recogniser = NetworkRecogniser(package)
    if not recogniser.learns:
        raise EvaluationError(f"{package.model_id} {package.revision} cannot be taught")
    products = products_of(sold_catalogue())
    labels = package.labels
    photos = read_folder(folder, labels, new_items=True)
    answers = answer_photos(photos, package)
    beside = read_folder(known, labels) if known else None
    shop = Shop(recogniser, lambda label: products.find(label)[0] is not None)
    measured = measure_lessons(
        shop,
        _read(photos, answers),
        counts,
        None if beside is None else _read(beside, answer_photos(beside, package)),
    )
    untaught = judged(package, photos, answers, [photo.truth for photo in photos])
    return replace(untaught, lessons=measured)


def _read(photos: Sequence[LabelledPhoto], answers: Sequence[Answer]) -> list[ReadPhoto]:
    return [
        ReadPhoto(photo, answer.reading)
        for photo, answer in zip(photos, answers, strict=True)
        if answer.reading is not None
    ]


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
                *([lessons_section(found.lessons)] if found.lessons else []),
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
    for one in found.lessons:
        table.add_section()
        for measure, value in dataclasses.asdict(one).items():
            if isinstance(value, float):
                table.add_row(f"{measure}, {one.k} lessons", f"{value:.4f}", "")
        if one.known is not None:
            was, now_is = one.known.top1_before, one.known.top1
            table.add_row(
                f"top1 of what was known, {one.k} lessons", f"{now_is:.4f}", f"was {was:.4f}"
            )
    table.add_section()
    for label, of_class in quality.per_class.items():
        table.add_row(label, f"{of_class.top1:.2f} of {of_class.n}")
    return table
