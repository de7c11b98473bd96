"""Makes confidence mean accuracy, and finds the confidence that is enough to sell."""

import numpy as np
from numpy.typing import NDArray

TEMPERATURES = np.geomspace(0.2, 10.0, 600)
OFFSETS = np.linspace(-3.0, 3.0, 121)
SMALLEST_SHARE_SURE = 0.05


def fit_temperature(logits: NDArray[np.float64], truths: NDArray[np.int64]) -> float:
    """The temperature with the least log-loss for logits (N, labels) and label indices (N,)."""
    losses = []
    for temperature in TEMPERATURES:
        scaled = logits / temperature
        chosen = scaled[np.arange(len(truths)), truths]
        losses.append(float((np.logaddexp.reduce(scaled, axis=1) - chosen).mean()))
    return float(TEMPERATURES[int(np.argmin(losses))])


def fit_offset(logits: NDArray[np.float64], truths: NDArray[np.int64], label: int) -> float:
    """What to add to one label's logit so that it is answered when it should be, and only then.

    For the answers that are no produce. The offset has the fewest mistakes of both kinds, each as
    a share of its own photos: produce that is refused, and other things that are taken for it.

    Args:
        logits: shape (N, labels).
        truths: the label index of each photo.
        label: the index of the label.
    """
    others = np.delete(logits, label, axis=1).max(axis=1)
    lead = others - logits[:, label]  # an offset above it makes this label the answer
    own = truths == label
    if own.all() or not own.any():
        return 0.0
    mistakes = [(lead[~own] < offset).mean() + (lead[own] >= offset).mean() for offset in OFFSETS]
    fewest = np.flatnonzero(np.isclose(mistakes, min(mistakes)))
    return float(OFFSETS[fewest[np.abs(OFFSETS[fewest]).argmin()]])


def claimed_threshold(confidences: NDArray[np.float64], error: float) -> float:
    """The lowest confidence at which the answers from there up say themselves that at most `error`
    of them are wrong; the highest of all, where none say so."""
    descending = np.sort(confidences)[::-1]
    claims = np.cumsum(1 - descending) / np.arange(1, len(descending) + 1)
    return float(descending[max(0, int((claims <= error).sum()) - 1)])


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
