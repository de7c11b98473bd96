"""Fits the classifier alone on ImageNet's features, before the whole network is trained.

A network that is fine-tuned below a random classifier first spoils its features to suit it; below
a fitted one it keeps what it knew of other shops (A. Kumar et al., "Fine-Tuning can Distort
Pretrained Features and Underperform Out-of-Distribution", ICLR 2022, arXiv 2202.10054).
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

import keras
import numpy as np

from training import network

Tensor: TypeAlias = Any  # Keras has no types

PASSES = 30
BATCH = 128
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.05


def start_classifier(model: keras.Model, streams: Sequence[Tensor]) -> None:
    """Fit the layer `logits` of `model` on what its layer `pool` says of augmented batches."""
    pooled = network.features(model)
    seen, wanted = [], []
    for stream in streams:
        for pictures, targets in stream:
            seen.append(np.asarray(pooled.predict_on_batch(np.asarray(pictures))))
            wanted.append(np.asarray(targets))
    if not seen:
        return
    classifier = keras.Sequential(
        [
            keras.Input((seen[0].shape[1],)),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(wanted[0].shape[1]),
        ]
    )
    steps = PASSES * -(-sum(map(len, seen)) // BATCH)
    classifier.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps), weight_decay=WEIGHT_DECAY
        ),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    )
    classifier.fit(
        np.concatenate(seen), np.concatenate(wanted), batch_size=BATCH, epochs=PASSES, verbose=0
    )
    model.get_layer("logits").set_weights(classifier.layers[-1].get_weights())
