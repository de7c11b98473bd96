"""How good recognition is on labelled photos, in the numbers a shop cares about."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from smartscale.domain.prediction import NO_ITEM
from smartscale.recognition.curves import accepted_when, bootstrapped_errors, reliability
from smartscale.recognition.hierarchy import CoarseClass, coarse_of
from smartscale.recognition.labelled_photos import Truth
from smartscale.recognition.recogniser import Score
from smartscale.recognition.uncertainty import Interval, centred, percentiles, resampled, wilson

_AMONG_FIRST = 3


@dataclass(frozen=True)
class Outcome:
    """What became of one photo."""

    truth: Truth
    answer: Score
    """The label that the model answers with."""
    rank: int
    """How many labels stand before the true one; 0 is right. Meaningless without a true label."""
    sure: bool
    """Produce, and sure enough to be sold without a question."""
    acceptance: float
    """Acceptance score: 1 - P(unknown) - P(empty), how probable it is that produce is there."""

    @property
    def right(self) -> bool:
        """Whether the answer is the true label."""
        return isinstance(self.truth, str) and self.rank == 0

    @property
    def coarse_truth(self) -> CoarseClass | None:
        """The true kind of produce; None for what is not on the menu."""
        return coarse_of(self.truth) if isinstance(self.truth, str) else self.truth

    @property
    def coarse_right(self) -> bool:
        """Whether the answer is of the true kind: an apple for an apple, whichever."""
        return coarse_of(self.answer.label) == self.coarse_truth

    @property
    def matches(self) -> bool:
        """Whether it is right as far as one can know: the label, or the kind where that is all."""
        return self.right if isinstance(self.truth, str) else self.coarse_right

    @property
    def shown(self) -> str | None:
        """The name of what the photo shows; None for what is not on the menu."""
        return self.truth.name if isinstance(self.truth, CoarseClass) else self.truth

    @property
    def is_produce(self) -> bool:
        """Whether the photo shows something on the menu."""
        return self.truth is not None and self.truth not in NO_ITEM


@dataclass(frozen=True)
class ClassQuality:
    """One label's photos and the share of them recognised first, or among the first three."""

    n: int
    top1: float
    top3: float


@dataclass(frozen=True)
class CoarseQuality:
    """One kind of produce's photos and the share of them recognised as that kind."""

    n: int
    top1: float


@dataclass(frozen=True)
class Confusion:
    """How many photos of one label were answered with another."""

    truth: str
    answer: str
    n: int


@dataclass(frozen=True)
class Quality:
    """All shares are from 0 to 1, and None where there was no photo to measure them on."""

    n: int
    """Photos of a known label: `top1` to `error_when_sure` and `per_class` are measured on them."""
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
    negatives_accepted_at_95: float | None
    """Share of the negatives accepted by the threshold that accepts 95 % of the produce, where a
    photo's score is 1 - P(unknown) - P(empty) and a score from the threshold up is accepted."""
    acceptance_threshold_at_95: float | None
    """That threshold."""
    n_coarse: int
    """Photos whose kind of produce is known: those of a label, and those of a coarse class only."""
    coarse_top1: float | None
    """Share of them answered with a label of the right kind: an apple for an apple."""
    intervals: dict[str, Interval]
    """95 % intervals of the figures above: Wilson's for shares, bootstrapped for `ece`, and the
    wider of both for `negatives_accepted_at_95`, whose threshold varies too."""
    confusions: list[Confusion]
    """Wrong answers by truth and answer, most frequent first."""
    per_class: dict[str, ClassQuality]
    per_coarse_class: dict[str, CoarseQuality]


def judge(truth: Truth, scores: Sequence[Score], confirm: float) -> Outcome:
    """What becomes of a photo that the model gave these scores.

    Args:
        truth: what the photo shows.
        scores: every label's score, best first.
        confirm: the confidence below which an answer must be confirmed.
    """
    labels = [score.label for score in scores]
    best = scores[0]
    return Outcome(
        truth=truth,
        answer=best,
        rank=labels.index(truth) if truth in labels else len(labels),
        sure=best.label not in NO_ITEM and best.confidence >= confirm,
        acceptance=1.0 - sum(score.confidence for score in scores if score.label in NO_ITEM),
    )


def measure(truths: Sequence[Truth], answers: Sequence[Sequence[Score]], confirm: float) -> Quality:
    """Compare answers with the truth.

    Args:
        truths: what each photo shows.
        answers: each photo's scores, best first.
        confirm: the confidence below which an answer must be confirmed.
    """
    return summarise(
        [judge(truth, scores, confirm) for truth, scores in zip(truths, answers, strict=True)]
    )


def summarise(outcomes: Iterable[Outcome]) -> Quality:
    """The figures of a set of photos."""
    every = list(outcomes)
    labelled = [outcome for outcome in every if isinstance(outcome.truth, str)]
    negatives = [outcome for outcome in every if outcome.truth is None]
    kinds = [outcome for outcome in every if outcome.is_produce]
    hits = {
        "top1": [outcome.right for outcome in labelled],
        "top3": [outcome.rank < _AMONG_FIRST for outcome in labelled],
        "needs_confirmation": [not outcome.sure for outcome in labelled],
        "error_when_sure": [not outcome.right for outcome in labelled if outcome.sure],
        "negatives_accepted": [outcome.sure for outcome in negatives],
        "coarse_top1": [outcome.coarse_right for outcome in kinds],
    }
    intervals = {name: wilson(sum(hit), len(hit)) for name, hit in hits.items() if hit}
    ece = None
    if labelled:
        confidences = np.array([outcome.answer.confidence for outcome in labelled])
        correct = np.array(hits["top1"], bool)
        ece = calibration_error(confidences, correct)
        intervals["ece"] = centred(bootstrapped_errors(confidences, correct), ece)
    at_95 = threshold = None
    if kinds and negatives:
        produce = np.array([outcome.acceptance for outcome in kinds])
        other = np.array([outcome.acceptance for outcome in negatives])
        at_95, threshold = (float(value) for value in accepted_when(produce, other))
        drawn_shares, _ = accepted_when(
            produce[resampled(len(kinds))], other[resampled(len(negatives))]
        )
        # Where all or none are accepted, drawing them again says nothing of how few they are.
        own = wilson(round(at_95 * len(negatives)), len(negatives))
        drawn = percentiles(drawn_shares)
        intervals["negatives_accepted_at_95"] = min(own[0], drawn[0]), max(own[1], drawn[1])
    return Quality(
        n=len(labelled),
        top1=_share(hits["top1"]),
        top3=_share(hits["top3"]),
        ece=ece,
        needs_confirmation=_share(hits["needs_confirmation"]),
        error_when_sure=_share(hits["error_when_sure"]),
        n_negatives=len(negatives),
        negatives_accepted=_share(hits["negatives_accepted"]),
        negatives_accepted_at_95=at_95,
        acceptance_threshold_at_95=threshold,
        n_coarse=len(kinds),
        coarse_top1=_share(hits["coarse_top1"]),
        intervals=intervals,
        confusions=_confusions(labelled),
        per_class=_per_class(labelled),
        per_coarse_class=_per_coarse_class(kinds),
    )


def calibration_error(confidences: ArrayLike, correct: ArrayLike) -> float:
    """Expected calibration error over equal-width bins of confidence."""
    bins = reliability(confidences, correct)
    gaps = sum(abs(found.n * found.confidence - found.right) for found in bins)
    return float(gaps / sum(found.n for found in bins))


def _confusions(labelled: Sequence[Outcome]) -> list[Confusion]:
    pairs = Counter(
        (str(outcome.truth), outcome.answer.label) for outcome in labelled if not outcome.right
    )
    return [Confusion(truth, answer, n) for (truth, answer), n in pairs.most_common()]


def _per_class(labelled: Sequence[Outcome]) -> dict[str, ClassQuality]:
    grouped: dict[str, list[int]] = {}
    for outcome in labelled:
        grouped.setdefault(str(outcome.truth), []).append(outcome.rank)
    return {
        label: ClassQuality(
            n=len(ranks),
            top1=sum(rank < 1 for rank in ranks) / len(ranks),
            top3=sum(rank < _AMONG_FIRST for rank in ranks) / len(ranks),
        )
        for label, ranks in sorted(grouped.items())
    }


def _per_coarse_class(kinds: Sequence[Outcome]) -> dict[str, CoarseQuality]:
    grouped: dict[str, list[bool]] = {}
    for outcome in kinds:
        if outcome.coarse_truth:
            grouped.setdefault(outcome.coarse_truth.name, []).append(outcome.coarse_right)
    return {
        name: CoarseQuality(len(hits), sum(hits) / len(hits))
        for name, hits in sorted(grouped.items())
    }


def _share(outcomes: Sequence[bool]) -> float | None:
    return sum(outcomes) / len(outcomes) if outcomes else None
