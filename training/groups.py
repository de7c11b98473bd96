"""Photos of the same shelf belong together: held out together, they say what a new store costs.

The data set does not name its stores, and photos of one shelf are spread over its numbering. So
photos of a class are clustered by what ImageNet's features say of the scene, and a whole cluster
is in one fold.
"""

import numpy as np
from numpy.typing import NDArray

from training import network
from training.data import Staged
from training.network import MEAN, SCALE

CLUSTERS = 6
ROUNDS = 20


def scene_features(
    data: Staged, indices: NDArray[np.int64], size: int = 160
) -> NDArray[np.float32]:
    """ImageNet features of photos, of unit length: (N, 1280)."""
    model = network.build(1)
    network.load_imagenet(model)
    features = network.features(model)
    step = data.pictures.shape[1] / size
    at = (np.arange(size) * step).astype(int)
    pictures = data.pictures[indices][:, at][:, :, at]
    parts = [
        np.asarray(features.predict((pictures[i : i + 64] - MEAN) / SCALE, verbose=0))
        for i in range(0, len(pictures), 64)
    ]
    found = np.concatenate(parts)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def scene_folds(
    data: Staged, candidates: NDArray[np.int64], folds: int, seed: int
) -> NDArray[np.int64]:
    """The fold of each candidate: every class in every fold, every scene in one fold only.

    Args:
        data: the staged photos.
        candidates: indices of the photos to divide.
        folds: how many parts of about the same size.
        seed: of the clustering.

    Returns:
        A fold number per candidate.
    """
    rng = np.random.default_rng(seed)
    features = scene_features(data, candidates)
    found = np.zeros(len(candidates), np.int64)
    for target in np.unique(data.targets[candidates]):
        of_class = np.flatnonzero(data.targets[candidates] == target)
        clusters = _cluster(features[of_class], rng)
        filled = np.zeros(folds)
        sizes = np.bincount(clusters, minlength=CLUSTERS)
        for cluster in np.argsort(-sizes):
            emptiest = int(filled.argmin())
            filled[emptiest] += sizes[cluster]
            found[of_class[clusters == cluster]] = emptiest
    return found


def _cluster(features: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.int64]:
    """Spherical k-means: the cluster of each row."""
    centres = features[rng.choice(len(features), CLUSTERS, replace=len(features) < CLUSTERS)]
    for _ in range(ROUNDS):
        nearest = (features @ centres.T).argmax(axis=1)
        for cluster in range(CLUSTERS):
            if (nearest == cluster).any():
                centre = features[nearest == cluster].mean(axis=0)
                centres[cluster] = centre / np.linalg.norm(centre)
    return np.asarray((features @ centres.T).argmax(axis=1), np.int64)
