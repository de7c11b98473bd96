"""Photos of the same shelf belong together: held out together, they say what a new store costs.

The data set does not name its stores, and photos of one shelf are spread over its numbering. So
photos of a class are clustered by what ImageNet's features say of the scene, and a whole cluster
is held out.
"""

import keras
import numpy as np
from numpy.typing import NDArray

from training import network
from training.data import Staged
from training.fit import MEAN, SCALE

CLUSTERS = 5
ROUNDS = 20


def scene_features(
    data: Staged, indices: NDArray[np.int64], size: int = 160
) -> NDArray[np.float32]:
    """ImageNet features of photos, of unit length: (N, 1280)."""
    model = network.build(1)
    network.load_imagenet(model)
    features = keras.Model(model.input, model.get_layer("pool").output)
    step = data.pictures.shape[1] / size
    at = (np.arange(size) * step).astype(int)
    pictures = data.pictures[indices][:, at][:, :, at]
    parts = [
        np.asarray(features.predict((pictures[i : i + 64] - MEAN) / SCALE, verbose=0))
        for i in range(0, len(pictures), 64)
    ]
    found = np.concatenate(parts)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def held_out(data: Staged, candidates: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """The indices of about a fifth of `candidates`: one whole cluster of every class."""
    rng = np.random.default_rng(seed)
    features = scene_features(data, candidates)
    chosen = []
    for target in np.unique(data.targets[candidates]):
        of_class = data.targets[candidates] == target
        clusters = _cluster(features[of_class], rng)
        sizes = np.bincount(clusters, minlength=CLUSTERS)
        nearest = int(np.argmin(np.abs(sizes - of_class.sum() / CLUSTERS)))
        chosen.append(candidates[of_class][clusters == nearest])
    return np.concatenate(chosen)


def _cluster(features: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.int64]:
    """Spherical k-means: the cluster of each row."""
    centres = features[rng.choice(len(features), CLUSTERS, replace=False)]
    for _ in range(ROUNDS):
        nearest = (features @ centres.T).argmax(axis=1)
        for cluster in range(CLUSTERS):
            if (nearest == cluster).any():
                centre = features[nearest == cluster].mean(axis=0)
                centres[cluster] = centre / np.linalg.norm(centre)
    return np.asarray((features @ centres.T).argmax(axis=1), np.int64)
