"""`smartscale model compare`: two packages on the same photos, and whether they really differ."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.evaluate import Evaluation, judged
from infra.commands.model_package import (
    MODEL_HELP,
    Answer,
    answer_photos,
    latency,
    named_package,
    package_bytes,
)
from infra.errors import PlainError
from smartscale.domain.errors import NotFound
from smartscale.domain.names import plain_name
from smartscale.recognition.evaluation import Outcome
from smartscale.recognition.labelled_photos import EvaluationError, LabelledPhoto, read_folder
from smartscale.recognition.package import ModelPackage, PackageError
from smartscale.recognition.recogniser import Score
from smartscale.recognition.uncertainty import Paired, compare_paired

SIGNIFICANT = 0.05
_LISTED = 15
_SHOWN = (
    *("n", "top1", "top3", "n_coarse", "coarse_top1", "ece", "needs_confirmation"),
    *("error_when_sure", "n_negatives", "negatives_accepted", "negatives_accepted_at_95"),
)


@dataclass(frozen=True)
class Measure:
    """A yes-or-no property of a photo's outcome, and the photos that it is measured on."""

    key: str
    counts: Callable[[Outcome], bool]
    hit: Callable[[Outcome], bool]


MEASURES = (
    Measure("top1", lambda o: isinstance(o.truth, str), lambda o: o.right),
    Measure("coarse_top1", lambda o: o.is_produce, lambda o: o.coarse_right),
    Measure("negatives_accepted", lambda o: o.truth is None, lambda o: o.sure),
)


@dataclass(frozen=True)
class Comparison:
    """Two packages' evaluations of the same photos, in the same order."""

    a: Evaluation
    b: Evaluation
    paired: dict[str, Paired]

    @property
    def changed(self) -> list[tuple[LabelledPhoto, Outcome, Outcome]]:
        """The photos that only one of them has right."""
        return [
            (photo, one, other)
            for photo, one, other in zip(
                self.a.photos, self.a.outcomes, self.b.outcomes, strict=True
            )
            if _is_right(one) != _is_right(other)
        ]

    def verdict(self) -> str:
        """What the paired test comes to, in plain words."""
        key = "top1" if "top1" in self.paired else "coarse_top1"
        if key not in self.paired:
            return "There is no produce among these photos to compare the models on."
        found = self.paired[key]
        points = (
            f"{100 * found.difference:+.1f} points, 95 % interval "
            f"{100 * found.interval[0]:+.1f} to {100 * found.interval[1]:+.1f}, "
            f"p = {found.p_value:.2g}"
        )
        what = f"{key}, {found.n} photos: {points}"
        if found.p_value >= SIGNIFICANT:
            return f"No difference that these photos can show ({what})."
        better = "B" if found.difference > 0 else "A"
        return f"{better} is better ({what})."

    def as_json(self) -> dict[str, Any]:
        """Everything, with every photo that changed."""
        return {
            "a": self.a.as_json(),
            "b": self.b.as_json(),
            "paired": {key: dataclasses.asdict(found) for key, found in self.paired.items()},
            "verdict": self.verdict(),
            "changed": [
                {
                    "photo": str(photo.path),
                    "truth": one.shown,
                    "a": {**dataclasses.asdict(one.answer), "right": _is_right(one)},
                    "b": {**dataclasses.asdict(other.answer), "right": _is_right(other)},
                }
                for photo, one, other in self.changed
            ],
        }


def compare(
    a: Annotated[str, typer.Argument(help=f"{MODEL_HELP}.")],
    b: Annotated[str, typer.Argument(help="The other one.")],
    on: Annotated[Path, typer.Option(help="Photos as for `smartscale evaluate`.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure two packages on the same photos, with a paired test of their difference."""
    try:
        with named_package(a) as first, named_package(b) as second:
            found = compare_packages(first, second, on)
    except (EvaluationError, PackageError, NotFound) as error:
        raise PlainError(str(error), 2) from error
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        _print(found, on, Console())


def compare_packages(a: ModelPackage, b: ModelPackage, folder: Path) -> Comparison:
    """Both packages on the photos of a folder.

    A label that both have in another spelling is one label, spelt as A does. A photo of what only
    one of them knows is wrong for the other.

    Raises:
        EvaluationError: the folder or a photo cannot be evaluated.
    """
    spelt = {plain_name(label): label for label in (*b.labels, *a.labels)}
    photos = read_folder(folder, tuple(spelt.values()))
    truths = [photo.truth for photo in photos]

    def evaluated(package: ModelPackage) -> Evaluation:
        answers = [_respelt(answer, spelt) for answer in answer_photos(photos, package)]
        return judged(package, photos, answers, truths)

    return compare_evaluations(evaluated(a), evaluated(b))


def compare_evaluations(a: Evaluation, b: Evaluation) -> Comparison:
    """Two evaluations of the same photos, in the same order."""
    paired = {
        measure.key: found
        for measure in MEASURES
        if (found := _paired(measure, a.outcomes, b.outcomes)) is not None
    }
    return Comparison(a, b, paired)


def _respelt(answer: Answer, spelt: dict[str, str]) -> Answer:
    scores = [Score(spelt[plain_name(score.label)], score.confidence) for score in answer.scores]
    return dataclasses.replace(answer, scores=scores)


def _paired(measure: Measure, a: list[Outcome], b: list[Outcome]) -> Paired | None:
    counted = [pair for pair in zip(a, b, strict=True) if measure.counts(pair[0])]
    return compare_paired(
        [measure.hit(one) for one, _ in counted], [measure.hit(other) for _, other in counted]
    )


def _is_right(outcome: Outcome) -> bool:
    """Whether the answer is right; for a photo that is no produce, whether nothing is sold."""
    return not outcome.sure if outcome.truth is None else outcome.matches


def _print(found: Comparison, folder: Path, console: Console) -> None:
    table = Table("measure", "A", "B", "B - A", title=f"On {escape(str(folder))}")
    packages = found.a.package, found.b.package
    table.add_row("model", *(f"{package.model_id} {package.revision}" for package in packages))
    table.add_row("MB", *(f"{package_bytes(package) / 1e6:.1f}" for package in packages))
    for key in _SHOWN:
        one, other = getattr(found.a.quality, key), getattr(found.b.quality, key)
        if one is None or other is None:
            continue
        shares = isinstance(one, float)
        table.add_row(
            key,
            *(f"{value:.4f}" if shares else str(value) for value in (one, other)),
            f"{other - one:+.4f}" if shares else "",
        )
    times = latency(found.a.answers), latency(found.b.answers)
    for step in times[0]:
        table.add_row(f"{step} ms, median", *(f"{spent[step]['p50']:.1f}" for spent in times))
    console.print(table)
    tests = Table("points", "both", "only A", "only B", "none", "B - A", "95 %", "p")
    for key, test in found.paired.items():
        tests.add_row(
            key,
            *(str(count) for count in (test.both, test.only_a, test.only_b, test.neither)),
            f"{100 * test.difference:+.1f}",
            f"{100 * test.interval[0]:+.1f} to {100 * test.interval[1]:+.1f}",
            f"{test.p_value:.2g}",
        )
    console.print(tests)
    for title, photos in (
        ("A was right, B is wrong", [entry for entry in found.changed if _is_right(entry[1])]),
        ("A was wrong, B is right", [entry for entry in found.changed if _is_right(entry[2])]),
    ):
        console.print(f"\n{title}: {len(photos)} photos", highlight=False)
        for photo, one, other in photos[:_LISTED]:
            console.print(
                f"  {escape(str(photo.path.relative_to(folder)))}: "
                f"{one.answer.label} {one.answer.confidence:.2f} -> "
                f"{other.answer.label} {other.answer.confidence:.2f}",
                highlight=False,
                soft_wrap=True,
            )
        if len(photos) > _LISTED:
            console.print(f"  and {len(photos) - _LISTED} more (--json lists all)")
    console.print(f"\n{found.verdict()}", highlight=False, soft_wrap=True)
