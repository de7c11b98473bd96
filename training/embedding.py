"""From the networks' features to the short embedding that a shop's memory keeps of a picture."""

from collections.abc import Sequence

import keras
import numpy as np

from training import network
from training.data import Staged
from training.fit import Trained
from training.network import MEAN, SCALE

LENGTH = 256
PHOTOS = 1500
SEED = 19


def fit_embedding(trained: Sequence[Trained], data: Staged, size: int) -> keras.layers.Dense:
    """A layer from the features of all networks, side by side, to their principal components.

    Features are never negative, so without their mean taken off every two pictures look alike;
    and of some thousand features few say something of their own. What comes out is not of unit
    length: whoever compares embeddings has to see to that.
    """
    rng = np.random.default_rng(SEED)
    chosen = rng.choice(len(data.targets), min(PHOTOS, len(data.targets)), replace=False)
    pictures = data.at_size(chosen, size)
    parts = []
    for one in trained:
        features = network.features(one.model)
        found = []
        for at in range(0, len(pictures), 32):
            batch = network.resized((pictures[at : at + 32] - MEAN) / SCALE, one.size)
            found.append(np.asarray(features.predict_on_batch(batch)))
        parts.append(np.concatenate(found))
    # Each network has the same say, whatever the size of its features.
    weights = [1 / np.linalg.norm(part - part.mean(axis=0), axis=1).mean() for part in parts]
    scale = np.concatenate(
        [np.full(part.shape[1], weight) for part, weight in zip(parts, weights, strict=True)]
    )
    side_by_side = np.concatenate(parts, axis=1) * scale
    middle = side_by_side.mean(axis=0)
    _, _, directions = np.linalg.svd(side_by_side - middle, full_matrices=False)
    kernel = directions[:LENGTH].T
    layer = keras.layers.Dense(kernel.shape[1], name="embedding", trainable=False)
    layer.build((None, len(kernel)))
    layer.set_weights([kernel * scale[:, np.newaxis], -middle @ kernel])
    return layer
