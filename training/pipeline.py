"""The whole way from photos to a package: stage, train, calibrate, export, evaluate, package."""

import hashlib
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.evaluation import Quality, measure
from smartscale.recognition.package import EMPTY, UNKNOWN, ModelPackage, load_package, write_package
from smartscale.recognition.preprocessing import Preprocessing
from smartscale.recognition.recogniser import Recogniser, Score, softmax
from training import data as photos
from training import report
from training.calibrate import confirm_threshold, fit_temperature
from training.card import LICENCE, LICENCE_NOTES, SOURCE, render_card
from training.export import PRECISIONS, Precision, to_tflite, with_labels
from training.fit import MEAN, SCALE, Progress, Recipe, Trained, fit, predict
from training.groups import held_out
from training.plates import render_plates

logger = logging.getLogger(__name__)

MODEL_ID = "smartscale-produce"
RENDERED_PLATES = 200
REAL_PLATE_COPIES = 10  # so that the few real plates are seen among the rendered ones
EXAMPLES_FOR_INT8 = 200
TIMED_RUNS = 50
HELD_OUT_FILE = "held_out.json"


@dataclass(frozen=True)
class Material:
    """Everything a run learns from and is measured on."""

    classes: photos.Classes
    train: photos.Staged
    plates: NDArray[np.uint8]
    spec: Preprocessing
    validation: list[photos.Photo]
    held_out: list[photos.Photo]
    """Whole clusters of scenes that are left out of training; none in the run that ships."""

    @property
    def cartons(self) -> frozenset[int]:
        """The targets that are cartons."""
        unknown = self.classes.labels.index(UNKNOWN)
        return frozenset(
            index
            for index, label in enumerate(self.classes.label_of)
            if label == unknown and self.classes.targets[index] != photos.NOT_PRODUCE
        )

    def targets(self, chosen: Sequence[photos.Photo]) -> NDArray[np.int64]:
        """The target index of each photo."""
        return np.array([self.classes.targets.index(photo.target) for photo in chosen], np.int64)

    def truths(self, chosen: Sequence[photos.Photo]) -> NDArray[np.int64]:
        """The label index of each photo."""
        return np.array(self.classes.label_of, np.int64)[self.targets(chosen)]


@dataclass(frozen=True)
class Calibration:
    """How sure is sure, and what it was found on."""

    temperature: float
    confirm: float
    found_on: str


@dataclass(frozen=True)
class Variant:
    """One precision of the exported network, measured on the validation photos."""

    precision: Precision
    bytes: int
    milliseconds: float
    """Median of one view on one thread."""
    top1: float
    top3: float


def main(
    data: Path,
    run: Path,
    folder: Path,
    *,
    epochs: int | None,
    precision: Precision,
    error: float,
    hold_out: bool,
    held_out_run: Path | None,
    recipe: Recipe | None = None,
) -> None:
    """Everything, as `training.cli` describes it."""
    recipe = recipe or Recipe()
    if epochs is not None:
        # The share of epochs at the served size stays.
        early = round(epochs * recipe.early_epochs / recipe.epochs)
        recipe = replace(recipe, epochs=epochs, early_epochs=early)
    found = json.loads((held_out_run / HELD_OUT_FILE).read_text()) if held_out_run else None
    material = stage(data, recipe, hold_out=hold_out)
    trained = train(material, recipe, run)
    served = with_labels(trained.model, material.classes, recipe.size)
    if hold_out:
        measure_held_out(served, material, run, error)
        return
    package = pack(
        served,
        material,
        trained,
        recipe,
        run,
        folder,
        precision=precision,
        error=error,
        held_out=found,
    )
    logger.info("Package %s %s is in %s", package.model_id, package.revision, package.folder)


def checked_precision(name: str) -> Precision:
    """The precision of that name.

    Raises:
        ValueError: there is none.
    """
    for precision in PRECISIONS:
        if precision == name:
            return precision
    raise ValueError(f"{name} is none of {', '.join(PRECISIONS)}")


def stage(data: Path, recipe: Recipe, *, hold_out: bool) -> Material:
    """Read all photos that training and measuring need."""
    classes = photos.read_classes(data)
    listed = [*photos.read_grocery(data, "train"), *photos.read_extras(data)]
    staged = photos.stage(listed, classes, "Photos")
    rendered = render_plates(RENDERED_PLATES, photos.STAGED_SIZE, recipe.seed)
    real = staged.pictures[staged.sources == "empty"]
    plates = np.concatenate([rendered, np.repeat(real, REAL_PLATE_COPIES, axis=0)])
    bare = photos.Staged(
        plates,
        np.full(len(plates), classes.targets.index(EMPTY)),
        np.full(len(plates), "empty"),
    )
    left_out: list[photos.Photo] = []
    if hold_out:
        grocery = np.flatnonzero(staged.sources == "grocery-train")
        indices = held_out(staged, grocery, recipe.seed)
        left_out = [listed[index] for index in indices]
        staged = staged.without(indices)
    return Material(
        classes=classes,
        train=photos.join(staged, bare),
        plates=plates,
        spec=Preprocessing(recipe.size, mean=(MEAN,) * 3, scale=(SCALE,) * 3),
        validation=photos.read_grocery(data, "val"),
        held_out=left_out,
    )


def train(material: Material, recipe: Recipe, run: Path, *, verbose: int = 1) -> Trained:
    """Train or go on training in `run`, and draw the learning curve."""

    def say(progress: Progress) -> None:
        logger.info(
            "Epoch %d: loss %.3f, validation loss %.3f, accuracy %.1f %%",
            progress.epoch + 1,
            progress.loss,
            progress.val_loss,
            100 * progress.val_accuracy,
        )

    trained = fit(
        material.train,
        plates=material.plates,
        validation=seen_validation(material),
        classes=len(material.classes.targets),
        cartons=material.cartons,
        recipe=recipe,
        run=run,
        on_epoch=say,
        verbose=verbose,
    )
    report.draw_learning_curve(trained.history, run / "learning-curve.png")
    return trained


def seen_validation(material: Material) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The validation photos as the network sees them, and their targets."""
    seen = photos.as_served(material.validation, material.spec, "Validation photos")
    return seen, material.targets(material.validation)


def label_logits(
    served: keras.Model, material: Material, chosen: Sequence[photos.Photo]
) -> NDArray[np.float64]:
    """The network's logits for photos as served, both views averaged where the package says so."""
    seen = photos.as_served(chosen, material.spec, "Photos as served")
    views = [seen, seen[:, :, ::-1]] if material.spec.mirrored_view else [seen]
    return np.mean([predict(served, view, batch=1) for view in views], axis=0, dtype=np.float64)


def produce_only(
    logits: NDArray[np.float64], truths: NDArray[np.int64], classes: photos.Classes
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The photos whose truth is produce: what a shop sells is what calibration is about."""
    sold = ~np.isin(truths, [classes.labels.index(UNKNOWN), classes.labels.index(EMPTY)])
    return logits[sold], truths[sold]


def calibrate(
    logits: NDArray[np.float64], truths: NDArray[np.int64], error: float, found_on: str
) -> Calibration:
    """Fit the temperature, then find the confidence with at most `error` wrong above it."""
    temperature = fit_temperature(logits, truths)
    confidences = softmax(logits / temperature)
    threshold = confirm_threshold(
        confidences.max(axis=1), confidences.argmax(axis=1) == truths, error
    )
    return Calibration(temperature, threshold, found_on)


def quality(
    logits: NDArray[np.float64],
    truths: NDArray[np.int64],
    classes: photos.Classes,
    calibration: Calibration,
) -> Quality:
    """The figures of `smartscale evaluate`, with cartons as negatives."""
    answers = []
    for row in softmax(logits / calibration.temperature):
        order = np.argsort(-row, kind="stable")
        answers.append([Score(classes.labels[i], float(row[i])) for i in order])
    names = [classes.labels[truth] for truth in truths]
    known = [None if name == UNKNOWN else name for name in names]
    return measure(known, answers, calibration.confirm)


def measure_held_out(served: keras.Model, material: Material, run: Path, error: float) -> None:
    """Say what scenes cost that training has not seen, and write it to `held_out.json`.

    The temperature that these scenes need, over the one that the validation photos need, is the
    correction that the shipped network's calibration gets, which is trained on all scenes.
    """
    classes = material.classes
    sets = {"validation": material.validation, "held_out": material.held_out}
    found = {
        name: produce_only(label_logits(served, material, chosen), material.truths(chosen), classes)
        for name, chosen in sets.items()
    }
    fitted = {name: calibrate(*produce, error, name) for name, produce in found.items()}
    results: dict[str, Any] = {
        "correction": fitted["held_out"].temperature / fitted["validation"].temperature
    }
    for name, produce in found.items():
        for calibrated_on, calibration in fitted.items():
            figures = _figures(quality(*produce, classes, calibration))
            results[f"{name}, calibrated on {calibrated_on}"] = figures | asdict(calibration)
    (run / HELD_OUT_FILE).write_text(json.dumps(results, indent=1))
    logger.info("Held-out scenes: %s", json.dumps(results, indent=1))


def export_all(
    served: keras.Model, material: Material, run: Path
) -> tuple[dict[Precision, bytes], list[Variant]]:
    """Export in every precision and measure each with LiteRT on the validation produce."""
    rng = np.random.default_rng(0)
    indices = rng.choice(len(material.train.targets), EXAMPLES_FOR_INT8)
    step = np.linspace(0, photos.STAGED_SIZE - 1, material.spec.size).round().astype(int)
    examples = (material.train.pictures[indices][:, step][:, :, step] - MEAN) / SCALE
    models: dict[Precision, bytes] = {}
    variants = []
    for precision in PRECISIONS:
        models[precision] = to_tflite(served, precision, np.float32(examples))
        package = write_package(
            ModelPackage(
                model_id=MODEL_ID,
                revision=precision,
                labels=material.classes.labels,
                preprocessing=material.spec,
                folder=run / "variants" / precision,
            ),
            models[precision],
        )
        variants.append(_measure_variant(package, precision, len(models[precision]), material))
        logger.info("%s", variants[-1])
    return models, variants


def _measure_variant(
    package: ModelPackage, precision: Precision, size: int, material: Material
) -> Variant:
    recogniser = Recogniser(package)
    logits, truths = served_logits(recogniser, material.validation, material)
    ranks = _ranks(*produce_only(logits, truths, material.classes))
    picture = photos.read_picture(material.validation[0], material.spec)
    durations = []
    for _ in range(TIMED_RUNS):
        start = time.perf_counter()
        recogniser.logits(picture)
        durations.append(1000 * (time.perf_counter() - start))
    return Variant(
        precision=precision,
        bytes=size,
        milliseconds=round(float(np.median(durations)), 1),
        top1=round(float((ranks < 1).mean()), 4),
        top3=round(float((ranks < 3).mean()), 4),  # noqa: PLR2004
    )


def served_logits(
    recogniser: Recogniser, chosen: Sequence[photos.Photo], material: Material
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """What a package answers before calibration, with each photo's label index."""
    pictures = (photos.read_picture(photo, material.spec) for photo in chosen)
    logits = np.stack([recogniser.logits(picture) for picture in pictures])
    return logits, material.truths(chosen)


def pack(
    served: keras.Model,
    material: Material,
    trained: Trained,
    recipe: Recipe,
    run: Path,
    folder: Path,
    *,
    precision: Precision,
    error: float,
    held_out: Mapping[str, Any] | None = None,
) -> ModelPackage:
    """Export, calibrate what was exported, measure it and write the package.

    Args:
        served: the network with one logit per label.
        material: what it was trained on and is measured on.
        trained: how training went.
        recipe: the decisions it was trained with.
        run: where pictures and variants go.
        folder: where the package goes.
        precision: which variant ships.
        error: the share of wrong answers wanted among those nobody is asked to confirm.
        held_out: what a run with scenes held out found; its correction is a factor on the
            temperature, for places unlike those that were trained on.
    """
    correction = float(held_out["correction"]) if held_out else 1.0
    models, variants = export_all(served, material, run)
    recogniser = Recogniser(load_package(run / "variants" / precision))
    logits, truths = served_logits(recogniser, material.validation, material)
    produce = produce_only(logits, truths, material.classes)
    fitted = calibrate(*produce, error, "validation produce")
    temperature = fitted.temperature * correction
    confidences = softmax(produce[0] / temperature)
    correct = confidences.argmax(axis=1) == produce[1]
    threshold = confirm_threshold(confidences.max(axis=1), correct, error)
    calibration = Calibration(temperature, threshold, fitted.found_on)
    report.draw_reliability(confidences.max(axis=1), correct, run / "reliability.png")
    report.draw_confusion(
        softmax(logits).argmax(axis=1), truths, material.classes.labels, run / "confusion.png"
    )
    evaluation = {
        "split": "grocery validation split: same stores as training, so optimistic",
        **_figures(quality(logits, truths, material.classes, calibration)),
        "variants": [asdict(variant) for variant in variants],
        "calibration": {"correction": round(correction, 4), "wanted_error": error},
        "epochs": len(trained.history),
        "best_epoch": trained.best_epoch + 1,
        "recipe": asdict(recipe),
    }
    if held_out:
        evaluation["held_out"] = dict(held_out)
    package = ModelPackage(
        model_id=MODEL_ID,
        revision=hashlib.sha256(models[precision]).hexdigest()[:12],
        labels=material.classes.labels,
        preprocessing=material.spec,
        folder=folder,
        temperature=round(temperature, 4),
        confirm=round(threshold, 4),
        source=SOURCE,
        licence=LICENCE,
        evaluation=evaluation,
    )
    documents = {
        "README.md": render_card(package, precision, len(models[precision]), held_out),
        "LICENCE.md": LICENCE_NOTES,
    }
    return write_package(package, models[precision], documents)


def _figures(measured: Quality) -> dict[str, Any]:
    """A quality as rounded JSON, without the single classes."""
    figures = {name: value for name, value in asdict(measured).items() if name != "per_class"}
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in figures.items()
    }


def _ranks(logits: NDArray[np.float64], truths: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many labels score above the true one."""
    own = logits[np.arange(len(truths)), truths][:, np.newaxis]
    return np.asarray((logits > own).sum(axis=1))
