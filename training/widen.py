"""Gives a package that is there eyes that no shelf has narrowed.

Fine-tuning on shelves spoils what ImageNet taught of everything else. An untouched EfficientNet-
Lite beside the trained networks keeps it: its pooled features, square roots at unit length, follow
the package's embedding. So a shop's lessons and the discriminant compare by both.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray
from rich.progress import track

from smartscale.recognition.hierarchy import find_coarse, find_label
from smartscale.recognition.package import ModelPackage, load_package, write_package
from training import data as photos
from training import graft, network
from training.errors import TrainingError
from training.export import saved, to_tflite
from training.heads.labels import ALSO, CONCEPTS
from training.heads.making import PLACES
from training.heads.package import documents_of
from training.heads.strangers import UNHEARD
from training.weights import imagenet_weights

Tensor: TypeAlias = Any  # Keras has no types

VARIANT = 0
SIZE = 192
"""Pixels a side that the untouched network looks at: what is left of the time for a picture."""
LENGTH = 192
"""How many numbers its features become."""
SHARE = 1.0
"""The length of what it sees beside the package's own embedding of unit length."""
CONCEPTS_SHARE = 0.5
"""The length of what ImageNet's own classifier says, beside both."""
EXAMPLES = 200
PER_FOLDER = 40
SEED = 31


class UnitLength(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Vectors (N, E) at a length."""

    def __init__(self, length: float) -> None:
        super().__init__()
        self._length = length

    def call(self, vectors: Tensor) -> Tensor:
        lengths = ops.sqrt(ops.sum(vectors * vectors, axis=1, keepdims=True))
        return self._length * vectors / ops.maximum(lengths, 1e-6)


class Roots(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Square roots of the shares of some of ImageNet's concepts and, last, of all others."""

    def __init__(self, concepts: Sequence[int]) -> None:
        super().__init__()
        self._concepts = list(concepts)

    def call(self, logits: Tensor) -> Tensor:
        shares = ops.softmax(logits, axis=1)
        some = ops.take(shares, np.array(self._concepts), axis=1)
        rest = ops.relu(1 - ops.sum(some, axis=1, keepdims=True))
        return ops.sqrt(ops.concatenate([some, rest], axis=1))


class Untouched(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """From the last map of features to square roots of their means, at unit length."""

    def call(self, seen: Tensor) -> Tensor:
        means = ops.mean(seen, axis=(1, 2))
        total = ops.sum(means, axis=1, keepdims=True)  # of the roots' squares
        return ops.sqrt(means / ops.maximum(total, 1e-6))


def branch(size: int) -> keras.Model:
    """The untouched network, from a package's picture to its last map of features."""
    model = network.build(1, VARIANT)
    network.load_imagenet(model, VARIANT)
    seen = keras.Model(model.input, model.get_layer("head_relu").output)
    picture = keras.Input((size, size, 3), batch_size=1, name="picture")
    return keras.Model(picture, seen(network.resized(picture, SIZE), training=False))


def widen(data: Path, folder: Path, names: Sequence[str] = ()) -> ModelPackage:
    """Write a package anew, with what an untouched network sees behind its embedding.

    Its head is lost, since that fits no longer: `smartscale train head` makes the next.

    Args:
        data: the folder of the photos, which say what of the features tells produce apart.
        folder: the package's.
        names: labels that the package gets besides; the networks say nothing of them, its head may.

    Raises:
        TrainingError: the package cannot be widened.
    """
    package = load_package(folder)
    if package.embedding is None:
        raise TrainingError(f"{folder} has no embedding: nothing can be put beside it")
    model = graft.opened(package.model_path.read_bytes())
    known, length = len(package.labels), package.embedding
    if trained := package.source.get("trained"):  # it was widened before
        graft.cut(model, trained)
        known, length = trained["labels"], trained["embedding"]
    extent = graft.extent(model)
    pictures = [
        photos.view(one, package.preprocessing)
        for one in track(chosen_photos(data), "Photos", transient=True)
    ]
    rng = np.random.default_rng(SEED)
    examples = [pictures[at][0] for at in rng.permutation(len(pictures))[:EXAMPLES]]
    with saved(branch(package.input_size)) as exported:
        eyes = to_tflite(exported, "int8", examples)
    layer = projection(roots_of(eyes, pictures), LENGTH)
    labels = (*package.labels[:known], *(n for n in names if n not in package.labels[:known]))
    shapes = ((1, known), (1, length))
    content = joined(model, shapes, eyes, layer, len(labels))
    described = replace(
        package,
        revision=hashlib.sha256(content).hexdigest()[:12],
        labels=labels,
        embedding=length + LENGTH + len(CONCEPTS) + 1,
        source={
            **package.source,
            "untouched": f"EfficientNet-Lite{VARIANT} at {SIZE} pixels",
            "trained": {"labels": known, "embedding": length, **extent},
        },
    )
    return write_package(described, content, documents_of(folder))


def new_labels(data: Path, folder: Path) -> list[str]:
    """What the sets of photos show and ImageNet knows that neither a package nor a kind names.

    Args:
        data: the folder of the photos.
        folder: the package's.
    """
    package = load_package(folder)
    known = package.trained_labels
    named = {
        ALSO.get(place.name, place.name)
        for name in PLACES
        for place in (data / name).glob("*/")
        if place.is_dir() and not place.name.startswith("_")
    } | set(CONCEPTS.values())
    return sorted(
        name for name in named if find_label(name, known) is None and find_coarse(name) is None
    )


def chosen_photos(data: Path) -> list[photos.Photo]:
    """Some photos of every folder of every set."""
    found: dict[Path, list[Path]] = {}
    for path in sorted(data.rglob("*")):
        if path.suffix.lower() in photos.PHOTO_SUFFIXES:
            found.setdefault(path.parent, []).append(path)
    if not found:
        raise TrainingError(f"{data} holds no photos")
    rng = np.random.default_rng(SEED)
    return [
        photos.Photo(paths[at], folder.name, folder.parent.name)
        for folder, paths in found.items()
        for at in sorted(rng.permutation(len(paths))[:PER_FOLDER])
    ]


def roots_of(eyes: bytes, pictures: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """What `Untouched` makes of what a network sees in pictures (N, features)."""
    interpreter = tf.lite.Interpreter(model_content=eyes)
    interpreter.allocate_tensors()
    [taken], [given] = interpreter.get_input_details(), interpreter.get_output_details()
    found = []
    for picture in track(pictures, "Untouched features", transient=True):
        interpreter.set_tensor(taken["index"], picture)
        interpreter.invoke()
        found.append(np.sqrt(interpreter.get_tensor(given["index"])[0].mean(axis=(0, 1))))
    roots = np.array(found, np.float64)
    return np.asarray(roots / np.linalg.norm(roots, axis=1, keepdims=True))


def projection(
    roots: NDArray[np.float64], length: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel and bias of a layer to the principal components of features."""
    middle = roots.mean(axis=0)
    _, _, directions = np.linalg.svd(roots - middle, full_matrices=False)
    kernel = directions[:length].T
    return kernel.astype(np.float32), (-middle @ kernel).astype(np.float32)


def joined(
    model: graft.Model,
    shapes: Sequence[tuple[int, ...]],
    eyes: bytes,
    layer: tuple[NDArray[np.float32], NDArray[np.float32]],
    labels: int,
) -> bytes:
    """A network with another's sight behind its embedding, as one file.

    Args:
        model: the network.
        shapes: of its logits and of its embedding.
        eyes: the other network, from the same picture to its last map of features.
        layer: kernel and bias that make of the map what is added.
        labels: how many there will be.
    """
    [picture] = graft.inputs_of(model)
    logits, embedding = (graft.shaped(model, graft.outputs_of(model), shape) for shape in shapes)
    other = graft.opened(eyes)
    [seen] = graft.append(model, other, {graft.inputs_of(other)[0]: picture})
    sides = tuple(int(side) for side in model.subgraphs[0].tensors[seen].shape)
    with saved(_side_by_side(shapes, sides, layer, labels)) as exported:
        last = graft.opened(to_tflite(exported, "dynamic", ()))
    taken = {
        graft.shaped(last, graft.inputs_of(last), shape): place
        for shape, place in zip((*shapes, sides), (logits, embedding, seen), strict=True)
    }
    model.subgraphs[0].outputs = np.array(graft.append(model, last, taken), np.int32)
    return graft.packed(model)


def _side_by_side(
    shapes: Sequence[tuple[int, ...]],
    sides: tuple[int, ...],
    layer: tuple[NDArray[np.float32], NDArray[np.float32]],
    labels: int,
) -> keras.Model:
    """From a package's outputs and the untouched map to the outputs of the package to be."""
    logits, embedding, seen = (keras.Input(shape[1:], batch_size=1) for shape in (*shapes, sides))
    kernel, bias = layer
    known = shapes[0][1]
    # The identity, and behind it what no network was trained to say.
    unheard = layers.Dense(labels, name="labels")
    unheard.build((1, known))
    silent = np.where(np.arange(labels) < known, 0.0, UNHEARD)
    unheard.set_weights([np.eye(known, labels), silent])
    components = layers.Dense(kernel.shape[1], name="components")
    components.build((1, kernel.shape[0]))
    components.set_weights([kernel, bias])
    beside = UnitLength(SHARE)(components(Untouched()(seen)))
    weights = imagenet_weights(VARIANT)
    classifier = layers.Dense(len(weights["_fc.bias"]), name="imagenet")
    classifier.build((1, kernel.shape[0]))
    classifier.set_weights([weights["_fc.weight"].T, weights["_fc.bias"]])
    means = layers.GlobalAveragePooling2D()(seen)
    concepts = UnitLength(CONCEPTS_SHARE)(Roots([*CONCEPTS])(classifier(means)))
    both = layers.Concatenate(name="both")([UnitLength(1.0)(embedding), beside, concepts])
    return keras.Model([logits, embedding, seen], [unheard(logits), both])
