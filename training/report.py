"""Pictures of a run, for people who judge it."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.fit import Progress

mpl.use("agg")
BINS = 10


def draw_learning_curve(history: Sequence[Progress], path: Path) -> None:
    """Loss and validation accuracy by epoch."""
    epochs = [progress.epoch + 1 for progress in history]
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    losses = figure.subplots()
    losses.plot(epochs, [progress.loss for progress in history], label="training loss (augmented)")
    losses.plot(epochs, [progress.val_loss for progress in history], label="validation log-loss")
    losses.set_xlabel("epoch")
    losses.legend(loc="upper right")
    accuracy = losses.twinx()
    accuracy.plot(epochs, [progress.val_accuracy for progress in history], "k--")
    accuracy.set_ylabel("validation accuracy, all training classes (dashed)")
    figure.savefig(path)


def draw_reliability(
    confidences: NDArray[np.float64], correct: NDArray[np.bool_], path: Path
) -> None:
    """Accuracy by confidence: on the diagonal, confidence means accuracy."""
    bins = np.minimum((confidences * BINS).astype(int), BINS - 1)
    used = np.unique(bins)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "k:")
    axes.bar(
        (used + 0.5) / BINS,
        [correct[bins == place].mean() for place in used],
        0.9 / BINS,
        alpha=0.7,
    )
    for place in used:
        axes.text((place + 0.5) / BINS, 0.02, str((bins == place).sum()), ha="center")
    axes.set_xlabel("confidence (number of photos in each bar)")
    axes.set_ylabel("accuracy")
    figure.savefig(path)


def draw_confusion(
    answers: NDArray[np.int64], truths: NDArray[np.int64], labels: Sequence[str], path: Path
) -> None:
    """Which label is taken for which."""
    table = np.zeros((len(labels), len(labels)))
    np.add.at(table, (truths, answers), 1)
    table /= np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(13, 12), layout="constrained")
    axes = figure.subplots()
    axes.imshow(table, cmap="magma_r", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=90, fontsize=7)
    axes.set_yticks(range(len(labels)), labels, fontsize=7)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    figure.savefig(path)
