"""Makes the repositories that the stand-in hub serves: `python -m tests.hub.make_models FOLDER`.

In a process of its own, as TensorFlow is large and Keras 2 and 3 do not share one well.
"""

import json
import os
import shutil
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import keras
import tensorflow as tf
import tf_keras

SIZE, LABELS, WIDTH = 100, 131, 64
TINY_SIZE, TINY_LABELS = 16, 3


def main(folder: Path) -> None:
    """Write every repository into a folder of its own."""
    names = json.dumps({f"Fruit {index}": index for index in range(LABELS)})
    tiny = json.dumps(["Apple", "Pear", "Plum"])

    def repository(name: str, labels: str | None = names) -> Path:
        made = folder / name
        made.mkdir(parents=True)
        if labels is not None:
            (made / "class_labels.json").write_text(labels)
        return made

    vgg16 = _vgg16(16, 32, 64, 64, WIDTH)
    at = repository("vgg16")
    vgg16.save(at, save_format="tf")
    (at / "config.json").write_text(json.dumps({"model_type": "vgg16"}))
    vgg16.save(repository("vgg16-h5") / "model.h5")
    vgg16.save(repository("vgg16-keras") / "model.keras")
    converter = tf.lite.TFLiteConverter.from_keras_model(vgg16)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    (repository("vgg16-tflite") / "model.tflite").write_bytes(converter.convert())
    heavy = tf.lite.TFLiteConverter.from_keras_model(_heavy()).convert()
    (repository("heavy-tflite") / "model.tflite").write_bytes(heavy)
    shutil.copytree(at, repository("vgg16-truncated"), dirs_exist_ok=True)
    weights = folder / "vgg16-truncated" / "variables" / "variables.data-00000-of-00001"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    shutil.copytree(at, repository("vgg16-unlabelled", None), dirs_exist_ok=True)
    (folder / "vgg16-unlabelled" / "class_labels.json").unlink()

    _tiny(keras).save(repository("tiny-keras3", tiny) / "model.keras")
    _tiny(keras).export(repository("tiny-savedmodel3", tiny), verbose=False)
    _tiny(tf_keras).save(repository("tiny-h5", tiny) / "model.h5")
    _tiny(tf_keras).save_weights(repository("weights-only", tiny) / "model.h5")
    _tiny(tf_keras, evil=True).save(repository("lambda-h5", tiny) / "model.h5")
    _tiny(tf_keras, evil=True).save(repository("lambda-savedmodel", tiny), save_format="tf")
    _tiny(keras, evil=True).save(repository("lambda-keras", tiny) / "model.keras")
    tf.saved_model.save(_Reader(), str(repository("reads-files", tiny)))
    tf.saved_model.save(_Python(), str(repository("runs-python", tiny)))


def _vgg16(*widths: int) -> tf_keras.Model:
    """The layers of the default model, of which narrow ones convert several times faster.

    The weights are random, but for the seed.

    Args:
        widths: the filters of each convolution of each of the five blocks.
    """
    tf_keras.utils.set_random_seed(1)
    layers = tf_keras.layers
    picture = passed = layers.Input((SIZE, SIZE, 3))
    for block, (depth, width) in enumerate(zip((2, 2, 3, 3, 3), widths, strict=True), start=1):
        for number in range(1, depth + 1):
            name = f"block{block}_conv{number}"
            passed = layers.Conv2D(width, 3, padding="same", activation="relu", name=name)(passed)
        passed = layers.MaxPooling2D(name=f"block{block}_pool")(passed)
    pooled = layers.GlobalAveragePooling2D()(passed)
    scores = layers.Dense(LABELS, activation="softmax")(pooled)
    return tf_keras.Model(picture, scores)


def _heavy() -> tf_keras.Model:
    """17 MB of weights, as many as the default model's package has in its real width, and next to
    nothing to compute: of how much memory it takes, a test can tell one model from two."""
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(1)
    return tf_keras.Sequential(
        [
            layers.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(10),
            layers.Flatten(),
            layers.Dense(1_200, activation="relu"),
            layers.Dense(3_000, activation="relu"),
            layers.Dense(LABELS, activation="softmax"),
        ]
    )


def _tiny(of: object, *, evil: bool = False) -> keras.Model:
    """A network of either Keras that scales its pixels itself."""
    layers, models = of.layers, of.models  # type: ignore[attr-defined]
    of.utils.set_random_seed(1)  # type: ignore[attr-defined]
    return models.Sequential(
        [
            layers.Input((TINY_SIZE, TINY_SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, strides=2, activation="relu", name="first"),
            *([layers.Lambda(lambda x: x * 2, name="strange")] if evil else []),
            layers.GlobalAveragePooling2D(),
            layers.Dense(TINY_LABELS, name="scores"),
        ]
    )


class _Reader(tf.Module):  # type: ignore[misc]  # TensorFlow has no types
    @tf.function(input_signature=[tf.TensorSpec((None, TINY_SIZE, TINY_SIZE, 3))])  # type: ignore[untyped-decorator]
    def __call__(self, picture: tf.Tensor) -> tf.Tensor:
        secret = tf.strings.length(tf.io.read_file("/etc/hostname"))
        return tf.reduce_mean(picture, axis=(1, 2)) + tf.cast(secret, tf.float32)


class _Python(tf.Module):  # type: ignore[misc]
    @tf.function(input_signature=[tf.TensorSpec((None, TINY_SIZE, TINY_SIZE, 3))])  # type: ignore[untyped-decorator]
    def __call__(self, picture: tf.Tensor) -> tf.Tensor:
        mean = tf.reduce_mean(picture, axis=(1, 2))
        return tf.ensure_shape(tf.py_function(lambda x: x, [mean], tf.float32), (None, 3))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
