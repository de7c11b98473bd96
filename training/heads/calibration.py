"""Weighs the discriminant, and makes the confidence of network and discriminant mean accuracy."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.memory import Head, Vectors, log_shares, tailed
from training.calibrate import confirm_threshold, fit_temperature

logger = logging.getLogger(__name__)

DISCRIMINANTS = (0.0, 0.002, 0.006, 0.012, 0.02)
"""Weights of the discriminant that are tried, beside the network's logits."""
AS_GOOD = 1.01
"""A log-loss that is within one in a hundred is as good."""


@dataclass(frozen=True)
class Calibration:
    """What makes the confidence of a package with a head mean accuracy."""

    discriminant: float
    temperature: float
    confirm: float


def calibrate(
    head: Head,
    logits: NDArray[np.float64],
    embeddings: Vectors,
    truths: NDArray[np.int64],
    error: float,
) -> Calibration:
    """Weigh the discriminant and find temperature and threshold on photos of produce.

    Args:
        head: of the package.
        logits: the network's, before calibration, (N, labels).
        embeddings: of the same photos, (N, E).
        truths: the index of each photo's label.
        error: the share of wrong answers wanted among those nobody is asked to confirm.
    """
    scores = class_scores(head, embeddings)
    tried = []
    for share in DISCRIMINANTS:
        added = logits + share * scores
        temperature = fit_temperature(added, truths)
        logs = log_shares(added / temperature)
        lost = -float(logs[np.arange(len(truths)), truths].mean())
        right, sure = logs.argmax(axis=1) == truths, np.exp(logs.max(axis=1))
        threshold = confirm_threshold(sure, right, error)
        passing = float((sure >= threshold).mean())
        tried.append((lost, passing, share, temperature))
        logger.info(
            "Discriminant %.3f: log-loss %.4f, unasked %.3f, at temperature %.3f",
            *(share, lost, passing, temperature),
        )
    # As many answers as can pass, where the probabilities are as good as the best.
    least = min(lost for lost, *_ in tried)
    _, _, share, temperature = max(
        (one for one in tried if one[0] <= least * AS_GOOD), key=lambda one: one[1]
    )
    shares = np.exp(log_shares((logits + share * scores) / temperature))
    confirm = confirm_threshold(shares.max(axis=1), shares.argmax(axis=1) == truths, error)
    return Calibration(round(share / temperature, 5), round(temperature, 4), round(confirm, 4))


def class_scores(head: Head, embeddings: Vectors) -> NDArray[np.float64]:
    """The discriminant's score of every label (N, labels)."""
    classes = head.classes(head.within(embeddings))
    found = np.repeat(classes.min(axis=1, keepdims=True), len(head.labels), axis=1)
    np.maximum.at(found.T, head.label_of, classes.T)
    return tailed(found, head.length)
