"""Finds the taught items that a model mixes up, by the pictures that taught them.

Each picture is compared with all others: one that is nearer to another item's picture than to its
own item's would be taken for that item. An item with a single picture has none of its own to
compare with, so a fixed likeness stands for it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from smartscale.domain.told_apart import MixedUp, ToldApart
from smartscale.recognition.memory import Vectors

ALIKE = 0.5
"""The cosine from which single pictures of two items count as alike. By `benchmarks/alike.py` on
the 50 kinds of produce of the training split, each taught by one picture, the next picture of one
is taken for the other in 0.8 % of the pairs below it and in 6 % of those above."""
PICTURES_COMPARED = 5
"""Of each item, the newest: 300 items are compared in half a second."""
MOST_PAIRS = 30
HARMED = 0.3
"""The share of an item's pictures, and two at least, that a new picture of another item must not
take away."""


def find_harmful(
    known: Mapping[str, Sequence[Vectors]], new: Sequence[tuple[str, Vectors]]
) -> dict[int, str]:
    """Which new pictures would make those that are known be told apart worse, by their places, and
    which item each is nearest to.

    Each known picture is compared with all others, as if it had never been given. A new picture
    does harm where several of another item's are nearer to it than to any of their own item's,
    though they were right without it.

    Args:
        known: embeddings of unit length by the label of the item.
        new: labels and embeddings.
    """
    taught = {label: np.stack(vectors) for label, vectors in known.items() if len(vectors) > 1}
    found: dict[int, str] = {}
    for place, (said, vector) in enumerate(new):
        for label, vectors in taught.items():
            if label == said:
                continue
            likeness = vectors @ vectors.T
            np.fill_diagonal(likeness, -1.0)
            others = [
                (np.stack(theirs) @ vectors.T).max(axis=0)
                for other, theirs in known.items()
                if other != label and len(theirs)
            ]
            own = likeness.max(axis=1)
            right = own > np.max(others, axis=0) if others else np.ones(len(own), bool)
            taken = right & (vectors @ vector > own)
            if taken.sum() >= max(2, HARMED * len(vectors)):
                found[place] = label
    return found


def find_mixed_up(lessons: Mapping[str, Sequence[Vectors]]) -> ToldApart:
    """The pairs of items that are mixed up.

    Args:
        lessons: embeddings of unit length by the label of the item, the newest last.
    """
    newest = {label: vectors[-PICTURES_COMPARED:] for label, vectors in lessons.items()}
    taught = {label: np.stack(vectors) for label, vectors in newest.items() if vectors}
    if not taught:
        return ToldApart(mixed_up=())
    labels = list(taught)
    counts = np.array([len(vectors) for vectors in taught.values()])
    owner = np.repeat(np.arange(len(labels)), counts)
    first = np.cumsum(counts) - counts
    pictures = np.concatenate(list(taught.values()))
    likeness = pictures @ pictures.T
    np.fill_diagonal(likeness, -1.0)
    nearest = np.maximum.reduceat(likeness, first, axis=1)  # of each item, to each picture
    rows = np.arange(len(pictures))
    own = np.where(counts[owner] > 1, nearest[rows, owner], ALIKE)
    taken_for = nearest >= own[:, None]
    taken_for[rows, owner] = False
    nearer = np.add.reduceat(taken_for.astype(int), first, axis=0)
    shares = (nearer + nearer.T) / (counts[:, None] + counts[None, :])
    pairs = [
        MixedUp(first=labels[one], second=labels[other], share=Decimal(f"{shares[one, other]:.3f}"))
        for one, other in zip(*np.nonzero(np.triu(shares, 1)), strict=True)
    ]
    worst = sorted(pairs, key=lambda pair: (-pair.share, pair.first, pair.second))
    return ToldApart(mixed_up=tuple(worst[:MOST_PAIRS]))
