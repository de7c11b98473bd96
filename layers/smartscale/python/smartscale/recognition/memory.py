"""The memory as a head: network, discriminant and the shop's lessons in one distribution.

Two things know what a picture shows. The network and the discriminant of its training photos (how
near is the picture to the mean of each label, in units of how much photos of one label differ) know
what the package was trained on. The lessons know what this shop's scale shows: by the mean of each
item's lessons, by the nearest of them, and by what the network makes of it besides. A gate says how
much each counts for this picture: the lessons, where it is nearer to them than to what the network
was trained on, and the less the surer the network is.

All of it is recomputed in closed form when something is learned: sums, means, one product of
matrices. The few numbers that weigh the parts come with the package (`training/head_fit.py`).
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

NEIGHBOURS = 5
"""How many training photos say how near to the training a picture is."""
LEAST = -15.0
"""The least that the network's logarithm of a probability may say against a lesson."""
FAR = 200.0
MOST_ITEMS = 30
"""More items say nothing more of whether a picture shows one of them."""


class HeadError(ValueError):
    """The file of a head is damaged, or fits its package badly; its text says how."""


@dataclass(frozen=True)
class Weights:
    """What each part counts for; found by `smartscale train head`."""

    discriminant: float = 0.0
    """Of the discriminant's score, added to the network's logarithm of a probability."""
    mean: float = 0.00587
    """Of the distance to the mean of an item's lessons, at one lesson; less with more."""
    nearest: float = 4.8031
    """Of the inner product with the nearest lesson, at one lesson; more with more."""
    growth: float = 1.00919
    """How fast the nearest lesson gains on the mean with the logarithm of their number."""
    network: float = 0.1105
    """Of what the network says, among the items that were taught."""
    new: float = -0.18459
    """How far below the network's best answer an item counts that it does not know."""
    gate: float = -0.79569
    gate_near: float = 16.33115
    """Of how much nearer the picture is to a lesson than to the training photos."""
    gate_lessons: float = -0.3431
    """Of the logarithm of the number of lessons an item."""
    gate_items: float = -0.91071
    """Of the logarithm of the number of items, in tens."""
    gate_sure: float = 1.50571
    """Of the logarithm of the network's highest probability."""
    gate_mean: float = 0.01429
    """Of how much nearer the picture is to the mean of lessons than to one of training photos."""


@dataclass(frozen=True)
class Head:
    """What the lessons are fused with: statistics of the photos that a network was trained on.

    Embeddings are of unit length, (E,). In the discriminant's space, which `whiten` leads to,
    photos of one label vary by one in every direction.
    """

    labels: tuple[str, ...]
    """The labels of the network, in its order."""
    known: Vectors
    """Embeddings of training photos, (M, E)."""
    middle: Vectors
    """The mean of the training photos' embeddings, (E,)."""
    whiten: Vectors
    """From an embedding less `middle` into the discriminant's space, (E, E)."""
    means: Vectors
    """Of the training photos of every class, in the discriminant's space, (classes, E). A label may
    have several: each kind of carton is a class."""
    label_of: NDArray[np.int64]
    """For each class, the index of its label."""
    weights: Weights

    @property
    def length(self) -> int:
        """E."""
        return len(self.middle)

    def within(self, embeddings: Vectors) -> Vectors:
        """Embeddings (..., E) in the discriminant's space."""
        return np.asarray((embeddings - self.middle) @ self.whiten, np.float32)

    def learn(self, lessons: Mapping[str, Sequence[Vectors]]) -> "Memory":
        """What is known when these embeddings have been taught, by label."""
        taught = {label: np.stack(vectors) for label, vectors in lessons.items() if len(vectors)}
        return Memory(self, taught)

    def dump(self) -> bytes:
        """The content of a package's `head.npz`: arrays alone, nothing that is executed."""
        out = io.BytesIO()
        np.savez_compressed(
            out,
            known=self.known.astype(np.float16),
            middle=self.middle.astype(np.float32),
            whiten=self.whiten.astype(np.float16),
            means=self.means.astype(np.float16),
            label_of=self.label_of.astype(np.int16),
            weights=np.array(list(asdict(self.weights).values()), np.float64),
        )
        return out.getvalue()

    @classmethod
    def load(cls, content: bytes, labels: Sequence[str], length: int) -> Self:
        """The head in the content of a `head.npz`.

        Args:
            content: the file's bytes.
            labels: of the package's network.
            length: of the network's embedding.

        Raises:
            HeadError: it is damaged, or is another network's.
        """
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                part = {name: np.asarray(stored[name]) for name in stored}
            weights = Weights(*(float(value) for value in part["weights"]))
            found = cls(
                labels=tuple(labels),
                known=part["known"].astype(np.float32),
                middle=part["middle"].astype(np.float32),
                whiten=part["whiten"].astype(np.float32),
                means=part["means"].astype(np.float32),
                label_of=part["label_of"].astype(np.int64),
                weights=weights,
            )
        except Exception as error:  # zip, zlib and numpy raise many kinds for a damaged file
            raise HeadError(f"cannot be read: {error}") from error
        found._check(length, len(part["weights"]))
        return found

    def _check(self, length: int, weights: int) -> None:
        shapes = {
            "known": (self.known.shape, (len(self.known), length)),
            "middle": (self.middle.shape, (length,)),
            "whiten": (self.whiten.shape, (length, length)),
            "means": (self.means.shape, (len(self.label_of), length)),
            "weights": ((weights,), (len(fields(Weights)),)),
        }
        for name, (is_, due) in shapes.items():
            if is_ != due:
                raise HeadError(f"{name} has the shape {is_}, not {due}")
        if len(self.known) < NEIGHBOURS or not len(self.label_of):
            raise HeadError("it knows too few training photos")
        if not 0 <= self.label_of.min() <= self.label_of.max() < len(self.labels):
            raise HeadError("it knows other labels than the network")
        numbers = (self.known, self.middle, self.whiten, self.means)
        if not all(np.isfinite(part).all() for part in numbers):
            raise HeadError("it holds what is no number")


class Memory:
    """A head with a shop's lessons. It never changes: what is learned makes another one."""

    def __init__(self, head: Head, taught: Mapping[str, Vectors]) -> None:
        """Compute everything that a weighing needs.

        Args:
            head: what the package knows.
            taught: embeddings by label, each (n, E).
        """
        self._head = head
        self.taught = dict(taught)
        known = {label: place for place, label in enumerate(head.labels)}
        new = [label for label in self.taught if label not in known]
        self.labels = (*head.labels, *new)
        places = {label: place for place, label in enumerate(self.labels)}
        self._columns = np.array([places[label] for label in self.taught], np.int64)
        self._halves = 0.5 * (head.means**2).sum(axis=1)
        if not self.taught:
            return
        self._lessons = np.concatenate(list(self.taught.values()))
        counts = np.array([len(vectors) for vectors in self.taught.values()])
        self._starts = np.cumsum(counts) - counts
        spread = np.add.reduceat(head.within(self._lessons), self._starts, axis=0)
        self._means = spread / counts[:, np.newaxis]
        self._mean_halves = 0.5 * (self._means**2).sum(axis=1)
        weights = head.weights
        gain = 1 + weights.growth * np.log(counts)
        # A mean of few lessons is itself uncertain.
        self._certain = counts / (counts + 1.0)
        self._mean_weight = weights.mean / gain
        self._nearest_weight = weights.nearest * gain
        self._gate = (
            weights.gate
            + weights.gate_lessons * np.log(counts.mean())
            + weights.gate_items * np.log(min(len(counts), MOST_ITEMS) / 10)
        )

    def fuse(
        self, logits: NDArray[np.float64], embedding: Vectors
    ) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """All labels, those that were taught included, and the logarithms of their probabilities.

        Args:
            logits: the network's, calibrated, one per label of its own.
            embedding: of the same picture, shape (E,).
        """
        head, weights = self._head, self._head.weights
        seen = head.within(embedding)
        own = 0.5 * float(seen @ seen)
        classes = head.means @ seen - self._halves - own
        base = log_shares(logits)
        if weights.discriminant:
            scores = np.full(len(head.labels), classes.min())
            np.maximum.at(scores, head.label_of, classes)
            base = log_shares(base + weights.discriminant * tailed(scores, head.length))
        if not self.taught:
            return self.labels, base
        # What the network says of items it does not know: nearly as much as of its best answer.
        said = np.full(len(self.labels), base.max() - weights.new)
        said[: len(base)] = base
        means = self._certain * (self._means @ seen - self._mean_halves - own)
        similar = self._lessons @ embedding
        nearest = np.maximum.reduceat(similar, self._starts)
        lessons = log_shares(
            self._mean_weight * means
            + self._nearest_weight * nearest
            + weights.network * np.maximum(said[self._columns], LEAST)
        )
        usual = np.sort(head.known @ embedding)[-NEIGHBOURS:].mean()
        gate = (
            self._gate
            + weights.gate_near * (nearest.max() - usual)
            + weights.gate_sure * base.max()
            + weights.gate_mean * np.clip(means.max() - classes.max(), -FAR, FAR)
        )
        fused = np.full(len(self.labels), -np.inf)
        fused[: len(base)] = base - np.logaddexp(0, gate)
        by_lessons = lessons - np.logaddexp(0, -gate)
        fused[self._columns] = np.logaddexp(fused[self._columns], by_lessons)
        return self.labels, fused


def tailed(scores: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Scores -d²/2 of a normal distribution as those of Student's, of `length` degrees of freedom.

    A picture from elsewhere is far from every class: that one of them is nearer by a little must
    then say little.
    """
    return np.asarray(-length * np.log1p(np.maximum(-2 * scores, 0) / length))


def log_shares(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithms of the softmax of scores."""
    moved = np.asarray(scores - scores.max(), np.float64)
    return np.asarray(moved - np.log(np.exp(moved).sum()))
