"""What a shop's lessons bring: a few photos of each item are taught, the others are measured.

Every draw teaches other photos. Photos of one scene are never on both sides: they are so alike that
the figures would say nothing about tomorrow.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

import numpy as np

from smartscale.domain.prediction import NO_ITEM
from smartscale.domain.taps import taps
from smartscale.recognition.evaluation import Outcome, judge, summarise
from smartscale.recognition.hierarchy import CoarseClass, coarse_of
from smartscale.recognition.labelled_photos import LabelledPhoto, Truth
from smartscale.recognition.memory import Memory, Vectors
from smartscale.recognition.package import ModelPackage
from smartscale.recognition.recogniser import Reading, Score

DRAWS = 5
SEED = 41


@dataclass(frozen=True)
class Known:
    """Photos of what the model knew before anything was taught: their top-1 then and now."""

    n: int
    top1_before: float
    top1: float


@dataclass(frozen=True)
class LessonQuality:
    """What `k` lessons per item come to: means over draws; None where nothing was measured."""

    k: int
    draws: int
    taught: float
    """Pictures taught per item: fewer than `k` where an item has too few."""
    n: int
    """Photos measured in a draw."""
    top1: float | None
    top3: float | None
    ece: float | None
    asked: float | None
    error_when_sure: float | None
    """Share of wrong answers among those that nobody is asked about."""
    taps: float | None
    """Taps per weighing."""
    negatives_accepted: float | None
    known: Known | None


@dataclass(frozen=True)
class ReadPhoto:
    """A photo, with what the network sees in it."""

    photo: LabelledPhoto
    reading: Reading


class Learner(Protocol):
    """What can be taught: a `NetworkRecogniser`."""

    @property
    def package(self) -> ModelPackage:
        """Its labels."""

    def learn(self, lessons: Mapping[str, Sequence[Vectors]]) -> Memory | None:
        """What it knows when it has been taught these embeddings, by label."""

    def scores(self, reading: Reading, memory: Memory | None = None) -> list[Score]:
        """The scores of a picture, best first."""

    def confirm(self, memory: Memory | None = None) -> float:
        """The confidence below which an answer must be confirmed."""


@dataclass(frozen=True)
class Shop:
    """A shop that teaches a model: the model, and which of its labels the shop sells."""

    recogniser: Learner
    sells: Callable[[str], bool]


def measure_lessons(
    shop: Shop,
    photos: Sequence[ReadPhoto],
    counts: Sequence[int],
    known: Sequence[ReadPhoto] | None = None,
) -> list[LessonQuality]:
    """Teach so many photos of every item and measure the rest.

    Args:
        shop: who teaches what.
        photos: to teach from and to measure on. Where nobody knows an item's variety, its kind is
            taught as one item, and each label of the kind is right.
        counts: how many lessons per item, one result each.
        known: photos of what the model knows, which are only measured; None for those of `photos`
            whose label the model knows.
    """
    items = items_of(photos)
    found = []
    for count in counts:
        draws = [_draw(shop, photos, known, items, count, number) for number in range(DRAWS)]
        found.append(_mean(count, draws))
    return found


@dataclass(frozen=True)
class _Draw:
    taught: float
    outcomes: list[tuple[Outcome, int]]
    """With the rank by what the photo's truth can tell."""
    before: list[bool]
    after: list[bool]


def name_of(truth: Truth) -> str | None:
    """What a photo is taught as: its label, or its kind as an item; None for no item."""
    return truth.name if isinstance(truth, CoarseClass) else truth


def items_of(photos: Sequence[ReadPhoto]) -> dict[str, dict[str, list[int]]]:
    """By item and scene: the places of the photos."""
    items: dict[str, dict[str, list[int]]] = {}
    for place, one in enumerate(photos):
        name = name_of(one.photo.truth)
        if name is not None and name not in NO_ITEM:
            scene = one.photo.scene or one.photo.path.name
            items.setdefault(name, {}).setdefault(scene, []).append(place)
    return items


def _chosen(
    scenes: Mapping[str, list[int]], count: int, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """The photos of an item that are taught, and those that are measured: of other scenes.

    One scene is always left to measure, however few there are.
    """
    names = sorted(scenes)
    order = [names[at] for at in rng.permutation(len(names))]
    taught: list[int] = []
    measured: list[int] = []
    for index, name in enumerate(order):
        of_scene = [scenes[name][at] for at in rng.permutation(len(scenes[name]))]
        if len(taught) < count and index < len(order) - 1:
            taught += of_scene[: count - len(taught)]
        else:
            measured += of_scene
    return taught, measured


def _draw(
    shop: Shop,
    photos: Sequence[ReadPhoto],
    known: Sequence[ReadPhoto] | None,
    items: Mapping[str, Mapping[str, list[int]]],
    count: int,
    number: int,
) -> _Draw:
    rng = np.random.default_rng((SEED, number))
    taught: dict[str, list[Vectors]] = {}
    measured = [place for place, one in enumerate(photos) if one.photo.truth in (None, *NO_ITEM)]
    for name in sorted(items):
        lessons, rest = _chosen(items[name], count, rng)
        if lessons:
            readings = [photos[place].reading for place in lessons]
            taught[name] = [one.embedding for one in readings if one.embedding is not None]
        measured += rest
    memory = shop.recogniser.learn(taught)
    confirm = shop.recogniser.confirm(memory)
    before, after = [], []
    labels = set(shop.recogniser.package.labels)

    def answer(one: ReadPhoto, memory: Memory | None) -> tuple[Outcome, int]:
        truth = one.photo.truth
        scores = [
            score
            for score in shop.recogniser.scores(one.reading, memory)
            if score.label in NO_ITEM or score.label in items or shop.sells(score.label)
        ]
        scores, truth = as_sold(scores, truth)
        outcome = judge(truth, scores, confirm)
        shown = [score.label for score in scores if score.label not in NO_ITEM]
        if isinstance(truth, str) and truth in shown:
            # An answer that is no item is not shown, but it is wrong.
            return outcome, max(shown.index(truth), int(scores[0].label in NO_ITEM))
        return outcome, len(shown)

    outcomes = [answer(photos[place], memory) for place in measured]
    for one in [photos[place] for place in measured] if known is None else known:
        if isinstance(one.photo.truth, str) and one.photo.truth in labels - NO_ITEM:
            before.append(answer(one, None)[0].right)
            after.append(answer(one, memory)[0].right)
    return _Draw(
        fmean(len(readings) for readings in taught.values()) if taught else 0.0,
        outcomes,
        before,
        after,
    )


def as_sold(scores: Sequence[Score], truth: Truth) -> tuple[list[Score], Truth]:
    """The scores of what is sold as `Products.sell` has them; for a truth that is a kind, its
    labels as one.

    A shop where nobody knows an apple's variety sells apples, not varieties.
    """
    total = max(sum(score.confidence for score in scores), 0.5)  # none more than doubles
    kind = truth if isinstance(truth, CoarseClass) else None
    shares: dict[str, float] = {}
    for score in scores:
        own = kind is not None and (score.label == kind.name or coarse_of(score.label) == kind)
        name = kind.name if kind is not None and own else score.label
        shares[name] = shares.get(name, 0.0) + score.confidence / total
    merged = [Score(label, share) for label, share in shares.items()]
    merged.sort(key=lambda score: -score.confidence)
    return merged, truth if kind is None else kind.name


def _mean(count: int, draws: Sequence[_Draw]) -> LessonQuality:
    qualities = [summarise([outcome for outcome, _ in draw.outcomes]) for draw in draws]
    spent = [
        fmean(
            taps(asked=not outcome.sure, rank=rank)
            for outcome, rank in draw.outcomes
            if outcome.is_produce
        )
        for draw in draws
        if any(outcome.is_produce for outcome, _ in draw.outcomes)
    ]
    known = [
        Known(len(draw.after), fmean(draw.before), fmean(draw.after))
        for draw in draws
        if draw.after
    ]
    return LessonQuality(
        k=count,
        draws=len(draws),
        taught=fmean(draw.taught for draw in draws),
        n=round(fmean(quality.n for quality in qualities)),
        top1=mean_over([quality.top1 for quality in qualities]),
        top3=mean_over([quality.top3 for quality in qualities]),
        ece=mean_over([quality.ece for quality in qualities]),
        asked=mean_over([quality.needs_confirmation for quality in qualities]),
        error_when_sure=mean_over([quality.error_when_sure for quality in qualities]),
        taps=mean_over(spent),
        negatives_accepted=mean_over([quality.negatives_accepted for quality in qualities]),
        known=Known(
            round(fmean(one.n for one in known)),
            fmean(one.top1_before for one in known),
            fmean(one.top1 for one in known),
        )
        if known
        else None,
    )


def mean_over(values: Sequence[float | None]) -> float | None:
    """The mean over the draws that have a value."""
    some = [value for value in values if value is not None]
    return fmean(some) if some else None
