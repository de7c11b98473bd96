"""Trains the network: one epoch at a time, each from its own seed, each followed by a checkpoint.

A run that was cut off goes on from its last finished epoch and ends as it would have ended.
"""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training import network
from training.augment import augment
from training.calibrate import fit_temperature
from training.classifier import start_classifier
from training.data import Staged
from training.errors import TrainingError
from training.network import MEAN, SCALE
from training.recipe import Progress, Recipe, best_of
from training.teacher import Teacher

logger = logging.getLogger(__name__)

Tensor: TypeAlias = Any  # Keras has no types

EARLIEST_EPOCH = 100  # added to epochs, since those of the classifier alone are below 0
EARLY_LAYERS_SLOWER = 0.2
"""Learning rate of the first block as a share of the last one's; between them geometric."""


@dataclass(frozen=True)
class Scenery:
    """What is put behind and before produce."""

    plates: NDArray[np.uint8]
    """Backgrounds (N, S, S, 3)."""
    hands: NDArray[np.uint8]
    """Hands with their opacity (K, S, S, 4)."""


@dataclass(frozen=True)
class Trained:
    """A network with its averaged weights, and how it came to them."""

    model: keras.Model
    size: int
    """Pixels a side at which it answers."""
    histories: Sequence[Sequence[Progress]]
    """How each of its runs came to its weights."""


class HierarchicalLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras has no types
    """Cross-entropy over the classes, and with less weight over the coarse classes they form."""

    def __init__(self, coarse_of: NDArray[np.int64], weight: float, smoothing: float) -> None:
        """Take the coarse class of each class, shape (classes,)."""
        super().__init__(name="hierarchical")
        self._members = np.eye(coarse_of.max() + 1, dtype=np.float32)[coarse_of]
        self._weight = weight
        self._smoothing = smoothing

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        fine = keras.losses.categorical_crossentropy(
            y_true, y_pred, from_logits=True, label_smoothing=self._smoothing
        )
        coarse = keras.losses.categorical_crossentropy(
            keras.ops.matmul(y_true, self._members),
            keras.ops.matmul(keras.ops.softmax(y_pred), self._members),
        )
        return fine + self._weight * coarse


class LayerwiseAdamW(keras.optimizers.AdamW):  # type: ignore[misc]  # Keras has no types
    """AdamW whose learning rate differs by variable: `multipliers` in the variables' order."""

    multipliers: list[float]

    def update_step(self, gradient: Tensor, variable: Tensor, learning_rate: Tensor) -> None:
        # A backend's own variable has no path to find its layer by, only its place.
        multiplier = self.multipliers[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * multiplier)


def learning_rates(model: keras.Model, recipe: Recipe) -> list[float]:
    """A factor per trainable variable: general layers are near right, so the earlier the slower."""
    layers = [layer for layer in model.layers if layer.trainable_weights]
    steps = max(1, len(layers) - 2)
    rates = [EARLY_LAYERS_SLOWER ** (1 - i / steps) for i in range(len(layers) - 1)]
    rates.append(recipe.classifier_rate)
    return [
        rate for layer, rate in zip(layers, rates, strict=True) for _ in layer.trainable_weights
    ]


def epoch_indices(
    data: Staged, cartons: frozenset[int], recipe: Recipe, epoch: int
) -> NDArray[np.int64]:
    """Which photos an epoch sees: every produce photo once, the rest weighed down."""
    rng = np.random.default_rng((recipe.seed, epoch + EARLIEST_EPOCH))
    is_carton = np.isin(data.targets, list(cartons))
    grocery = data.sources == "grocery-train"
    boxes = np.flatnonzero(grocery & is_carton)
    picked = [
        np.flatnonzero(grocery & ~is_carton),
        rng.choice(boxes, int(len(boxes) * recipe.carton_share), replace=False),
    ]
    for source, count in recipe.shares:
        there = np.flatnonzero(data.sources == source)
        if len(there):
            # Small collections are drawn class by class, or the largest class would fill them.
            classes = np.unique(data.targets[there])
            for target in classes:
                of_class = there[data.targets[there] == target]
                wanted = min(max(1, count // len(classes)), 4 * len(of_class))
                picked.append(rng.choice(of_class, wanted, replace=wanted > len(of_class)))
    return rng.permutation(np.concatenate(picked))


def batches(
    data: Staged,
    *,
    scenery: Scenery,
    cartons: frozenset[int],
    recipe: Recipe,
    epoch: int,
    classes: int,
    teacher: Teacher | None = None,
) -> Tensor:
    """One epoch of augmented batches, as a `tf.data` pipeline."""
    indices = epoch_indices(data, cartons, recipe, epoch)
    rng = np.random.default_rng((recipe.seed, epoch + EARLIEST_EPOCH, 1))
    under = rng.integers(len(scenery.plates), size=len(indices))
    hands = tf.constant(scenery.hands)
    size = recipe.size_at(epoch)
    altered_size = size if teacher is None else max(size, teacher.size)

    def read(step: int) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.uint8]]:
        part = slice(step * recipe.batch, (step + 1) * recipe.batch)
        at = indices[part]
        return data.pictures[at], data.targets[at], scenery.plates[under[part]]

    def alter(step: Tensor) -> Tensor:
        pictures, targets, beneath = tf.numpy_function(read, [step], (tf.uint8, tf.int64, tf.uint8))
        pictures = tf.ensure_shape(pictures, (None, *data.pictures.shape[1:]))
        targets = tf.ensure_shape(targets, (None,))
        beneath = tf.ensure_shape(beneath, (None, *scenery.plates.shape[1:]))
        seed = tf.stack([recipe.seed * 1000 + epoch, tf.cast(step, tf.int32) * 1_000_003])
        pictures, targets = augment(
            pictures,
            tf.one_hot(targets, classes),
            beneath,
            hands,
            altered_size,
            seed,
            plate_share=recipe.plate_share,
            bag_share=recipe.bag_share,
        )
        if teacher is not None:
            seen = tf.image.resize(pictures, (teacher.size, teacher.size), "area")
            seen = tf.cast(tf.round(seen), tf.uint8)
            arguments = (seen, targets, recipe.teacher_weight)
            targets = tf.ensure_shape(
                tf.numpy_function(teacher.soften, arguments, tf.float32), (None, classes)
            )
            pictures = tf.image.resize(pictures, (size, size), "area")
        return (pictures - MEAN) / SCALE, targets

    return streamed(-(-len(indices) // recipe.batch), alter)


def streamed(steps: int, alter: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Tensor:
    """An epoch's batches, each altered while the one before is learned from.

    Args:
        steps: how many there are.
        alter: from a batch's number to its pictures and targets; it branches on no tensor.
    """
    # Not `from_generator`: its callbacks may be collected as garbage before they are called, where
    # functions run eagerly.
    altered = tf.autograph.experimental.do_not_convert(alter)
    return tf.data.Dataset.range(steps).map(altered, num_parallel_calls=1).prefetch(3)


def fit(
    data: Staged,
    *,
    scenery: Scenery,
    validation: tuple[NDArray[np.float32], NDArray[np.int64]],
    coarse_of: NDArray[np.int64],
    cartons: frozenset[int],
    recipe: Recipe,
    run: Path,
    teacher: Teacher | None = None,
    on_epoch: Callable[[Progress], None] = lambda _: None,
    verbose: int = 1,
) -> Trained:
    """Train, or go on training, in the folder `run`.

    Args:
        data: the photos to learn from.
        scenery: backgrounds and hands, S pixels a side as the photos.
        validation: photos as served, float32 (N, side, side, 3), and their targets (N,).
        coarse_of: the coarse class of each target, shape (targets,).
        cartons: the targets that are cartons.
        recipe: the decisions.
        run: where checkpoints go.
        teacher: whose answers are mixed into the labels, as the recipe says.
        on_epoch: told after every epoch.
        verbose: 1 for a progress bar per epoch, 0 for none.
    """
    keras.utils.set_random_seed(recipe.seed)
    classes = len(coarse_of)
    model = network.build(classes, recipe.variant, recipe.dropout)
    network.load_imagenet(model, recipe.variant)
    network.freeze(model, recipe.frozen_blocks)
    steps = -(-len(epoch_indices(data, cartons, recipe, 0)) // recipe.batch)
    warmup = max(1, int(steps * recipe.warmup_epochs))
    schedule = keras.optimizers.schedules.CosineDecay(
        recipe.learning_rate / 50,
        max(1, steps * recipe.epochs - warmup),
        alpha=0.01,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
    )
    optimizer = LayerwiseAdamW(
        schedule, weight_decay=recipe.weight_decay, use_ema=True, ema_momentum=recipe.ema
    )
    optimizer.multipliers = learning_rates(model, recipe)
    loss = HierarchicalLoss(coarse_of, recipe.coarse_weight, recipe.label_smoothing)
    model.compile(optimizer, loss)
    optimizer.build(model.trainable_variables)

    def stream_of(epoch: int) -> Tensor:
        return batches(
            data,
            scenery=scenery,
            cartons=cartons,
            recipe=recipe,
            epoch=epoch,
            classes=classes,
            teacher=teacher,
        )

    pictures, targets = validation
    pictures = np.asarray(network.resized(pictures, recipe.size))
    checkpoint = Checkpoint(run, model, recipe)
    history = checkpoint.restore()
    if history:
        logger.info("Going on after epoch %d of %d", len(history), recipe.epochs)
    else:
        start_classifier(model, [stream_of(-1 - copy) for copy in range(recipe.head_epochs)])
    for epoch in range(len(history), recipe.epochs):
        if _waited_too_long(history, recipe):
            logger.info("No better for %d epochs: stopping early", recipe.patience)
            break
        averaged = Averaged(model)
        fitted = model.fit(
            stream_of(epoch),
            initial_epoch=epoch,
            epochs=epoch + 1,
            shuffle=False,
            verbose=verbose,
            callbacks=[averaged],
        )
        with averaged:
            val_loss, val_accuracy = evaluate(model, pictures, targets)
        progress = Progress(epoch, fitted.history["loss"][0], val_loss, val_accuracy)
        history.append(progress)
        checkpoint.save(history, averaged.weights)
        on_epoch(progress)
    return Trained(checkpoint.best(), recipe.serving_size, [history])


def evaluate(
    model: keras.Model, pictures: NDArray[np.float32], targets: NDArray[np.int64]
) -> tuple[float, float]:
    """Mean log-loss at the best temperature, and top-1 accuracy, over the targets.

    Smoothed labels and mixed pictures leave a network less sure the longer it learns; a temperature
    mends that when it is packaged, so it must not choose the epoch.
    """
    logits = predict(model, pictures).astype(np.float64)
    logits /= fit_temperature(logits, targets)
    chosen = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    log_loss = -float(chosen[np.arange(len(targets)), targets].mean())
    return log_loss, float((logits.argmax(axis=1) == targets).mean())


def predict(
    model: keras.Model, pictures: NDArray[np.float32], batch: int = 32
) -> NDArray[np.float32]:
    """Logits (N, classes) for normalised pictures."""
    return np.asarray(model.predict(pictures, batch_size=batch, verbose=0))


class Averaged(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Within this context the model has the running average of its weights.

    As a callback it remembers the weights that an epoch came to: when `fit` returns it has put the
    average in their place, and an epoch that started from there would learn slowly.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        self._trained = model
        self._own: list[NDArray[Any]] = []
        self.weights: list[NDArray[Any]] = []

    def on_epoch_end(self, *_: object) -> None:
        self._own = arrays(self._trained.trainable_variables)

    def __enter__(self) -> None:
        self.weights = arrays(_variables(self._trained))
        # JAX would share the average's memory with the optimizer, and free it after a prediction.
        _assign(_variables(self._trained), self.weights)

    def __exit__(self, *_: object) -> None:
        _assign(self._trained.trainable_variables, self._own)


class Checkpoint:
    """A run's state on disk: plain arrays and JSON, written whole or not at all."""

    def __init__(self, run: Path, model: keras.Model, recipe: Recipe) -> None:
        self._run = run
        self._model = model
        self._recipe = json.loads(json.dumps(asdict(recipe)))
        run.mkdir(parents=True, exist_ok=True)

    @property
    def _state(self) -> list[Tensor]:
        return [*_variables(self._model), *self._model.optimizer.variables]

    def save(self, history: list[Progress], averaged: list[NDArray[Any]]) -> None:
        if best_of(history) is history[-1]:
            _write_arrays(self._run / "best.npz", averaged)
        _write_arrays(self._run / f"epoch{len(history)}.npz", arrays(self._state))
        state = {"recipe": self._recipe, "history": [asdict(progress) for progress in history]}
        # The history names the checkpoint that belongs to it, so it is replaced last.
        partial = self._run / "history.json.partial"
        partial.write_text(json.dumps(state, indent=1))
        partial.replace(self._run / "history.json")
        (self._run / f"epoch{len(history) - 1}.npz").unlink(missing_ok=True)

    def restore(self) -> list[Progress]:
        """Load the last finished epoch into the model; an empty history where there is none."""
        stored = self._run / "history.json"
        if not stored.is_file():
            return []
        state = json.loads(stored.read_text())
        if state["recipe"] != self._recipe:
            raise TrainingError(
                f"{self._run} holds a run with other settings: choose another --run folder"
            )
        history = [Progress(**progress) for progress in state["history"]]
        _read_arrays(self._run / f"epoch{len(history)}.npz", self._state)
        return history

    def best(self) -> keras.Model:
        """The model with the averaged weights of the best epoch."""
        _read_arrays(self._run / "best.npz", _variables(self._model))
        return self._model


def arrays(variables: Sequence[Tensor]) -> list[NDArray[Any]]:
    """Copies of variables of whichever backend."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def _assign(variables: list[Tensor], values: Iterable[NDArray[Any]]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _variables(model: keras.Model) -> list[Tensor]:
    """Weights and the dropout's random state, without metrics, which come and go."""
    return [variable for layer in model.layers for variable in layer.variables]


def _waited_too_long(history: list[Progress], recipe: Recipe) -> bool:
    return bool(history) and len(history) - 1 - best_of(history).epoch >= recipe.patience


def _write_arrays(path: Path, arrays: list[NDArray[Any]]) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, *arrays)
    partial.replace(path)


def _read_arrays(path: Path, variables: list[Tensor]) -> None:
    with np.load(path, allow_pickle=False) as stored:
        _assign(variables, (stored[name] for name in stored.files))
