"""From the trained network to `model.tflite`, in each precision that is worth measuring.

TensorFlow 2.21 with Keras 3 converts reliably only by way of a SavedModel: `from_keras_model`
fails and `from_concrete_functions` writes broken files for reloaded models.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from training.data import Classes
from training.fit import Trained
from training.network import resized

Tensor: TypeAlias = Any  # Keras has no types
Precision = Literal["float32", "float16", "dynamic", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


class IntoLabels(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Logits of the targets (N, targets) to logits of the labels (N, labels).

    A label with several targets gets the logarithm of the sum of their exponentials, so that the
    softmax over labels is the softmax over targets, summed. `offsets` are added to the
    labels they name.
    """

    def __init__(self, classes: Classes, offsets: Mapping[str, float]) -> None:
        super().__init__(name="into_labels", trainable=False)
        self._offset = np.array([offsets.get(label, 0.0) for label in classes.labels], np.float32)
        label_of = np.array(classes.label_of)
        self._members = [np.flatnonzero(label_of == i) for i in range(len(classes.labels))]

    def call(self, logits: Tensor) -> Tensor:
        columns, single = [], []
        for members in self._members:
            if len(members) == 1:
                single.append(int(members[0]))
                continue
            columns.extend(self._take(logits, single))
            single = []
            joined = ops.logsumexp(ops.take(logits, members, axis=1), axis=1, keepdims=True)
            columns.append(joined)
        columns.extend(self._take(logits, single))
        return ops.concatenate(columns, axis=1) + self._offset

    @staticmethod
    def _take(logits: Tensor, columns: list[int]) -> list[Tensor]:
        return [ops.take(logits, np.array(columns), axis=1)] if columns else []


class MirrorImage(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Pictures (N, H, W, 3) with left and right exchanged."""

    def call(self, pictures: Tensor) -> Tensor:
        return ops.flip(pictures, axis=2)


def assemble(
    trained: Sequence[Trained],
    classes: Classes,
    size: int,
    embedding: keras.layers.Dense,
    offsets: Mapping[str, float] = MappingProxyType({}),
) -> keras.Model:
    """The networks as they are served: one picture of one size in; logits and an embedding out.

    Each network sees it at its own size; every second one sees the mirror image, which
    costs nothing and makes it differ more.

    Args:
        trained: the networks, each with one logit per target.
        classes: what the targets stand for.
        size: side of the picture in pixels.
        embedding: from the networks' features, side by side, to the embedding.
        offsets: added to the logits of some labels.
    """
    picture = keras.Input((size, size, 3), batch_size=1, name="picture")
    mirrored = MirrorImage(name="mirrored")(picture)
    features, logits = [], []
    for place, one in enumerate(trained):
        outputs = [one.model.get_layer("pool").output, one.model.output]
        member = keras.Model(one.model.input, outputs, name=f"member{place}")
        seen = resized(mirrored if place % 2 else picture, one.size)
        found, answered = member(seen, training=False)
        features.append(found)
        logits.append(answered)
    if len(trained) > 1:
        features = [keras.layers.Concatenate(name="features")(features)]
        logits = [keras.layers.Average(name="agreed")(logits)]
    return keras.Model(picture, [IntoLabels(classes, offsets)(logits[0]), embedding(features[0])])


@contextmanager
def saved(served: keras.Model) -> Iterator[Path]:
    """The served network, from `assemble`, in a folder that all conversions can read.

    Writing it takes longer than converting it.
    """
    with tempfile.TemporaryDirectory() as folder:
        served.export(folder, verbose=False)
        yield Path(folder)


def to_tflite(
    network: Path, precision: Precision, examples: Iterable[NDArray[np.float32]]
) -> bytes:
    """Convert a saved network.

    Args:
        network: the folder, from `saved`.
        precision: `dynamic` has int8 weights only, `int8` int8 activations too; input and output
            are float32 in all of them.
        examples: pictures (size, size, 3) that show `int8` the range of every activation.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(str(network))
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = lambda: _representative(examples)
    return bytes(converter.convert())


def _representative(examples: Iterable[NDArray[np.float32]]) -> Iterator[list[Tensor]]:
    for example in examples:
        yield [example[np.newaxis]]
