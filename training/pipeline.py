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
from PIL import Image

from smartscale.domain.prediction import EMPTY, UNKNOWN
from smartscale.recognition.evaluation import Quality, calibration_error, measure
from smartscale.recognition.package import ModelPackage, load_package, write_package
from smartscale.recognition.preprocessing import Preprocessing
from smartscale.recognition.recogniser import Recogniser, Score, softmax
from training import data as photos
from training import report
from training.augment import another_shop
from training.calibrate import confirm_threshold, fit_temperature
from training.card import LICENCE, LICENCE_NOTES, SOURCE, render_card
from training.errors import TrainingError
from training.export import PRECISIONS, Precision, to_tflite, with_labels
from training.fit import MEAN, SCALE, Progress, Recipe, Trained, fit
from training.groups import held_out
from training.plates import render_plates

logger = logging.getLogger(__name__)

MODEL_ID = "smartscale-produce"
RENDERED_PLATES = 200
PLATES_SEED = 11
REAL_PLATE_COPIES = 10  # so that the few real plates are seen among the rendered ones
EXAMPLES_FOR_INT8 = 200
TIMED_RUNS = 50
MIRRORED_VIEW = True  # half a point to two points more right, for twice the milliseconds
ALTERED_VIEWS = 6
ALTERED_BATCH = 64
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
    """The temperature that makes confidence mean accuracy, and how sure is sure enough."""

    temperature: float
    confirm: float


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
    note: str = "",
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
        measure_held_out(served, material, recipe, run, error)
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
        note=note,
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
    raise TrainingError(f"{name} is none of {', '.join(PRECISIONS)}")


def stage(data: Path, recipe: Recipe, *, hold_out: bool) -> Material:
    """Read all photos that training and measuring need."""
    classes = photos.read_classes(data)
    listed = [*photos.read_grocery(data, "train"), *photos.read_extras(data)]
    staged = photos.stage(listed, classes, "Photos")
    rendered = render_plates(RENDERED_PLATES, photos.STAGED_SIZE, PLATES_SEED)
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
        spec=Preprocessing(
            recipe.size, mean=(MEAN,) * 3, scale=(SCALE,) * 3, mirrored_view=MIRRORED_VIEW
        ),
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


def produce_only(
    logits: NDArray[np.float64], truths: NDArray[np.int64], classes: photos.Classes
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The photos whose truth is produce: what a shop sells is what calibration is about."""
    sold = ~np.isin(truths, [classes.labels.index(UNKNOWN), classes.labels.index(EMPTY)])
    return logits[sold], truths[sold]


def calibrate(
    recogniser: Recogniser, material: Material, error: float
) -> tuple[Calibration, NDArray[np.float64], NDArray[np.bool_]]:
    """Fit the temperature, then find the confidence with at most `error` wrong above it.

    Both are found on the validation produce as another shop might have photographed it: turned,
    cropped and lit at random, several times each. On the photos as they are the network is better
    than it will be elsewhere, and would be too sure of itself.

    Returns:
        The calibration, and each altered photo's confidence and whether its answer was right.
    """
    logits, truths = produce_only(*_altered_logits(recogniser, material), material.classes)
    temperature = fit_temperature(logits, truths)
    shares = softmax(logits / temperature)
    confidences, correct = shares.max(axis=1), shares.argmax(axis=1) == truths
    threshold = confirm_threshold(confidences, correct, error)
    return Calibration(temperature, threshold), confidences, correct


def _altered_logits(
    recogniser: Recogniser, material: Material
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """What a package answers to altered validation photos, with their label indices."""
    staged = photos.stage(material.validation, material.classes, "Validation photos")
    logits = []
    for view in range(ALTERED_VIEWS):
        for start in range(0, len(staged.pictures), ALTERED_BATCH):
            pictures = staged.pictures[start : start + ALTERED_BATCH]
            altered = another_shop(pictures, material.spec.size, (view, start))
            logits += [recogniser.logits(Image.fromarray(picture)) for picture in altered]
    return np.stack(logits), np.tile(material.truths(material.validation), ALTERED_VIEWS)


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


def measure_held_out(
    served: keras.Model, material: Material, recipe: Recipe, run: Path, error: float
) -> None:
    """Say what scenes cost that training has not seen, and write it to `held_out.json`."""
    package = write_package(
        _unmeasured(material, run / "variants" / "float32"), to_tflite(served, "float32", [])
    )
    recogniser = Recogniser(package)
    calibration, _, _ = calibrate(recogniser, material, error)
    logits, truths = served_logits(recogniser, material.held_out, material)
    results = _figures(quality(logits, truths, material.classes, calibration))
    results |= {"epochs": recipe.epochs, "size": recipe.size}
    (run / HELD_OUT_FILE).write_text(json.dumps(results, indent=1))
    logger.info("Held-out scenes: %s", results)


def _unmeasured(material: Material, folder: Path) -> ModelPackage:
    """A package to measure with, before calibration."""
    return ModelPackage(
        model_id=MODEL_ID,
        revision="unmeasured",
        labels=material.classes.labels,
        preprocessing=material.spec,
        folder=folder,
    )


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
        models[precision] = to_tflite(served, precision, examples.astype(np.float32))
        package = write_package(
            _unmeasured(material, run / "variants" / precision), models[precision]
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
    note: str = "",
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
        held_out: what a run with scenes held out found, for the card.
        note: anything else that the card should say of how it was made.
    """
    models, variants = export_all(served, material, run)
    recogniser = Recogniser(load_package(run / "variants" / precision))
    calibration, confidences, correct = calibrate(recogniser, material, error)
    logits, truths = served_logits(recogniser, material.validation, material)
    report.draw_reliability(confidences, correct, run / "reliability.png")
    report.draw_confusion(
        logits.argmax(axis=1), truths, material.classes.labels, run / "confusion.png"
    )
    evaluation = {
        "split": "grocery validation split: same stores as training, so optimistic",
        **_figures(quality(logits, truths, material.classes, calibration)),
        "variants": [asdict(variant) for variant in variants],
        "calibration": {
            "found_on": f"validation produce, altered at random {ALTERED_VIEWS} times each",
            "n": len(correct),
            "top1": round(float(correct.mean()), 4),
            "ece": round(calibration_error(confidences, correct), 4),
            "needs_confirmation": round(float((confidences < calibration.confirm).mean()), 4),
            "wanted_error_when_sure": error,
            "error_when_sure": round(
                float((~correct[confidences >= calibration.confirm]).mean()), 4
            ),
        },
        "epochs": len(trained.history),
        "best_epoch": trained.best_epoch + 1,
        "recipe": asdict(recipe),
        "note": note,
    }
    if held_out:
        evaluation["held_out"] = dict(held_out)
    package = ModelPackage(
        model_id=MODEL_ID,
        revision=hashlib.sha256(models[precision]).hexdigest()[:12],
        labels=material.classes.labels,
        preprocessing=material.spec,
        folder=folder,
        temperature=round(calibration.temperature, 4),
        confirm=round(calibration.confirm, 4),
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
