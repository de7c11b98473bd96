"""What a package knows of a label of which there are no photos but of one thing on white.

Some labels that such pictures show are in photos of other sets too. Those photos are left out of
what the classifier for pictures from elsewhere is fitted on, and it is asked for them, once with
scenes of the cut-outs (`training/scenes.py`) and once without. It compares by what the untouched
network sees alone, as the trained ones have learned from such photos.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.memory import Vectors, linear
from training.data import CUT_OUTS
from training.heads.seen import Seen
from training.heads.strangers import elsewhere_of

FEW = 3


@dataclass(frozen=True)
class CutOutWorth:
    """How many photos of a set are recognised by cut-outs alone, in shares."""

    place: str
    n: int
    top1: float
    top3: float
    top1_on_white: float
    """By the pictures on white alone, without scenes."""
    top3_on_white: float


def worth_of_cut_outs(seen: Seen, shares: Vectors, trained: int) -> Iterator[CutOutWorth]:
    """Measure it on each set of photos that shows such labels.

    Args:
        seen: photos of all sets, and the scenes.
        shares: how much each label is what they show (N, labels).
        trained: how many numbers of an embedding come from trained networks, which are first.
    """
    shown, white = shares > 0, seen.sets == CUT_OUTS
    of_cut_outs = shown[white].any(axis=0)
    tested = ~white & shown.any(axis=1) & ~shown[:, ~of_cut_outs].any(axis=1)
    # Labels that one folder may show, as the varieties of tomato, are one here.
    alike = shown[white].astype(int).T @ shown[white] > 0
    untouched = replace(seen, embeddings=seen.embeddings[:, trained:])
    photographed = seen.places == seen.sets
    with_scenes = _answers(untouched, shares, ~tested, tested)
    on_white = _answers(untouched, shares, ~tested & photographed, tested)
    right = shown[tested].astype(int) @ alike > 0
    for place in np.unique(seen.places[tested]):
        rows = seen.places[tested] == place
        first, few = _hits(with_scenes[rows], right[rows])
        first_on_white, few_on_white = _hits(on_white[rows], right[rows])
        yield CutOutWorth(str(place), int(rows.sum()), first, few, first_on_white, few_on_white)


def _answers(
    seen: Seen, shares: Vectors, learned: NDArray[np.bool_], asked: NDArray[np.bool_]
) -> NDArray[np.float64]:
    rows = np.flatnonzero(learned)
    return linear(seen.embeddings[asked], elsewhere_of(seen.at(rows), shares[rows]))


def _hits(answers: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """The shares of photos of which a right label comes first, or among the first three."""
    best = np.argsort(-answers, axis=1)[:, :FEW]
    hits = np.take_along_axis(right, best, axis=1)
    return round(float(hits[:, 0].mean()), 4), round(float(hits.any(axis=1).mean()), 4)
