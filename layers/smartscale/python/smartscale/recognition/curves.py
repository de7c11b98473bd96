"""The curves that say what a confidence is worth, from single answers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from smartscale.recognition.uncertainty import resampled

CALIBRATION_BINS = 15
PRODUCE_KEPT = 0.95


@dataclass(frozen=True)
class Bin:
    """The answers whose confidence lies between two bounds."""

    low: float
    high: float
    n: int
    right: int
    confidence: float
    """Mean confidence."""

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.right / self.n


@dataclass(frozen=True)
class Point:
    """A point of a curve, reached at a threshold."""

    x: float
    y: float
    threshold: float


def reliability(confidences: ArrayLike, correct: ArrayLike) -> list[Bin]:
    """Answers by confidence in bins of equal width; bins without answers are left out."""
    confidence = np.asarray(confidences, np.float64)
    right = np.asarray(correct, bool)
    place = _bins(confidence)
    return [
        Bin(
            low=index / CALIBRATION_BINS,
            high=(index + 1) / CALIBRATION_BINS,
            n=int((place == index).sum()),
            right=int(right[place == index].sum()),
            confidence=float(confidence[place == index].mean()),
        )
        for index in np.unique(place).tolist()
    ]


def bootstrapped_errors(
    confidences: NDArray[np.float64], correct: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """The calibration error of every resampling of the answers."""
    drawn = resampled(len(confidences))
    samples = np.arange(len(drawn))[:, np.newaxis]
    place = samples * CALIBRATION_BINS + _bins(confidences)[drawn]
    gaps = np.bincount(
        place.ravel(), (confidences - correct)[drawn].ravel(), len(drawn) * CALIBRATION_BINS
    )
    summed = np.abs(gaps).reshape(len(drawn), CALIBRATION_BINS).sum(axis=1)
    return np.asarray(summed / len(confidences))


def risk_coverage(confidences: ArrayLike, correct: ArrayLike, n: int) -> list[Point]:
    """For each threshold: share of answers that nobody confirms (x), share wrong of those (y).

    From the highest threshold down, so that x grows.

    Args:
        confidences: of the answers that may go unconfirmed at some threshold.
        correct: whether each is right.
        n: all answers, with those that always need confirmation.
    """
    confidence = np.asarray(confidences, np.float64)
    right = np.asarray(correct, bool)
    thresholds, last = _steps(confidence)
    wrong = np.cumsum(~right[np.argsort(-confidence, kind="stable")])
    return [
        Point((at + 1) / n, float(wrong[at]) / (at + 1), threshold)
        for threshold, at in zip(thresholds.tolist(), last.tolist(), strict=True)
    ]


def acceptance(produce: ArrayLike, negatives: ArrayLike) -> list[Point]:
    """For each threshold of the acceptance score: share of produce (x) and of negatives (y)
    that reach it.

    Args:
        produce: acceptance scores of produce, at least one.
        negatives: acceptance scores of what is not on the menu, at least one.
    """
    sold, other = np.sort(np.asarray(produce, float)), np.sort(np.asarray(negatives, float))
    thresholds = np.unique(np.concatenate([sold, other]))[::-1]
    return [
        Point(_share_from(sold, threshold), _share_from(other, threshold), threshold)
        for threshold in thresholds.tolist()
    ]


def accepted_when(
    produce: NDArray[np.float64], negatives: NDArray[np.float64], kept: float = PRODUCE_KEPT
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The share of negatives accepted where at least `kept` of the produce is.

    Args:
        produce: acceptance scores, shape (..., P): leading axes are samples of their own.
        negatives: acceptance scores, shape (..., N).
        kept: the share of produce that must be accepted.

    Returns:
        The share of negatives, and the highest threshold that accepts that much produce, (...).
    """
    count = produce.shape[-1]
    needed = max(1, int(np.ceil(kept * count - 1e-9)))
    threshold = np.partition(produce, count - needed, axis=-1)[..., count - needed]
    return (negatives >= threshold[..., np.newaxis]).mean(axis=-1), threshold


def _bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return np.asarray(bins, np.int64)


def _steps(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distinct scores, highest first, and how many scores reach each, less one."""
    values, counts = np.unique(scores, return_counts=True)
    return values[::-1], np.cumsum(counts[::-1]) - 1


def _share_from(ascending: NDArray[np.float64], threshold: float) -> float:
    return 1 - float(np.searchsorted(ascending, threshold)) / len(ascending)
