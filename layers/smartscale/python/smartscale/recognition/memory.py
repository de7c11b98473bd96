"""Fuses what a shop has taught its scales with what the network says.

A picture that is much nearer to a taught picture than to the training pictures probably shows the
taught item, however sure the network is of another: the network can only choose among its labels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

NEIGHBOURS = 5
SLOPE = 20.0
OFFSET = -2.5
"""Chosen by `smartscale train enrolment` with ten kinds that a network had not been trained on: the
value that gets most of them right while the trained kinds lose less than half a point."""


@dataclass(frozen=True)
class Memory:
    """Taught pictures of items, and the network's own to compare with; all of unit length."""

    taught: Mapping[str, Vectors]
    """By the label of the item on them, each (n, E)."""
    known: Vectors
    """Embeddings of pictures that the network was trained on, shape (M, E)."""

    @classmethod
    def of(cls, lessons: Mapping[str, Sequence[Vectors]], known: Vectors) -> "Memory":
        """A memory of embeddings by label."""
        return cls({label: np.stack(vectors) for label, vectors in lessons.items()}, known)

    def fuse(
        self, labels: Sequence[str], logits: NDArray[np.float64], embedding: Vectors
    ) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """The labels with the taught ones added, and their logits.

        Args:
            labels: the network's labels.
            logits: calibrated, one per label.
            embedding: of the same picture, shape (E,).
        """
        if not self.taught:
            return tuple(labels), logits
        usual = np.sort(self.known @ embedding)[-NEIGHBOURS:].mean()
        fused = dict(zip(labels, logits, strict=True))
        for label, taught in self.taught.items():
            nearest = (taught @ embedding).max()
            evidence = logits.max() + SLOPE * (nearest - usual) + OFFSET
            fused[label] = np.logaddexp(fused.get(label, -np.inf), evidence)
        return tuple(fused), np.array(list(fused.values()), np.float64)
