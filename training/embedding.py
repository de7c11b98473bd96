"""From the networks' features to the short embedding that a shop's memory keeps of a picture."""

from collections.abc import Sequence

import keras
import numpy as np

from training import network
from training.data import Staged
from training.fit import Trained
from training.network import MEAN, SCALE
from training.sights import components

LENGTH = 256
PHOTOS = 1500
SEED = 19


def fit_embedding(trained: Sequence[Trained], data: Staged, size: int) -> keras.layers.Dense:
    """A layer from the features of all networks, side by side, to their principal components.

    What comes out is not of unit length: whoever compares embeddings has to see to that.
    `smartscale train widen` puts another embedding in its place.
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
    return components(parts, LENGTH)
