"""The memory as a head: network, discriminant and the shop's lessons in one distribution.

Three things know what a picture shows. The network and the discriminant of its training photos (how
alike it is to the mean of each label, in units of how much photos of one label differ) know
what the package was trained on. A linear classifier, fitted on photos of many places, knows a
little of everywhere: it answers where a picture is like nothing that the network was trained on,
and seldom is it sure. The lessons know what this shop's scale shows: by the mean of each item's
lessons, by the nearest of them, by a ridge regression on all of them, and by what the network makes
of it besides. A gate says how much each counts for this picture: the lessons, where it is nearer to
them than to what the network was trained on, and the less the surer the network is.

All of it is recomputed in closed form when something is learned: sums, means, one inverse matrix.
The numbers that weigh the parts come with the package (`training/heads`), and every memory
adapts them to its shop: each lesson is recognised by all the others (`memory_fit.py`).
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Logs = NDArray[np.float64]
"""Logarithms of probabilities."""

NEIGHBOURS = 5
"""How many training photos say how near to the training a picture is."""
LEAST = -15.0
"""The least that the network's logarithm of a probability may say against a lesson."""
FAR = 200.0
MOST_ITEMS = 30
"""More items say nothing more of whether a picture shows one of them."""
RIDGE = 0.1
"""What the regression on the lessons adds to their inner products."""
AS_TRAINED = 150.0
"""How many lessons weigh as much as the training photos in how much pictures of an item differ."""
MANY, LIKELY = 3000, 12
"""With more lessons than this a weighing compares with each lesson of so many items only: those
whose mean is nearest."""
IMPOSSIBLE = -1e9
SMALLEST = 1e-3
"""The share below which ImageNet's own classifier says no more of a concept."""


class HeadError(ValueError):
    """The file of a head is damaged, or fits its package badly; its text says how."""


LESSON_PARTS = ("mean", "nearest", "ridge", "network", "new")
"""What speaks for a taught item: the picture's distance to the mean of its lessons (a tenth of the
logarithm of a density), ten times the inner product with the nearest one, eight times what a ridge
regression says, the network's logarithm of a probability, and 1 where the network has no such
label."""
GATE_PARTS = ("always", "lessons", "items", "nearer", "sure", "mean", "ridge", "place")
"""What speaks for the lessons as a whole: 1, the logarithms of how many lessons an item and how
many items (in tens), ten times how much nearer the picture is to a lesson than to training photos,
the logarithm of the network's highest probability, a hundredth of how much nearer it is to a mean
of lessons than to one of training photos, eight times the most that the ridge regression says, and
three times how much farther from where the network was trained it was taken than the lessons were
(`Head.place`)."""
MOST_FARTHER = 2.0
"""How much farther or nearer the last is looked at."""
STRANGE_PARTS = ("always", "usual", "alike", "sure", "place", "new")
"""What speaks for a picture being from elsewhere: 1, ten times how near it is to the nearest photos
that the network was trained on, ten times how alike to the most alike class, the logarithm of the
highest probability that network and discriminant give a label, five times what `Head.place` says,
and how surprised the classifier for pictures from elsewhere would be if it showed what the network
has a label for."""
MOST_SURPRISE = 5.0
"""The most that it is surprised."""


ASSURANCE_PARTS = ("odds", "ridge", "typical")
"""What says whether a first answer that was taught is right: the log-odds of its share, how much
more the ridge regression says for it than for any other item (times eight), and how much nearer the
picture is to the mean of its lessons than each of them is to the mean of the others (both as in
`LESSON_PARTS`)."""
ASSURANCE = np.array([0.45, 0.6, 0.2])
"""How each of them changes the log-odds that the answer is right."""
MOST_ASSURANCE = 5.0
"""How far each of the last two is looked at."""
NEVER = 1e-9
"""The least that a share may be, and be less than all."""


@dataclass(frozen=True)
class Weights:
    """What each part counts for; found by `smartscale train head`."""

    discriminant: float = 0.0
    """Of what the discriminant says, added to the network's logarithm of a probability."""
    lessons: tuple[float, ...] = (0.1, 0.3, 0.4, 0.15, 0.3)
    """Of each of `LESSON_PARTS`, at one lesson an item."""
    growth: tuple[float, ...] = (0.07, 0.06, 0.0, 0.0, 0.0)
    """What is added to that for each unit of the logarithm of the number of lessons an item."""
    gate: tuple[float, ...] = (-1.4, -0.4, -0.5, 1.0, 1.2, 1.0, 0.2, 0.0)
    """Of each of `GATE_PARTS`."""
    strange: tuple[float, ...] = (-30.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    """Of each of `STRANGE_PARTS`."""
    concepts: float = 0.0
    """Of what ImageNet's own classifier says, where a picture is from elsewhere."""
    temperature: float = 1.0
    """What the logarithms of all that a package says untaught are divided by, once they are one
    answer, as far as a picture is from where the networks were trained. Two answers in one are less
    sure than either: each of them was calibrated alone."""
    abroad: float = 1.0
    """The same as far as a picture is from elsewhere, where nobody has been and knows less than the
    answers claim."""

    @property
    def numbers(self) -> NDArray[np.float64]:
        """All of them in a row, as a file has them."""
        parts = (*self.lessons, *self.growth, *self.gate, *self.strange)
        last = (self.concepts, self.temperature, self.abroad)
        return np.array([self.discriminant, *parts, *last])

    @classmethod
    def of(cls, numbers: Iterable[float]) -> Self:
        """From such a row. Raises ValueError where it is too long or too short."""
        lesson, gate, strange = len(LESSON_PARTS), len(GATE_PARTS), len(STRANGE_PARTS)
        lengths = (1, lesson, lesson, gate, strange, 1, 1, 1)
        row = [float(number) for number in numbers]
        if len(row) != sum(lengths):
            raise ValueError(f"there are {len(row)} weights, not {sum(lengths)}")
        ends = accumulate(lengths)
        parts = [tuple(row[end - length : end]) for end, length in zip(ends, lengths, strict=True)]
        [discriminant], lessons, growth, gates, strangeness, *last = parts
        [concepts], [temperature], [abroad] = last
        return cls(discriminant, lessons, growth, gates, strangeness, concepts, temperature, abroad)


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
    readout: Vectors
    """From an embedding and a 1 to about the network's logits, (E + 1, labels): of a lesson only
    the embedding is kept."""
    elsewhere: Vectors
    """From an embedding and a 1 to the logits of what a picture from elsewhere shows, calibrated,
    (E + 1, labels)."""
    place: Vectors
    """From an embedding and a 1 to where a picture was taken, (E + 1, 1): about -1 where the
    network was trained, about 1 in any other place that there are photos of. What lies on the scale
    may look known and the picture be from elsewhere."""
    concept_of: NDArray[np.int64]
    """Of each label, which of ImageNet's concepts speaks for it, (labels,). The squares of an
    embedding's last numbers are the concepts' shares; the last of all is of everything else."""
    temperature: float
    """What the network's logits are divided by."""
    weights: Weights

    @property
    def length(self) -> int:
        """E."""
        return len(self.middle)

    def within(self, embeddings: Vectors) -> Vectors:
        """Embeddings (..., E) in the discriminant's space."""
        return np.asarray((embeddings - self.middle) @ self.whiten, np.float32)

    def best_score(self, within: Vectors) -> NDArray[np.float64]:
        """The discriminant's score of the nearest class for pictures in its space, (N,)."""
        halves = 0.5 * (self.means**2).sum(axis=1)
        own = 0.5 * (within**2).sum(axis=1, keepdims=True)
        scores = np.asarray(within @ self.means.T - halves - own, np.float64)
        return np.asarray(scores.max(axis=1))

    def alike(self, within: Vectors) -> NDArray[np.float64]:
        """How alike pictures in the discriminant's space are to what each label shows, (N, labels):
        the cosine with the mean of its class, or with the nearest of its classes'.

        Not the distance: pictures of other days and shops are farther from every mean, in the right
        direction.
        """
        lengths = np.linalg.norm(within, axis=1, keepdims=True)
        lengths = lengths * np.linalg.norm(self.means, axis=1)
        cosines = np.asarray(within @ self.means.T / np.maximum(lengths, NEVER), np.float64)
        found = np.repeat(cosines.min(axis=1, keepdims=True), len(self.labels), axis=1)
        np.maximum.at(found.T, self.label_of, cosines.T)
        return found

    def base(
        self,
        logits: NDArray[np.float64],
        embeddings: Vectors,
        within: Vectors,
        usual: NDArray[np.float64],
    ) -> Logs:
        """What a package says that nobody has taught: logarithms of probabilities, (N, labels).

        Args:
            logits: the network's, calibrated, (N, labels).
            embeddings: of the same pictures, (N, E).
            within: the same in the discriminant's space, (N, E).
            usual: how near the pictures are to training photos, (N,).
        """
        mixed, at_home = self.mixed(logits, embeddings, within, usual)
        return tempered(mixed, at_home, self.weights)

    def mixed(
        self,
        logits: NDArray[np.float64],
        embeddings: Vectors,
        within: Vectors,
        usual: NDArray[np.float64],
    ) -> tuple[Logs, NDArray[np.float64]]:
        """The same before the last temperature, and how far pictures are at home (N, 1), from 0 to
        1. Arguments as of `base`."""
        alike = self.alike(within)
        trained = self.trained(logits, alike)
        scores = linear(embeddings, self.elsewhere)
        abroad = log_shares(scores + self.weights.concepts * self.concepts(embeddings))
        taken = self.taken(embeddings)
        parts = np.c_[strange_parts(trained, alike, usual, taken), self.surprise(abroad)]
        strange = parts @ np.array(self.weights.strange)
        home, elsewhere = (-np.logaddexp(0, side)[:, np.newaxis] for side in (strange, -strange))
        return np.logaddexp(trained + home, abroad + elsewhere), np.exp(home)

    def trained(self, logits: NDArray[np.float64], alike: NDArray[np.float64]) -> Logs:
        """What network and discriminant say together, (N, labels).

        Args:
            logits: as of `base`.
            alike: from `Head.alike`.
        """
        return log_shares(logits + self.weights.discriminant * alike)

    def surprise(self, abroad: Logs) -> NDArray[np.float64]:
        """How surprised the classifier for pictures from elsewhere, which says this of them
        (N, labels), would be if they showed what the network has labels for (N,)."""
        had = np.exp(abroad[:, np.unique(self.label_of)]).sum(axis=1)
        return np.asarray(np.minimum(-np.log(np.clip(had, NEVER, 1)), MOST_SURPRISE))

    def taken(self, embeddings: Vectors) -> NDArray[np.float64]:
        """Where pictures (N, E) were taken, as `place` tells it (N,)."""
        return linear(embeddings, self.place)[:, 0]

    def concepts(self, embeddings: Vectors) -> Logs:
        """What ImageNet's own classifier says of the labels' concepts, (N, labels)."""
        squares = embeddings[:, -(int(self.concept_of.max()) + 1) :].astype(np.float64) ** 2
        shares = squares / np.maximum(squares.sum(axis=1, keepdims=True), SMALLEST)
        return np.asarray(np.log(shares + SMALLEST)[:, self.concept_of])

    def said(self, embeddings: Vectors) -> NDArray[np.float64]:
        """About what the network says, calibrated, of pictures by their embeddings (N, E)."""
        return linear(embeddings, self.readout) / self.temperature

    def usual(self, embeddings: Vectors) -> NDArray[np.float64]:
        """How near pictures (N, E) are to the nearest training photos."""
        near = np.partition(embeddings @ self.known.T, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
        return np.asarray(near.mean(axis=1), np.float64)

    def dump(self) -> bytes:
        """The content of a package's `head.npz`: arrays alone, nothing that is executed.

        Where the weights come to mean something else their name changes, so that an older head is
        refused.
        """
        out = io.BytesIO()
        np.savez_compressed(
            out,
            known=self.known.astype(np.float16),
            middle=self.middle.astype(np.float32),
            whiten=self.whiten.astype(np.float16),
            means=self.means.astype(np.float16),
            label_of=self.label_of.astype(np.int16),
            readout=self.readout.astype(np.float16),
            elsewhere=self.elsewhere.astype(np.float16),
            place=self.place.astype(np.float16),
            concept_of=self.concept_of.astype(np.int16),
            temperature=np.array([self.temperature]),
            counting=self.weights.numbers,
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
        except Exception as error:  # zip, zlib and numpy raise many kinds for a damaged file
            raise HeadError(f"cannot be read: {error}") from error
        if lacking := _ARRAYS - part.keys():
            raise HeadError(
                f"is of another version: it lacks {', '.join(sorted(lacking))}. "
                "`smartscale train head` makes it anew"
            )
        try:
            found = cls(
                labels=tuple(labels),
                known=part["known"].astype(np.float32),
                middle=part["middle"].astype(np.float32),
                whiten=part["whiten"].astype(np.float32),
                means=part["means"].astype(np.float32),
                label_of=part["label_of"].astype(np.int64),
                readout=part["readout"].astype(np.float32),
                elsewhere=part["elsewhere"].astype(np.float32),
                place=part["place"].astype(np.float32),
                concept_of=part["concept_of"].astype(np.int64),
                temperature=float(part["temperature"][0]),
                weights=Weights.of(part["counting"]),
            )
        except (ValueError, TypeError, IndexError) as error:
            raise HeadError(
                f"is of another version: {error}. `smartscale train head` makes it anew"
            ) from error
        found._check(length)
        return found

    def _check(self, length: int) -> None:
        shapes = {
            "known": (self.known.shape, (len(self.known), length)),
            "middle": (self.middle.shape, (length,)),
            "whiten": (self.whiten.shape, (length, length)),
            "means": (self.means.shape, (len(self.label_of), length)),
            "readout": (self.readout.shape, (length + 1, len(self.labels))),
            "elsewhere": (self.elsewhere.shape, (length + 1, len(self.labels))),
            "place": (self.place.shape, (length + 1, 1)),
            "concept_of": (self.concept_of.shape, (len(self.labels),)),
        }
        for name, (is_, due) in shapes.items():
            if is_ != due:
                raise HeadError(f"{name} has the shape {is_}, not {due}")
        if len(self.known) < NEIGHBOURS or not len(self.label_of):
            raise HeadError("it knows too few training photos")
        if not 0 <= self.label_of.min() <= self.label_of.max() < len(self.labels):
            raise HeadError("it knows other labels than the network")
        if not 0 <= self.concept_of.min() <= self.concept_of.max() < length:
            raise HeadError("it knows other concepts than the network")
        numbers = (
            *(self.known, self.middle, self.whiten, self.means, self.readout, self.elsewhere),
            *(self.place, self.weights.numbers, np.array(self.temperature)),
        )
        divisor = min(self.temperature, self.weights.temperature, self.weights.abroad)
        if not all(np.isfinite(part).all() for part in numbers) or divisor <= 0:
            raise HeadError("it holds what is no number")


_ARRAYS = frozenset(
    {
        *("known", "middle", "whiten", "means", "label_of"),
        *("readout", "elsewhere", "place", "concept_of", "temperature", "counting"),
    }
)


@dataclass(frozen=True)
class Parts:
    """What there is to know of pictures before it is weighed. N pictures, T taught items."""

    base: Logs
    """What network and discriminant say, (N, labels of the network)."""
    evidence: Vectors
    """Each of `LESSON_PARTS`, (parts, N, T)."""
    possible: NDArray[np.bool_]
    """Which items have a lesson to compare with, (N, T)."""
    gate: NDArray[np.float64]
    """Each of `GATE_PARTS`, (N, parts)."""


@dataclass(frozen=True)
class LeftOut:
    """What is left out of the lessons, for each picture: itself, or its whole item."""

    lesson: NDArray[np.int64] | None = None
    """The place of the lesson that the picture is, (N,)."""
    item: NDArray[np.int64] | None = None
    """The place of the item that nobody has taught, (N,)."""


class Memory:
    """A head with a shop's lessons. It never changes: what is learned makes another one."""

    def __init__(self, head: Head, taught: Mapping[str, Vectors]) -> None:
        """Compute everything that a weighing needs.

        Args:
            head: what the package knows.
            taught: embeddings by label, each (n, E).
        """
        self.head = head
        self.taught = dict(taught)
        known = {label: place for place, label in enumerate(head.labels)}
        new = [label for label in self.taught if label not in known]
        self.labels = (*head.labels, *new)
        places = {label: place for place, label in enumerate(self.labels)}
        self.columns = np.array([places[label] for label in self.taught], np.int64)
        """Of each taught item, its place among all labels (T,)."""
        self.gate = np.array(head.weights.gate)
        self.lowest: float | None = None
        """From which confidence on an answer is sure enough, as the lessons tell; None where they
        tell nothing of that."""
        if not self.taught:
            return
        counts = np.array([len(vectors) for vectors in self.taught.values()])
        self.owner = np.repeat(np.arange(len(counts)), counts)
        """Of each lesson, the place of its item."""
        self.counts = counts
        ends = np.cumsum(counts)
        self._own = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
        """Of each item, where its lessons are."""
        self.lessons = np.concatenate(list(self.taught.values())).astype(np.float32)
        """Embeddings, item by item (lessons, E)."""
        sums = np.stack([vectors.sum(axis=0) for vectors in self.taught.values()])
        self._centres = np.asarray(sums / counts[:, np.newaxis], np.float32)
        self._means = head.within(self._centres)
        # Which lesson is of which item does not change their products, the one large computation.
        products = np.asarray(self.lessons.T @ self.lessons, np.float64)
        between = np.asarray(self._centres.T @ sums, np.float64)
        # How much pictures of one item differ: in training, and the more lessons the more here.
        scatter = head.whiten.T @ (products - between) @ head.whiten
        free, length = len(self.lessons) - len(counts), head.length
        usual = (np.trace(scatter) / length + 20) / (free + 20)
        self._degrees = free + AS_TRAINED
        spread = (scatter + AS_TRAINED * usual * np.eye(length)) / self._degrees
        scale = np.linalg.inv(np.linalg.cholesky(spread)).T
        self._precision = np.asarray(scale @ scale.T, np.float32)
        self._scale = np.asarray(scale, np.float32)
        self._scaled_means = self._means @ self._scale
        self._squares = (self._means**2).sum(axis=1)
        self._scaled_squares = (self._scaled_means**2).sum(axis=1)
        self._inverse = np.linalg.inv(products + RIDGE * np.eye(length)).astype(np.float32)
        self._regression = np.asarray(self._inverse @ sums.T, np.float32)
        self._item_of = np.full(len(self.labels), -1)
        self._item_of[self.columns] = np.arange(len(counts))
        self._typical = self._typical_likeness()
        self._place = float(head.taken(self.lessons).mean())
        self.growth = float(np.log(counts).mean())
        """The mean logarithm of the number of lessons an item."""
        at_one, more = np.array(head.weights.lessons), np.array(head.weights.growth)
        self.weights = at_one + more * self.growth

    def parts(
        self,
        embeddings: Vectors,
        logits: NDArray[np.float64] | None = None,
        out: LeftOut | None = None,
        usual: NDArray[np.float64] | None = None,
    ) -> Parts:
        """What there is to know of pictures before it is weighed.

        Args:
            embeddings: of the pictures (N, E).
            logits: the network's, calibrated; without them, about what it said is read from the
                embeddings.
            out: what is left out of the lessons.
            usual: how near the pictures are to training photos, where that is known already.
        """
        head, out = self.head, out or LeftOut()
        within = head.within(embeddings)
        usual = head.usual(embeddings) if usual is None else usual
        said = head.said(embeddings) if logits is None else logits
        base = head.base(said, embeddings, within, usual)
        counts = np.repeat(self.counts[np.newaxis].astype(np.float64), len(embeddings), axis=0)
        scaled = within @ self._scale
        here = _distances(scaled, self._scaled_means, self._scaled_squares)
        there = _distances(within, self._means, self._squares)
        few = out.lesson is None and len(embeddings) == 1 and len(self.lessons) > MANY
        similar = None if few else embeddings @ self.lessons.T
        ridge = np.asarray(embeddings @ self._regression, np.float64)
        rows = np.arange(len(embeddings))
        if out.lesson is not None and similar is not None:
            # In closed form: what would be there had this one lesson not been given.
            item = self.owner[out.lesson]
            rest = within - self._means[item]
            pulled = rest @ self._precision
            grown, spread = self._without(counts[rows, item], (pulled * rest).sum(axis=1))
            counts[rows, item] -= 1
            similar[rows, out.lesson] = -1
            lever = ((embeddings @ self._inverse) * embeddings).sum(axis=1)
            ridge[rows, item] -= lever
            ridge /= (1 - lever)[:, np.newaxis]
            cross = (pulled * within).sum(axis=1)[:, np.newaxis] - pulled @ self._means.T
            cross[rows, item] *= grown
            here[rows, item] *= grown**2
            there[rows, item] *= grown**2
            here += spread[:, np.newaxis] * cross**2
        if out.item is not None:
            counts[rows, out.item] = 0
            ridge[rows, out.item] = -1
        possible = counts > 0
        nearest = (
            self._nearest(embeddings, here)
            if similar is None
            else np.stack([similar[:, own].max(axis=1) for own in self._own], axis=1)
        )
        # A mean of few lessons is itself uncertain.
        certain = counts / (counts + 1)
        best = base.max(axis=1)
        new = self.columns >= len(head.labels)
        said = np.repeat(best[:, np.newaxis], len(new), axis=1)
        said[:, ~new] = np.maximum(base[:, self.columns[~new]], LEAST)
        evidence = np.empty((len(LESSON_PARTS), *possible.shape), np.float32)
        for place, part in enumerate((-0.05 * here * certain, 10 * nearest, 8 * ridge, said, new)):
            evidence[place] = part
        evidence[:, ~possible] = 0
        means = np.where(possible, -0.5 * there * certain, -1e4).max(axis=1)
        near = np.where(possible, nearest, -1.0).max(axis=1)
        items = np.log(min(len(new), MOST_ITEMS) / 10)
        gate = (
            np.ones_like(best),
            np.full_like(best, self.growth),
            np.full_like(best, items),
            10 * (near - usual),
            best,
            0.01 * np.clip(means - head.best_score(within), -FAR, FAR),
            8 * ridge.max(axis=1),
            3 * np.clip(head.taken(embeddings) - self._place, -MOST_FARTHER, MOST_FARTHER),
        )
        return Parts(base, evidence, possible, np.stack(gate, axis=-1))

    def _nearest(self, embedding: Vectors, here: NDArray[np.float64]) -> NDArray[np.float32]:
        """The inner products (1, T) of one picture with the nearest lesson of each likely item; of
        the others with the mean of their lessons."""
        seen = embedding[0]
        nearest = self._centres @ seen
        for item in np.argpartition(here[0], LIKELY)[:LIKELY]:
            nearest[item] = (self.lessons[self._own[item]] @ seen).max()
        return np.asarray(nearest[np.newaxis], np.float32)

    def weigh(self, parts: Parts) -> Logs:
        """The logarithms of the probabilities of all labels (N, labels)."""
        gate = parts.gate @ self.gate
        fused = np.full((len(gate), len(self.labels)), -np.inf)
        fused[:, : parts.base.shape[1]] = parts.base - np.logaddexp(0, gate)[:, np.newaxis]
        by_lessons = lesson_shares(parts, self.weights) - np.logaddexp(0, -gate)[:, np.newaxis]
        fused[:, self.columns] = np.logaddexp(fused[:, self.columns], by_lessons)
        return fused

    def assured(self, parts: Parts, fused: Logs) -> Logs:
        """The same answers, of which the first is as probable as such answers are right.

        Fused, the parts are one number. Whether the answer is right shows better from each of them:
        on shops that nothing was trained for, fewer answers are asked about for as many errors.

        Args:
            parts: of the pictures.
            fused: from `weigh`, (N, labels).
        """
        first = fused.argmax(axis=1)
        rows = np.flatnonzero(self._item_of[first] >= 0)
        first = first[rows]
        items = self._item_of[first]
        share = np.clip(np.exp(fused[rows, first]), NEVER, 1 - NEVER)
        mean, _, ridge, *_ = parts.evidence[:, rows].astype(np.float64)
        each = np.arange(len(rows))
        others = np.where(parts.possible[rows], ridge, 0.0)
        others[each, items] = 0.0
        ahead = ridge[each, items] - others.max(axis=1)
        typical = mean[each, items] - self._typical[items]
        looked_at = (
            np.log(share / (1 - share)),
            np.clip(ahead, -MOST_ASSURANCE, MOST_ASSURANCE),
            np.where(self.counts[items] > 1, np.clip(typical, -MOST_ASSURANCE, MOST_ASSURANCE), 0),
        )
        right = 1 / (1 + np.exp(-ASSURANCE @ np.stack(looked_at)))
        answers = fused[rows]
        answers[each, first] = -np.inf
        second = np.exp(answers.max(axis=1))
        equal = second / (1 - share + second)
        right = np.maximum(right, equal + NEVER)  # the first answer stays the first
        answers += (np.log1p(-right) - np.log1p(-share))[:, np.newaxis]
        answers[each, first] = np.log(right)
        changed = fused.copy()
        changed[rows] = answers
        return changed

    def _typical_likeness(self) -> NDArray[np.float64]:
        """Of each item, how near its lessons are to the mean of its others (T,): the first of
        `LESSON_PARTS` as it is without the lesson itself, in closed form."""
        rest = self.head.within(self.lessons) - self._means[self.owner]
        counts = self.counts[self.owner].astype(np.float64)
        squares = np.asarray(((rest @ self._precision) * rest).sum(axis=1), np.float64)
        grown, spread = self._without(counts, squares)
        here = grown**2 * squares * (1 + spread * squares)
        likeness = -0.05 * here * (counts - 1) / counts
        return np.asarray(np.bincount(self.owner, likeness) / self.counts, np.float64)

    def _without(
        self, counts: NDArray[np.float64], squares: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What lessons change by being left out, each alone (N,): how much farther they are then
        from the mean of their item, and what is added to a squared distance for each square of what
        they share with it.

        Args:
            counts: how many lessons their items have.
            squares: how far they are from the means, squared, in units of the spread.
        """
        grown = counts / np.maximum(counts - 1, 1)
        share = grown / self._degrees
        return grown, share / np.maximum(1 - share * squares, 0.1)

    def fuse(
        self, logits: NDArray[np.float64], embedding: Vectors
    ) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """All labels, those that were taught included, and the logarithms of their probabilities.

        Args:
            logits: the network's, calibrated, one per label of its own.
            embedding: of the same picture, shape (E,).
        """
        pictures, logits = embedding[np.newaxis], logits[np.newaxis]
        if not self.taught:
            within, usual = self.head.within(pictures), self.head.usual(pictures)
            return self.labels, self.head.base(logits, pictures, within, usual)[0]
        parts = self.parts(pictures, logits)
        return self.labels, self.assured(parts, self.weigh(parts))[0]


def strange_parts(
    trained: Logs,
    alike: NDArray[np.float64],
    usual: NDArray[np.float64],
    place: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Each of `STRANGE_PARTS` but the last, which is `Head.surprise`, (N, parts - 1).

    Args:
        trained: from `Head.trained`.
        alike: from `Head.alike`.
        usual: as of `Head.base`.
        place: what `Head.place` says of the same pictures, (N,).
    """
    nearest = 10 * alike.max(axis=1)
    parts = (np.ones_like(usual), 10 * usual, nearest, trained.max(axis=1), 5 * place)
    return np.stack(parts, axis=-1)


def tempered(mixed: Logs, at_home: NDArray[np.float64], weights: Weights) -> Logs:
    """What `Head.mixed` tells, at a last temperature, (N, labels): one at home, another abroad, and
    between them for a picture of which that is not certain."""
    return log_shares(mixed / (weights.temperature * at_home + weights.abroad * (1 - at_home)))


def lesson_shares(parts: Parts, weights: NDArray[np.float64]) -> Logs:
    """What the lessons say of the taught items, (N, T)."""
    spoken = np.tensordot(weights.astype(np.float32), parts.evidence, axes=1)
    return log_shares(np.where(parts.possible, spoken, IMPOSSIBLE))


def linear(embeddings: Vectors, layer: Vectors) -> NDArray[np.float64]:
    """A layer's outputs for embeddings (N, E); its last row is the bias."""
    return np.asarray(embeddings @ layer[:-1] + layer[-1], np.float64)


def _distances(pictures: Vectors, means: Vectors, squares: Vectors) -> NDArray[np.float64]:
    """Squared distances (N, T) to means whose own squares are known."""
    found = (pictures**2).sum(axis=1, keepdims=True) + squares - 2 * (pictures @ means.T)
    return np.asarray(np.maximum(found, 0), np.float64)


def log_shares(scores: NDArray[np.float64]) -> Logs:
    """The logarithms of the softmax of scores, over the last axis."""
    moved = np.asarray(scores - scores.max(axis=-1, keepdims=True), np.float64)
    return np.asarray(moved - np.log(np.exp(moved).sum(axis=-1, keepdims=True)))
