"""How good recognition is on labelled photos, in the numbers a shop cares about."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from smartscale.domain.prediction import NO_ITEM
from smartscale.recognition.recogniser import Score

NEGATIVES = "_negatives"
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
CALIBRATION_BINS = 15


class EvaluationError(ValueError):
    """The folder cannot be evaluated; the text says what is wrong with it."""


@dataclass(frozen=True)
class ClassQuality:
    """One label's photos and the share of them recognised first, or among the first three."""

    n: int
    top1: float
    top3: float


@dataclass(frozen=True)
class Quality:
    """All shares are from 0 to 1, and None where there was no photo to measure them on."""

    n: int
    """Labelled photos. All but `negatives_accepted` is measured on these."""
    top1: float | None
    top3: float | None
    ece: float | None
    """Expected calibration error: how far confidence and accuracy lie apart, over 15 bins."""
    needs_confirmation: float | None
    """Share that somebody must confirm: below the threshold, or `unknown`, or `empty`."""
    error_when_sure: float | None
    """Share of wrong answers among those that nobody is asked to confirm."""
    n_negatives: int
    negatives_accepted: float | None
    """Share of the negatives that would be sold without a question: the first answer is produce
    and its confidence reaches the threshold for confirmation."""
    per_class: dict[str, ClassQuality]


def measure(
    truths: Sequence[str | None], answers: Sequence[Sequence[Score]], confirm: float
) -> Quality:
    """Compare answers with the truth.

    Args:
        truths: each photo's label, or None for what is not on the menu.
        answers: each photo's scores, best first.
        confirm: the confidence below which an answer must be confirmed.
    """
    ranks: dict[str, list[int]] = defaultdict(list)
    confidences, correct, sure, accepted = [], [], [], []
    for truth, scores in zip(truths, answers, strict=True):
        best = scores[0]
        is_sure = is_certain(best, confirm)
        if truth is None:
            accepted.append(is_sure)
            continue
        labels = [score.label for score in scores]
        ranks[truth].append(labels.index(truth) if truth in labels else len(labels))
        confidences.append(best.confidence)
        correct.append(best.label == truth)
        sure.append(is_sure)
    every_rank = [rank for of_class in ranks.values() for rank in of_class]
    right = np.array(correct, bool)
    return Quality(
        n=len(every_rank),
        top1=_share([rank < 1 for rank in every_rank]),
        top3=_share([rank < 3 for rank in every_rank]),  # noqa: PLR2004
        ece=calibration_error(confidences, correct) if correct else None,
        needs_confirmation=_share([not is_sure for is_sure in sure]),
        error_when_sure=_share([not is_right for is_right in right[np.array(sure, bool)]]),
        n_negatives=len(accepted),
        negatives_accepted=_share(accepted),
        per_class={
            label: ClassQuality(
                n=len(of_class),
                top1=sum(rank < 1 for rank in of_class) / len(of_class),
                top3=sum(rank < 3 for rank in of_class) / len(of_class),  # noqa: PLR2004
            )
            for label, of_class in sorted(ranks.items())
        },
    )


def is_certain(best: Score, confirm: float) -> bool:
    """Whether the best answer is produce and sure enough to be priced without a question."""
    return best.label not in NO_ITEM and best.confidence >= confirm


def calibration_error(confidences: ArrayLike, correct: ArrayLike) -> float:
    """Expected calibration error over equal-width bins of confidence."""
    confidence = np.asarray(confidences, np.float64)
    right = np.asarray(correct, np.float64)
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, confidence - right, CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / confidence.size)


def read_folder(folder: Path, labels: Sequence[str]) -> Iterator[tuple[Path, str | None]]:
    """The photos of `folder/<label>/` with their labels; None for those in `_negatives`.

    Folder names match labels whatever their case, hyphens, underscores or spaces.

    Raises:
        EvaluationError: there is no such folder, a folder matches no label, or no photo is there.
    """
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is not a folder")
    known = {plain_name(label): label for label in labels}
    found: list[tuple[Path, str | None]] = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        if place.name.startswith((".", "__")):  # what systems leave behind, such as __MACOSX
            continue
        if place.name == NEGATIVES:
            label = None
        elif plain_name(place.name) in known:
            label = known[plain_name(place.name)]
        else:
            raise EvaluationError(
                f"the folder {place.name!r} matches no label of the model; "
                f"what is not on the menu goes into {NEGATIVES}"
            )
        found += [
            (path, label)
            for path in sorted(place.iterdir())
            if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()
        ]
    if not found:
        raise EvaluationError(f"{folder} holds no photos in folders named after labels")
    return iter(found)


def plain_name(name: str) -> str:
    """A name without case, hyphens, underscores and spaces, to compare it by."""
    return "".join(name.casefold().translate({ord(mark): " " for mark in "-_"}).split())


def _share(outcomes: Sequence[bool]) -> float | None:
    return sum(outcomes) / len(outcomes) if outcomes else None
