"""Gives a package that is there an embedding of all that its networks see, and eyes that no shelf
has narrowed.

Fine-tuning on shelves spoils what ImageNet taught of everything else. An untouched EfficientNet-
Lite beside the trained networks keeps it. A shop's lessons and the discriminant compare by what
all of them see, at their ends and on the way there (`training/sights.py`), and by what tells apart
the classes that the trained ones have learned.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray
from rich.progress import track

from smartscale.recognition.hierarchy import find_coarse, find_label
from smartscale.recognition.package import ModelPackage, load_package, write_package
from smartscale.recognition.preprocessing import Preprocessing
from training import data as photos
from training import graft, network
from training.errors import TrainingError
from training.export import saved, to_tflite
from training.heads.labels import ALSO, CONCEPTS
from training.heads.making import PLACES, others_of, shops_of
from training.heads.package import documents_of
from training.heads.statistics import class_of
from training.heads.strangers import UNHEARD
from training.sights import (
    CONCEPTS_SHARE,
    LAST,
    SURFACE,
    TELLING_SHARE,
    UNTOUCHED,
    ConceptRoots,
    RootsOfMeans,
    Shortened,
    Sight,
    Surface,
    UnitLength,
    fixed,
    pooled,
    shortened,
)
from training.weights import imagenet_weights

VARIANT = 0
SIZE = 192
"""Pixels a side that the untouched network looks at: what is left of the time for a picture."""
EXAMPLES = 200
PER_FOLDER = 40
SEED = 31


def branch(size: int) -> keras.Model:
    """The untouched network, from a package's picture to its last map of features."""
    model = network.build(1, VARIANT)
    network.load_imagenet(model, VARIANT)
    seen = keras.Model(model.input, model.get_layer("head_relu").output)
    picture = keras.Input((size, size, 3), batch_size=1, name="picture")
    return keras.Model(picture, seen(network.resized(picture, SIZE), training=False))


def widen(
    learned: Sequence[photos.Photo],
    others: Sequence[photos.Photo],
    folder: Path,
    names: Sequence[str] = (),
) -> ModelPackage:
    """Write a package anew, with an embedding of what its networks and an untouched one see.

    Its head is lost, since that fits no longer: `smartscale train head` makes the next.

    Args:
        learned: the photos that its networks have learned from, which say what tells those classes
            apart.
        others: more photos; some of both say what tells produce apart.
        folder: the package's.
        names: labels that the package gets besides; the networks say nothing of them, its head may.

    Raises:
        TrainingError: the package cannot be widened.
    """
    package = load_package(folder)
    spec = package.preprocessing
    model = graft.opened(package.model_path.read_bytes())
    known = len(package.labels)
    if trained := package.source.get("trained"):  # it was widened before
        graft.cut(model, trained)
        known = trained["labels"]
    logits = graft.shaped(model, graft.outputs_of(model), (1, known))
    graft.answer_with(model, [logits])
    graft.prune(model)
    extent = graft.extent(model)
    trained_maps = graft.maps_of(model)
    if not trained_maps:
        raise TrainingError(f"{folder} holds no networks of `smartscale train`'s")
    some = some_of([*learned, *others])
    rng = np.random.default_rng(SEED)
    examples = [photos.view(some[at], spec)[0] for at in rng.permutation(len(some))[:EXAMPLES]]
    with saved(branch(package.input_size)) as exported:
        eyes = graft.opened(to_tflite(exported, "int8", examples))
    [seen] = graft.append(model, eyes, {graft.inputs_of(eyes)[0]: graft.inputs_of(model)[0]})
    sights = sights_of(model, trained_maps, seen)
    graft.answer_with(model, [place for sight in sights for place in sight.maps])
    looked_at = {photo: row for row, photo in enumerate(dict.fromkeys([*learned, *some]))}
    to_embedding = shortened(
        pooled(graft.packed(model), sights, views([*looked_at], spec)),
        sights,
        np.array([looked_at[photo] for photo in learned]),
        np.array([class_of(photo.target, photo.source) for photo in learned]),
        np.array([looked_at[photo] for photo in some]),
    )
    labels = (*package.labels[:known], *(n for n in names if n not in package.labels[:known]))
    content = joined(model, logits, sights, to_embedding, len(labels))
    lengths = to_embedding.lengths
    described = replace(
        package,
        revision=hashlib.sha256(content).hexdigest()[:12],
        labels=labels,
        embedding=sum(lengths) + len(CONCEPTS) + 1,
        source={
            **package.source,
            "untouched": f"EfficientNet-Lite{VARIANT} at {SIZE} pixels",
            "trained": {"labels": known, "embedding": sum(lengths[:-1]), **extent},
        },
    )
    return write_package(described, content, documents_of(folder))


def views(listed: Sequence[photos.Photo], spec: Preprocessing) -> Iterator[NDArray[np.float32]]:
    """Photos as a network takes them, one after the other."""
    for photo in track(listed, "What the networks see", transient=True):
        yield photos.view(photo, spec)


def sights_of(model: graft.Model, trained: Sequence[graft.Maps], seen: int) -> list[Sight]:
    """What is seen, in the embedding's order: what trained networks see, then the untouched.

    Args:
        model: the networks, which get operators that make floats of their maps.
        trained: the trained ones' maps.
        seen: the untouched one's last map.
    """
    of_stages = [
        Sight(part, Surface(), [graft.as_floats(model, stage_of(one, stage)) for one in trained])
        for stage, part in SURFACE.items()
    ]
    last = [graft.as_floats(model, one.last) for one in trained]
    return [
        Sight(LAST, RootsOfMeans(), last),
        *of_stages,
        Sight(UNTOUCHED, RootsOfMeans(), [seen]),
    ]


def stage_of(maps: graft.Maps, stage: int) -> int:
    """The last map of a stage. Raises TrainingError where a network has none of such."""
    widths = network.widths_of(stage)
    found = [place for (_, channels), place in maps.by_shape.items() if channels in widths]
    if not found:
        raise TrainingError(f"a network of the package has no stage {stage + 1}")
    return found[-1]


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


def other_photos(data: Path) -> list[photos.Photo]:
    """All photos that the networks did not learn from but those of the validation split, which
    measures what comes of the others."""
    return [
        *(photo for shop in shops_of(data) for photo in shop),
        *others_of(data),
    ]


def some_of(listed: Sequence[photos.Photo]) -> list[photos.Photo]:
    """Some photos of every folder. Raises TrainingError where there are none."""
    found: dict[Path, list[photos.Photo]] = {}
    for photo in listed:
        found.setdefault(photo.path.parent, []).append(photo)
    if not found:
        raise TrainingError("there are no photos to find out from what tells produce apart")
    rng = np.random.default_rng(SEED)
    return [
        of_folder[at]
        for of_folder in found.values()
        for at in sorted(rng.permutation(len(of_folder))[:PER_FOLDER])
    ]


def joined(
    model: graft.Model,
    logits: int,
    sights: Sequence[Sight],
    to_embedding: Shortened,
    labels: int,
) -> bytes:
    """Networks with the embedding of what they see, as one file.

    Args:
        model: the networks.
        logits: where the trained ones say what a picture shows.
        sights: what the embedding is made of.
        to_embedding: from what is pooled of them to the embedding.
        labels: how many there will be.
    """
    graph = model.subgraphs[0]
    taken = [logits, *(place for sight in sights for place in sight.maps)]
    shapes = [tuple(int(side) for side in graph.tensors[place].shape) for place in taken]
    with saved(_side_by_side(shapes, sights, to_embedding, labels)) as exported:
        last = graft.opened(to_tflite(exported, "dynamic", ()))
    fed = dict(zip(graft.named_inputs(last, len(taken)), taken, strict=True))
    graft.answer_with(model, graft.append(model, last, fed))
    return graft.packed(model)


def _side_by_side(
    shapes: Sequence[tuple[int, ...]],
    sights: Sequence[Sight],
    to_embedding: Shortened,
    labels: int,
) -> keras.Model:
    """From logits and maps to the outputs of the package to be."""
    inputs = [
        keras.Input(shape[1:], batch_size=1, name=f"{graft.TAKEN}{place}")
        for place, shape in enumerate(shapes)
    ]
    logits, *maps = inputs
    known = shapes[0][1]
    # The identity, and behind it what no network was trained to say.
    silent = np.where(np.arange(labels) < known, 0.0, UNHEARD)
    unheard = fixed(np.eye(known, labels, dtype=np.float32), silent, "labels")
    left = iter(maps)
    features = [[sight.pool(next(left)) for _ in sight.maps] for sight in sights]
    all_seen = [of_map for of_sight in features for of_map in of_sight]
    parts = [UnitLength(TELLING_SHARE)(to_embedding.telling(all_seen))]
    for sight, of_sight, layer in zip(sights, features, to_embedding.components, strict=True):
        joint = of_sight[0] if len(of_sight) == 1 else layers.Concatenate()(of_sight)
        parts.append(UnitLength(sight.part.share)(layer(joint)))
    weights = imagenet_weights(VARIANT)
    classifier = fixed(weights["_fc.weight"].T, weights["_fc.bias"], "imagenet")
    means = layers.GlobalAveragePooling2D()(maps[-1])
    parts.append(UnitLength(CONCEPTS_SHARE)(ConceptRoots()(classifier(means))))
    embedding = UnitLength()(layers.Concatenate(name="embedding")(parts))
    return keras.Model(inputs, [unheard(logits), embedding])
