"""The networks of the peers: functions from a picture's bytes to a label and a confidence."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

Recognise = Callable[[bytes], tuple[str, float]]


_SIDE, _CLASSES = 100, 131
_MEANS = np.array([123.68, 116.779, 103.939], np.float32)
"""What `keras.applications.vgg16.preprocess_input` takes off, in the order of RGB."""


def vgg16() -> Recognise:
    """The default model of the first sketch: VGG16, 100 x 100 pixels, pooled, Fruits-360's classes.

    TensorFlow runs it, compiled once.
    """
    import tensorflow as tf  # noqa: PLC0415 - takes seconds, and only this peer needs it

    base = tf.keras.applications.VGG16(
        include_top=False, weights=None, input_shape=(_SIDE, _SIDE, 3), pooling="avg"
    )
    network = tf.keras.Sequential([base, tf.keras.layers.Dense(_CLASSES, activation="softmax")])
    answer = tf.function(
        lambda batch: network(batch, training=False),
        input_signature=[tf.TensorSpec((1, _SIDE, _SIDE, 3), tf.float32)],
    )

    def recognise(picture: bytes) -> tuple[str, float]:
        with Image.open(io.BytesIO(picture)) as opened:
            opened.draft("RGB", (2 * _SIDE, 2 * _SIDE))
            pixels = np.asarray(opened.convert("RGB").resize((_SIDE, _SIDE)), np.float32) - _MEANS
        scores = answer(tf.constant(pixels[np.newaxis, :, :, ::-1])).numpy()[0]
        best = int(scores.argmax())
        return str(best), float(scores[best])

    return recognise


def smartscale() -> Recognise:
    """SmartScale's own package by its own code, decoding included."""
    from smartscale.recognition.builtin import builtin_package  # noqa: PLC0415 - see above
    from smartscale.recognition.recogniser import NetworkRecogniser  # noqa: PLC0415

    recogniser = NetworkRecogniser(builtin_package())

    def recognise(picture: bytes) -> tuple[str, float]:
        best = recogniser.recognise(picture)[0]
        return best.label, float(best.confidence)

    return recognise


RECOGNISERS: dict[str, Callable[[], Recognise]] = {"vgg16": vgg16, "smartscale": smartscale}
