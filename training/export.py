"""From the trained network to `model.tflite`, in each precision that is worth measuring.

TensorFlow 2.21 with Keras 3 converts reliably only by way of a SavedModel: `from_keras_model`
fails and `from_concrete_functions` writes broken files for reloaded models.
"""

import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypeAlias, get_args

import keras
import numpy as np
import tensorflow as tf
from keras import ops
from numpy.typing import NDArray

from training.data import Classes

Tensor: TypeAlias = Any  # Keras has no types
Precision = Literal["float32", "float16", "dynamic", "int8"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)


class IntoLabels(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Logits of the targets (N, targets) to logits of the labels (N, labels).

    A label with several targets gets the logarithm of the sum of their exponentials, so that the
    softmax over labels is the softmax over targets, summed.
    """

    def __init__(self, classes: Classes) -> None:
        super().__init__(name="into_labels", trainable=False)
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
        return ops.concatenate(columns, axis=1)

    @staticmethod
    def _take(logits: Tensor, columns: list[int]) -> list[Tensor]:
        return [ops.take(logits, np.array(columns), axis=1)] if columns else []


def with_labels(model: keras.Model, classes: Classes, size: int) -> keras.Model:
    """The network as it is served: one picture of one size, one logit per label."""
    picture = keras.Input((size, size, 3), batch_size=1, name="picture")
    return keras.Model(picture, IntoLabels(classes)(model(picture, training=False)))


def to_tflite(
    served: keras.Model, precision: Precision, examples: Iterable[NDArray[np.float32]]
) -> bytes:
    """Convert the served network.

    Args:
        served: from `with_labels`.
        precision: `dynamic` has int8 weights only, `int8` int8 activations too; input and output
            are float32 in all of them.
        examples: pictures (size, size, 3) that show `int8` the range of every activation.
    """
    with tempfile.TemporaryDirectory() as folder:
        served.export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
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
