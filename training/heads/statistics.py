"""The statistics of training photos that a head is made of: means, covariance, readout."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.memory import Head, Vectors, Weights
from training.discriminant import means_of, of_several, within_classes
from training.heads.seen import Seen

KNOWN_PER_LABEL = 30
"""Training photos of each label and set that say how near a picture is to the training."""
AT = "@"
"""Between a name and the set that its photos are of: together they are a class, which has one
mean."""
SEED = 29


def head_of(
    seen: Seen,
    label_of: Mapping[str, str],
    labels: Sequence[str],
    readout: Vectors,
    concept_of: NDArray[np.int64] | None = None,
) -> Head:
    """The head of training photos, which nothing is calibrated in yet.

    What has one name in two places is two classes: it looks different there.

    Args:
        seen: the training photos.
        label_of: for each of their names, the network's label: every carton is `unknown`.
        labels: the network's.
        readout: from an embedding to about what the network says.
        concept_of: from `concepts_of`, where the embedding ends with concepts.
    """
    classes = np.array([class_of(*one) for one in zip(seen.names, seen.places, strict=True)])
    middle = seen.embeddings.mean(axis=0)
    moved = seen.embeddings - middle
    values, turned = np.linalg.eigh(within_classes(moved, classes))
    whiten = np.asarray(turned / np.sqrt(values), np.float32)
    rng = np.random.default_rng(SEED)
    of_label = np.array([labels.index(label_of[str(name)]) for name in seen.names])
    shown = [
        rng.permutation(np.flatnonzero((of_label == label) & (seen.places == place)))[
            :KNOWN_PER_LABEL
        ]
        for label in np.unique(of_label)
        for place in np.unique(seen.places[of_label == label])
    ]
    head = Head(
        labels=tuple(labels),
        known=seen.embeddings[np.concatenate(shown)],
        middle=middle,
        whiten=whiten,
        means=means_of(moved, classes) @ whiten,
        label_of=np.array(
            [labels.index(label_of[name.partition(AT)[0]]) for name in of_several(classes)]
        ),
        readout=readout,
        elsewhere=np.zeros_like(readout),
        place=np.zeros((len(middle) + 1, 1), np.float32),
        concept_of=np.zeros(len(labels), np.int64) if concept_of is None else concept_of,
        temperature=1.0,
        weights=Weights(),
    )
    # As the package will have it: in half precision.
    return Head.load(head.dump(), labels, len(middle))


def class_of(name: str, place: str) -> str:
    """The class of a photo: what has one name in two places is two classes."""
    return f"{name}{AT}{place}"


def readout_of(seen: Sequence[Seen]) -> Vectors:
    """From embeddings to about the network's logits, by least squares on photos."""
    embeddings = np.concatenate([one.embeddings for one in seen])
    logits = np.concatenate([one.logits for one in seen])
    with_one = np.c_[embeddings, np.ones(len(embeddings))].astype(np.float64)
    centred = logits - logits.mean(axis=1, keepdims=True)
    products = with_one.T @ with_one + np.eye(with_one.shape[1])
    return np.asarray(np.linalg.solve(products, with_one.T @ centred), np.float32)
