"""Weighs the parts of a head on shops that teach some of their photos."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.memory import LESSON_PARTS, Head, Memory, Vectors, Weights
from smartscale.recognition.memory_fit import Start, Trial, search, trial_of
from training.heads.labels import labels_shown
from training.heads.seen import Seen

logger = logging.getLogger(__name__)

SEED = 29
COUNTS = (1, 3, 10)
DRAWS = 2
KEEP = 4.0
"""How much more a photo of what the network knew counts than one of a new shop."""
HALF_TAUGHT = 0.5
"""What a photo counts for where only half of the items were taught."""
ROUNDS = 60


def trials_of(
    head: Head,
    shop: Seen,
    known: Seen,
    draws: int = DRAWS,
    counts: Sequence[int] = COUNTS,
) -> list[Trial]:
    """A shop that teaches some of its photos, to weigh the parts on the others.

    Args:
        head: of a package that has never seen the shop.
        shop: its photos.
        known: photos of what the network knows.
        draws: how often it teaches so many, other ones each time.
        counts: how many it teaches of an item.
    """
    found = []
    near = farther(head, known.embeddings)
    for count in counts:
        for draw in range(draws):
            rng = np.random.default_rng((SEED, draw))
            taught, rest = lessons_of(shop, count, rng)
            memory = Memory(head, {name: shop.embeddings[rows] for name, rows in taught.items()})
            found += [
                trial_on(memory, shop.at(rest), 1.0),
                trial_on(memory, known, KEEP / 2),
                trial_on(memory, known, KEEP / 2, near),
            ]
            some = rng.permutation(sorted(taught))[: max(2, len(taught) // 2)]
            half = {str(name): shop.embeddings[taught[str(name)]] for name in some}
            found.append(trial_on(Memory(head, half), shop.at(rest), HALF_TAUGHT))
    return found


def trial_on(
    memory: Memory, shown: Seen, share: float, usual: NDArray[np.float64] | None = None
) -> Trial:
    """What a memory that nobody has weighed yet knows of photos.

    Args:
        memory: what was taught.
        shown: the photos.
        share: what they count for, all together.
        usual: how near they are to training photos, where that is to be another than it is.
    """
    logits = shown.logits / memory.head.temperature
    parts = memory.parts(shown.embeddings, logits, usual=usual)
    right = np.array([labels_shown(str(name), memory.labels) for name in shown.names])
    counts = np.full(len(shown.names), share / len(shown.names))
    return trial_of(memory, parts, right, counts)


def farther(head: Head, embeddings: Vectors) -> NDArray[np.float64]:
    """How near photos are to the training, as if none of it were of their day and shop (N,)."""
    near = np.sort(embeddings @ head.known.T, axis=1)[:, -20:-10]
    return np.asarray(near.mean(axis=1), np.float64)


def weigh(trials: Sequence[Trial], base: Weights | None = None) -> Weights:
    """The weights of lessons and gate by which what the photos show is least surprising.

    Args:
        trials: the photos.
        base: where the other weights are from.
    """
    began = Weights()
    lessons = np.array([*began.lessons, *began.growth])
    gate = np.array(began.gate)
    start = Start(lessons, gate, np.full(len(lessons), 0.05), np.full(len(gate), 0.5))
    found = search(trials, start, ROUNDS)
    logger.info("Loss %.4f", found.loss)
    parts = len(LESSON_PARTS)
    rounded = [float(number) for number in found.lessons.round(5)]
    return replace(
        base or began,
        lessons=tuple(rounded[:parts]),
        growth=tuple(rounded[parts:]),
        gate=tuple(float(number) for number in found.gate.round(5)),
    )


def lessons_of(
    shop: Seen, count: int, rng: np.random.Generator
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64]]:
    """Rows to teach by name, and rows of other scenes."""
    taught: dict[str, NDArray[np.int64]] = {}
    rest: list[int] = []
    for name in np.unique(shop.names):
        rows = np.flatnonzero(shop.names == name)
        chosen: list[int] = []
        scenes = rng.permutation(np.unique(shop.scenes[rows]))
        for index, scene in enumerate(scenes):
            of_scene = rng.permutation(rows[shop.scenes[rows] == scene]).tolist()
            if len(chosen) < count and index < len(scenes) - 1:
                chosen += of_scene[: count - len(chosen)]
            else:
                rest += of_scene
        if chosen:
            taught[str(name)] = np.array(chosen)
    return taught, np.array(rest)
