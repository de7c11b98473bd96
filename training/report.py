"""The report of a run, for people who judge it: what `smartscale evaluate` shows, and how it came.

Without a photo in it, so that it can be part of the package.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.evaluation import Outcome, Quality
from smartscale.recognition.package import ModelPackage
from smartscale.recognition.report.charts import Axis, Line, Plot
from smartscale.recognition.report.document import (
    Chart,
    Document,
    Section,
    Share,
    Table,
    percent,
    render,
)
from smartscale.recognition.report.quality import confidence_section, headlines, quality_sections
from training.card import LEFT_OUT, member_name
from training.recipe import Progress, best_of


def render_report(
    package: ModelPackage,
    outcomes: Sequence[Outcome],
    quality: Quality,
    altered: tuple[NDArray[np.float64], NDArray[np.bool_]],
    histories: Sequence[Sequence[Sequence[Progress]]],
) -> str:
    """The run's report as one HTML page.

    Args:
        package: what came out; its evaluation holds `variants`, `calibration`, `members` and
            `findings`.
        outcomes: of the validation photos.
        quality: their figures.
        altered: confidences, and whether the answers were right, on the altered validation photos
            that temperature and threshold were found on.
        histories: how each run of each member went.
    """
    measured = package.evaluation
    names = [member_name(member) for member in measured["members"]]
    return render(
        Document(
            title=f"{package.model_id} {package.revision}",
            facts=[
                ("Networks", " and ".join(names)),
                ("Input", f"{package.input_size} x {package.input_size} px"),
                ("Temperature", f"{package.temperature:.3f}"),
                ("Confirmation below", f"{package.confirm:.3f}"),
                ("Validation photos", f"{quality.n} of produce, {quality.n_negatives} cartons"),
            ],
            headlines=headlines(quality),
            sections=[
                *_findings(measured["findings"]),
                *quality_sections(outcomes, quality, package.confirm),
                confidence_section(*altered, package.confirm, measured["calibration"]["found_on"]),
                _variants(measured["variants"]),
                *(
                    _learning(name, place, history)
                    for name, runs in zip(names, histories, strict=True)
                    for place, history in enumerate(runs, start=1)
                ),
            ],
        )
    )


def _findings(findings: Sequence[Mapping[str, Any]]) -> list[Section]:
    """What smaller networks found on what they had not seen.

    A finding has figures (`n`, `top1`, `top3`, `coarse_top1`), and the same for each of its `folds`
    (a list) or `parts` (by name), such as the classes that a shop's memory has learned.
    """
    if not findings:
        return []
    rows: list[tuple[str | int | Share, ...]] = []
    for finding in findings:
        what = LEFT_OUT[finding["left_out"]]
        rows.append((what, *_figures(finding)))
        rows += [
            (f"- fold {place}", *_figures(fold))
            for place, fold in enumerate(finding.get("folds", ()), start=1)
        ]
        rows += [(f"- {name}", *_figures(part)) for name, part in finding.get("parts", {}).items()]
    unseen = Section(
        "What it has not seen",
        "The validation photos are from the shops that training has seen. Smaller networks, "
        "trained for less long without a part of the photos, were measured on that part: read "
        "these figures as a lower bound for another shop.",
        tables=[Table(("trained without", "photos", "top-1", "top-3", "right kind"), rows)],
    )
    return [unseen]


def _figures(found: Mapping[str, Any]) -> tuple[int | str | Share, ...]:
    shares = (found.get(name) for name in ("top1", "top3", "coarse_top1"))
    return (found.get("n", "-"), *(Share(value) if value is not None else "-" for value in shares))


def _variants(variants: Sequence[Mapping[str, Any]]) -> Section:
    return Section(
        "Precision, speed and size",
        "The same weights as LiteRT stores them, on the validation produce; one thread.",
        tables=[
            Table(
                ("precision", "top-1", "top-3", "milliseconds", "MB"),
                [
                    (
                        variant["precision"],
                        Share(variant["top1"]),
                        percent(variant["top3"]),
                        f"{variant['milliseconds']:.1f}",
                        f"{variant['bytes'] / 1e6:.1f}",
                    )
                    for variant in variants
                ],
            )
        ],
    )


def _learning(name: str, run: int, history: Sequence[Progress]) -> Section:
    """Loss and validation accuracy of a run by epoch."""
    epochs = Axis("epoch", 1, max(len(history), 2), percent=False)
    highest = max(max(progress.loss, progress.val_loss) for progress in history)
    losses = Plot(
        "Loss by epoch",
        epochs,
        Axis("loss", high=1.05 * highest, percent=False),
        lines=[
            Line([(progress.epoch + 1, progress.loss) for progress in history], "other"),
            Line([(progress.epoch + 1, progress.val_loss) for progress in history]),
        ],
    )
    lowest = min(progress.val_accuracy for progress in history)
    accuracy = Plot(
        "Validation accuracy by epoch",
        epochs,
        Axis("accuracy", low=max(0.0, lowest - 0.05)),
        lines=[Line([(progress.epoch + 1, progress.val_accuracy) for progress in history])],
    )
    best = best_of(history)
    return Section(
        f"How {name} learned, run {run}",
        f"{len(history)} epochs; the weights of epoch {best.epoch + 1} were kept.",
        [
            Chart(
                losses,
                "Red: training loss, on altered and mixed photos. Green: validation log-loss.",
            ),
            Chart(
                accuracy, "Of the validation photos, over all classes that training tells apart."
            ),
        ],
    )
