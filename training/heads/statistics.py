"""The statistics of training photos that a head is made of: means, covariance, readout."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.memory import Head, Vectors, Weights
from training.heads.seen import Seen

SHRINKAGE = 0.1
"""How far the covariance within a class is drawn towards the same in every direction."""
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
    class_of = np.char.add(np.char.add(seen.names, AT), seen.places)
    names = [str(name) for name in np.unique(class_of) if (class_of == name).sum() > 1]
    middle = seen.embeddings.mean(axis=0)
    moved = seen.embeddings - middle
    rest = np.concatenate(
        [moved[class_of == name] - moved[class_of == name].mean(axis=0) for name in names]
    )
    within = rest.T @ rest / (len(rest) - len(names))
    length = len(middle)
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / length * np.eye(length)
    values, directions = np.linalg.eigh(within)
    whiten = np.asarray(directions / np.sqrt(values), np.float32)
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
        means=np.array([moved[class_of == name].mean(axis=0) @ whiten for name in names]),
        label_of=np.array([labels.index(label_of[name.partition(AT)[0]]) for name in names]),
        readout=readout,
        elsewhere=np.zeros_like(readout),
        place=np.zeros((length + 1, 1), np.float32),
        concept_of=np.zeros(len(labels), np.int64) if concept_of is None else concept_of,
        temperature=1.0,
        weights=Weights(),
    )
    # As the package will have it: in half precision.
    return Head.load(head.dump(), labels, length)


def readout_of(seen: Sequence[Seen]) -> Vectors:
    """From embeddings to about the network's logits, by least squares on photos."""
    embeddings = np.concatenate([one.embeddings for one in seen])
    logits = np.concatenate([one.logits for one in seen])
    with_one = np.c_[embeddings, np.ones(len(embeddings))].astype(np.float64)
    centred = logits - logits.mean(axis=1, keepdims=True)
    products = with_one.T @ with_one + np.eye(with_one.shape[1])
    return np.asarray(np.linalg.solve(products, with_one.T @ centred), np.float32)
