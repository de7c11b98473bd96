"""Makes confidence mean accuracy, and finds the confidence that is enough to sell."""

import numpy as np
from numpy.typing import NDArray

TEMPERATURES = np.geomspace(0.2, 3.0, 400)
SMALLEST_SHARE_SURE = 0.05


def fit_temperature(logits: NDArray[np.float64], truths: NDArray[np.int64]) -> float:
    """The temperature with the least log-loss for logits (N, labels) and label indices (N,)."""
    losses = []
    for temperature in TEMPERATURES:
        scaled = logits / temperature
        chosen = scaled[np.arange(len(truths)), truths]
        losses.append(float((np.logaddexp.reduce(scaled, axis=1) - chosen).mean()))
    return float(TEMPERATURES[int(np.argmin(losses))])


def confirm_threshold(
    confidences: NDArray[np.float64], correct: NDArray[np.bool_], error: float
) -> float:
    """The lowest confidence at which the answers from there up are wrong in at most `error`.

    Where no threshold reaches that, the one with the fewest wrong answers that still leaves some
    answers sure.
    """
    order = np.argsort(-confidences)
    wrong = np.cumsum(~correct[order])
    shares = wrong / np.arange(1, len(order) + 1)
    enough = np.arange(len(order)) >= int(len(order) * SMALLEST_SHARE_SURE)
    reached = np.flatnonzero((shares <= error) & enough)
    last = int(reached[-1]) if len(reached) else int(np.argmin(np.where(enough, shares, np.inf)))
    return float(confidences[order][last])
