"""What networks see in a picture, made into the parts of its embedding.

A network's last map says what is shown; the maps of earlier stages say what its surface is like.
Of each a part of the embedding is made: pooled over the picture, drawn to their roots, since few
large numbers would say all, and shortened to principal components. These are where photos differ
most; what tells the classes apart that the networks have learned is mostly elsewhere, and is a part
of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray

from training.discriminant import directions
from training.heads.labels import CONCEPTS

Tensor: TypeAlias = Any  # Keras has no types


@dataclass(frozen=True)
class Part:
    """Some of an embedding: how many numbers, and how long they are beside the others."""

    length: int
    share: float


TELLING_SHARE = 0.2
"""The length of what tells apart the classes that the networks have learned. The discriminant sees
it at any length; among a shop's lessons of other things it misleads, and so counts for little."""
LAST = Part(192, 1.0)
"""Of the trained networks' last maps."""
SURFACE = {3: Part(96, 0.35), 5: Part(96, 0.35)}
"""Of maps at the end of their earlier stages. They tell kinds apart that the last map has lost, in
the light that they were learned in, and mislead in another: so they count for little."""
UNTOUCHED = Part(192, 1.0)
"""Of the untouched network's last map."""
CONCEPTS_SHARE = 1.0
"""The length of what ImageNet's own classifier says."""


class UnitLength(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Vectors (N, E) at a length."""

    def __init__(self, length: float = 1.0) -> None:
        super().__init__()
        self._length = length

    def call(self, vectors: Tensor) -> Tensor:
        lengths = ops.sqrt(ops.sum(vectors * vectors, axis=1, keepdims=True))
        return self._length * vectors / ops.maximum(lengths, 1e-6)


class RootsOfMeans(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """From a last map of features, none negative, to the roots of their means, at unit length."""

    def call(self, seen: Tensor) -> Tensor:
        means = ops.mean(seen, axis=(1, 2))
        total = ops.sum(means, axis=1, keepdims=True)  # of the roots' squares
        return ops.sqrt(means / ops.maximum(total, 1e-6))


class Surface(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """From an earlier map to the means of its features and of their squares' roots, each at unit
    length."""

    def __init__(self) -> None:
        super().__init__()
        self._unit = UnitLength()

    def call(self, seen: Tensor) -> Tensor:
        means = ops.mean(seen, axis=(1, 2))
        strengths = ops.sqrt(ops.mean(seen * seen, axis=(1, 2)))
        return ops.concatenate([self._unit(means), self._unit(strengths)], axis=1)


class ConceptRoots(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Roots of the shares of some of ImageNet's concepts and, last, of all others."""

    def call(self, logits: Tensor) -> Tensor:
        shares = ops.softmax(logits, axis=1)
        some = ops.take(shares, np.array([*CONCEPTS]), axis=1)
        rest = ops.relu(1 - ops.sum(some, axis=1, keepdims=True))
        return ops.sqrt(ops.concatenate([some, rest], axis=1))


class Telling(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """From what is pooled of maps, each (N, features) and with the same say, to what tells classes
    of photos apart, (N, D) at unit length."""

    def __init__(self, features: Sequence[NDArray[np.float32]], class_of: NDArray[np.str_]) -> None:
        """Find it.

        Args:
            features: of each map, of the same photos (N, features).
            class_of: of each photo (N,).
        """
        super().__init__(trainable=False)
        self._unit = UnitLength()
        self._middles = [one.mean(axis=0) for one in features]
        side_by_side = np.asarray(self._side_by_side(features))
        middle = side_by_side.mean(axis=0)
        kernel = directions(side_by_side - middle, class_of)
        self.units = kernel.shape[1]
        self._layer = fixed(kernel, -middle @ kernel)

    def call(self, features: Sequence[Tensor]) -> Tensor:
        return self._unit(self._layer(self._side_by_side(features)))

    def _side_by_side(self, features: Sequence[Tensor]) -> Tensor:
        moved = zip(features, self._middles, strict=True)
        return ops.concatenate([self._unit(one - middle) for one, middle in moved], axis=1)


@dataclass(frozen=True)
class Sight:
    """Maps that make one part of an embedding: of one stage, of each network that has it."""

    part: Part
    pool: keras.layers.Layer
    maps: Sequence[int]
    """Their tensors, in floats."""


def pooled(
    content: bytes, sights: Sequence[Sight], pictures: Iterable[NDArray[np.float32]]
) -> list[list[NDArray[np.float32]]]:
    """What becomes of each map of each sight in pictures, (N, features).

    Args:
        content: a file that answers with all of the maps, in their order.
        sights: what they are.
        pictures: as the network takes them.
    """
    interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    [taken] = interpreter.get_input_details()
    given = [one["index"] for one in interpreter.get_output_details()]
    found: list[list[list[NDArray[np.float32]]]] = [[[] for _ in one.maps] for one in sights]
    for picture in pictures:
        interpreter.set_tensor(taken["index"], picture)
        interpreter.invoke()
        answers = iter(given)
        for sight, of_sight in zip(sights, found, strict=True):
            for of_map in of_sight:
                seen = sight.pool(interpreter.get_tensor(next(answers)))
                of_map.append(np.asarray(seen, np.float32)[0])
    return [[np.array(of_map) for of_map in of_sight] for of_sight in found]


def components(features: Sequence[NDArray[np.float32]], length: int) -> keras.layers.Dense:
    """A layer from what networks see, side by side, to its principal components.

    Each network has the same say, whatever the size of its features. Those are never negative, so
    without their mean taken off every two pictures would look alike; and of some thousand few say
    something of their own.

    Args:
        features: of each network, of the same pictures (N, features).
        length: how many numbers they become; fewer, where there are not as many.
    """
    weights = [1 / np.linalg.norm(one - one.mean(axis=0), axis=1).mean() for one in features]
    scale = np.concatenate(
        [np.full(one.shape[1], weight) for one, weight in zip(features, weights, strict=True)]
    )
    side_by_side = np.concatenate(features, axis=1) * scale
    middle = side_by_side.mean(axis=0)
    _, _, axes = np.linalg.svd(side_by_side - middle, full_matrices=False)
    kernel = axes[:length].T
    return fixed(kernel * scale[:, np.newaxis], -middle @ kernel)


def fixed(
    kernel: NDArray[np.float32], bias: NDArray[np.float32], name: str | None = None
) -> keras.layers.Dense:
    """A layer that learns nothing, by its weights: (inputs, units) and (units,)."""
    layer = layers.Dense(kernel.shape[1], trainable=False, name=name)
    layer.build((None, len(kernel)))
    layer.set_weights([kernel, bias])
    return layer


@dataclass(frozen=True)
class Shortened:
    """The layers that make an embedding of what is pooled of sights."""

    telling: Telling
    """Of all of them."""
    components: Sequence[keras.layers.Dense]
    """Of each, in their order."""

    @property
    def lengths(self) -> list[int]:
        """How many numbers each makes, in the embedding's order."""
        return [self.telling.units, *(layer.units for layer in self.components)]


def shortened(
    features: Sequence[Sequence[NDArray[np.float32]]],
    sights: Sequence[Sight],
    learned: NDArray[np.int64],
    class_of: NDArray[np.str_],
    some: NDArray[np.int64],
) -> Shortened:
    """Find these layers.

    Args:
        features: from `pooled`.
        sights: what they are of.
        learned: the rows of the photos that the trained networks have learned from.
        class_of: of each of these.
        some: the rows by which the principal components are found.
    """
    return Shortened(
        Telling([of_map[learned] for of_sight in features for of_map in of_sight], class_of),
        [
            components([of_map[some] for of_map in of_sight], sight.part.length)
            for of_sight, sight in zip(features, sights, strict=True)
        ],
    )
