"""The whole way from photos to a package: stage, train, calibrate, export, evaluate, package."""

import hashlib
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
from smartscale.recognition.evaluation import (
    Outcome,
    Quality,
    calibration_error,
    judge,
    summarise,
)
from smartscale.recognition.memory import Head
from smartscale.recognition.package import HEAD_FILE, ModelPackage, load_package, write_package
from smartscale.recognition.recogniser import NetworkRecogniser, ranked, softmax
from training import data as photos
from training.augment import another_shop
from training.calibrate import confirm_threshold, fit_offset, fit_temperature
from training.card import LICENCE, LICENCE_NOTES, SOURCE, render_card
from training.embedding import LENGTH, fit_embedding
from training.errors import TrainingError
from training.export import PRECISIONS, Precision, assemble, saved, to_tflite
from training.fit import Trained, fit
from training.heads.seen import Seen, embedding_of
from training.heads.statistics import head_of, readout_of
from training.material import Material, stage
from training.network import MEAN, SCALE
from training.plates import render_plates
from training.readback import finished_package, read_back
from training.recipe import Progress, Recipe, best_of
from training.report import render_report
from training.soup import mean_of
from training.teacher import Teacher

logger = logging.getLogger(__name__)

MODEL_ID = "smartscale-produce"
MEMBERS = (
    Recipe(
        variant=2,
        seed=31,
        epochs=10,
        early_epochs=6,
        size=224,
        served_size=256,
        teacher_weight=0.6,
    ),
    Recipe(
        variant=0,
        seed=21,
        runs=2,
        epochs=10,
        early_epochs=6,
        early_size=144,
        size=192,
        served_size=168,
        plate_share=0.12,
        bag_share=0.12,
    ),
)
"""Two networks answer together, since each sees what the other misses: a larger one that looks
closely, has seen much on plates and in bags and may have a teacher; and a smaller one that has seen
more shelves, learns from the labels alone, gets the mirror image from farther away and is the mean
of two runs.
"""
EXAMPLES_FOR_INT8 = 200
TIMED_RUNS = 50
ALTERED_VIEWS = 6
ALTERED_BATCH = 64
UNSEEN_PLATES = 100
UNSEEN_PLATES_SEED = 23
WANTED_ERROR = 0.01
"""Share of wrong answers among those that nobody is asked to confirm."""
AS_GOOD = 0.01
"""A variant as good as float32 loses at most this share of top-1 and of top-3: one photo in a
hundred is within what two hundred photos can tell."""


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
    """Median of the network on one thread, for one view."""
    top1: float
    top3: float


def main(
    data: Path,
    run: Path,
    folder: Path,
    *,
    members: Sequence[Recipe] = MEMBERS,
    teacher: Path | None = None,
    beside: Path | None = None,
    precision: Precision | None = None,
    error: float = WANTED_ERROR,
    findings: Sequence[Mapping[str, Any]] = (),
    note: str = "",
) -> None:
    """Everything, as `training.cli` describes it."""
    material = stage(data, members[0])
    teaching = None if teacher is None else Teacher(teacher, material.classes)
    members = taught(members, teaching)
    former = None if beside is None else finished_package(beside)
    finished = () if former is None else read_back(former, members, len(material.classes.targets))
    trained = train_members(material, members, run, teacher=teaching, finished=finished)
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(
            "Trained. Only Keras on TensorFlow writes LiteRT: run the same command without "
            "KERAS_BACKEND, and it goes on from here"
        )
    package = pack(
        material,
        trained,
        members,
        run,
        folder,
        beside=former,
        precision=precision,
        error=error,
        findings=findings,
        note=note,
    )
    logger.info("Package %s %s is in %s", package.model_id, package.revision, package.folder)


def shortened(members: Sequence[Recipe], epochs: int) -> tuple[Recipe, ...]:
    """The recipes with the given number of epochs; the share at the served size stays the same."""
    return tuple(
        replace(
            recipe,
            epochs=epochs,
            early_epochs=round(epochs * recipe.early_epochs / recipe.epochs),
        )
        for recipe in members
    )


def taught(members: Sequence[Recipe], teacher: Teacher | None) -> tuple[Recipe, ...]:
    """The recipes, with the teacher for those that give one weight.

    Its answers are soft enough without smoothing labels too.
    """
    return tuple(
        replace(recipe, teacher_weight=0.0)
        if teacher is None or not recipe.teacher_weight
        else replace(recipe, teacher=teacher.name, label_smoothing=0.0)
        for recipe in members
    )


def checked_precision(name: str) -> Precision:
    """The precision of that name.

    Raises:
        ValueError: no precision has this name.
    """
    for precision in PRECISIONS:
        if precision == name:
            return precision
    raise TrainingError(f"{name} is none of {', '.join(PRECISIONS)}")


def train_members(
    material: Material,
    members: Sequence[Recipe],
    run: Path,
    *,
    teacher: Teacher | None = None,
    finished: Sequence[Trained] = (),
    verbose: int = 1,
) -> list[Trained]:
    """Train each network in a folder of its own, or go on where it was cut off.

    Args:
        material: what they learn from.
        members: the decisions for each.
        run: where the folders are.
        teacher: whose answers are mixed into the labels of those that have one.
        finished: for each, if any, a network that was trained before and counts among its runs.
        verbose: 1 for a progress bar per epoch, 0 for none.
    """
    return [
        train_runs(
            material,
            recipe,
            run / f"{place + 1}-lite{recipe.variant}",
            teacher=teacher if recipe.teacher else None,
            finished=finished[place : place + 1],
            verbose=verbose,
        )
        for place, recipe in enumerate(members)
    ]


def train_runs(
    material: Material,
    recipe: Recipe,
    folder: Path,
    *,
    teacher: Teacher | None = None,
    finished: Sequence[Trained] = (),
    verbose: int = 1,
) -> Trained:
    """Train all of a recipe's runs, each in a folder of its own, and take their mean."""
    runs = [
        train(material, one, folder / f"seed{one.seed}", teacher=teacher, verbose=verbose)
        for one in recipe.each_run
    ]
    return mean_of([*finished, *runs])


def train(
    material: Material,
    recipe: Recipe,
    run: Path,
    *,
    teacher: Teacher | None = None,
    verbose: int = 1,
) -> Trained:
    """Train or go on training in `run`."""

    def say(progress: Progress) -> None:
        logger.info(
            "Epoch %d: loss %.3f, validation loss %.3f, accuracy %.1f %%",
            progress.epoch + 1,
            progress.loss,
            progress.val_loss,
            100 * progress.val_accuracy,
        )

    return fit(
        material.train,
        scenery=material.scenery,
        validation=seen_validation(material),
        coarse_of=material.classes.coarse_of,
        cartons=material.cartons,
        recipe=recipe,
        run=run,
        teacher=teacher,
        on_epoch=say,
        verbose=verbose,
    )


def ready_to_serve(trained: Sequence[Trained], material: Material, run: Path) -> keras.Model:
    """The networks as one, with the answers that are no produce weighed against produce."""
    labels, size = material.classes.labels, material.spec.size
    embedding = fit_embedding(trained, material.train, size)
    plain = assemble(trained, material.classes, size, embedding)
    recogniser = measurable(plain, material, run / "variants" / "float32")
    logits, truths = _altered_logits(recogniser, material)
    produce, sold = produce_only(logits, truths, material.classes)
    plates = render_plates(UNSEEN_PLATES, photos.STAGED_SIZE, UNSEEN_PLATES_SEED)
    bare = np.stack([recogniser.logits(Image.fromarray(plate)) for plate in plates])
    empty = labels.index(EMPTY)
    offsets = {
        UNKNOWN: fit_offset(logits, truths, labels.index(UNKNOWN)),
        EMPTY: fit_offset(
            np.concatenate([produce, bare]), np.append(sold, np.full(len(bare), empty)), empty
        ),
    }
    logger.info("Logits are raised by %s", offsets)
    return assemble(trained, material.classes, size, embedding, offsets)


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
    recogniser: NetworkRecogniser, material: Material, error: float
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
    recogniser: NetworkRecogniser, material: Material
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


def judged(
    logits: NDArray[np.float64],
    truths: NDArray[np.int64],
    classes: photos.Classes,
    calibration: Calibration,
) -> list[Outcome]:
    """What `smartscale evaluate` makes of these answers, with cartons as negatives."""
    names = [classes.labels[truth] for truth in truths]
    shares = softmax(logits / calibration.temperature)
    return [
        judge(None if name == UNKNOWN else name, ranked(classes.labels, row), calibration.confirm)
        for name, row in zip(names, shares, strict=True)
    ]


def measurable(served: keras.Model, material: Material, folder: Path) -> NetworkRecogniser:
    """The network in full precision."""
    with saved(served) as network:
        model = to_tflite(network, "float32", [])
    return NetworkRecogniser(write_package(_unmeasured(material, folder), model))


def _unmeasured(material: Material, folder: Path) -> ModelPackage:
    """A package to measure with, before calibration."""
    return ModelPackage(
        model_id=MODEL_ID,
        revision="unmeasured",
        labels=material.classes.labels,
        preprocessing=material.spec,
        folder=folder,
        embedding=LENGTH,
    )


def export_all(
    served: keras.Model, material: Material, run: Path
) -> tuple[dict[Precision, bytes], list[Variant]]:
    """Export in every precision and measure each with LiteRT on the validation produce."""
    rng = np.random.default_rng(0)
    indices = rng.choice(len(material.train.targets), EXAMPLES_FOR_INT8)
    examples = (material.train.at_size(indices, material.spec.size) - MEAN) / SCALE
    models: dict[Precision, bytes] = {}
    variants = []
    with saved(served) as network:
        for precision in PRECISIONS:
            models[precision] = to_tflite(network, precision, examples.astype(np.float32))
    for precision in PRECISIONS:
        package = write_package(
            _unmeasured(material, run / "variants" / precision), models[precision]
        )
        variants.append(_measure_variant(package, precision, len(models[precision]), material))
        logger.info("%s", variants[-1])
    return models, variants


def fastest(variants: Sequence[Variant]) -> Precision:
    """The precision with the shortest time among those that are as good as float32."""
    full = next(variant for variant in variants if variant.precision == "float32")
    good = [
        variant
        for variant in variants
        if variant.top1 >= full.top1 - AS_GOOD and variant.top3 >= full.top3 - AS_GOOD
    ]
    return min(good, key=lambda variant: variant.milliseconds).precision


def _measure_variant(
    package: ModelPackage, precision: Precision, size: int, material: Material
) -> Variant:
    recogniser = NetworkRecogniser(package)
    logits, truths = served_logits(recogniser, material.validation, material)
    shares = hit_shares(ranks(*produce_only(logits, truths, material.classes)))
    view = photos.view(material.validation[0], material.spec)
    durations = []
    for _ in range(TIMED_RUNS):
        start = time.perf_counter()
        recogniser.read_prepared(view)
        durations.append(1000 * (time.perf_counter() - start))
    return Variant(
        precision=precision,
        bytes=size,
        milliseconds=round(float(np.median(durations)), 1),
        top1=shares["top1"],
        top3=shares["top3"],
    )


def served_logits(
    recogniser: NetworkRecogniser, chosen: Sequence[photos.Photo], material: Material
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """What a package answers before calibration, with each photo's label index."""
    pictures = (photos.read_picture(photo, material.spec) for photo in chosen)
    logits = np.stack([recogniser.logits(picture) for picture in pictures])
    return logits, material.truths(chosen)


def pack(
    material: Material,
    trained: Sequence[Trained],
    members: Sequence[Recipe],
    run: Path,
    folder: Path,
    *,
    beside: ModelPackage | None = None,
    precision: Precision | None = None,
    error: float = WANTED_ERROR,
    findings: Sequence[Mapping[str, Any]] = (),
    note: str = "",
) -> ModelPackage:
    """Export, calibrate what was exported, measure it and write the package.

    Args:
        material: what it was trained on and is measured on.
        trained: how training went.
        members: the decisions that each network was trained with.
        run: where the report and the variants go.
        folder: where the package goes.
        beside: a package whose networks count among the runs.
        precision: which variant ships; None for the fastest that is as good as float32.
        error: the share of wrong answers wanted among those nobody is asked to confirm.
        findings: what runs that left something out have found, for the card.
        note: anything else that the card should say of how it was made.
    """
    models, variants = export_all(ready_to_serve(trained, material, run), material, run)
    precision = precision or fastest(variants)
    recogniser = NetworkRecogniser(load_package(run / "variants" / precision))
    calibration, confidences, correct = calibrate(recogniser, material, error)
    logits, truths = served_logits(recogniser, material.validation, material)
    outcomes = judged(logits, truths, material.classes, calibration)
    quality = summarise(outcomes)
    evaluation = {
        "split": "grocery validation split: same stores as training, so optimistic",
        **_figures(quality),
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
        "members": [
            {
                "runs": [
                    {"epochs": len(history), "best_epoch": best_of(history).epoch + 1}
                    for history in one.histories
                ],
                "beside": beside and f"{beside.model_id}@{beside.revision}",
                "recipe": asdict(recipe),
            }
            for one, recipe in zip(trained, members, strict=True)
        ],
        "findings": [dict(finding) for finding in findings],
        "note": note,
    }
    package = ModelPackage(
        model_id=MODEL_ID,
        revision=hashlib.sha256(models[precision]).hexdigest()[:12],
        labels=material.classes.labels,
        preprocessing=material.spec,
        folder=folder,
        embedding=LENGTH,
        temperature=round(calibration.temperature, 4),
        confirm=round(calibration.confirm, 4),
        source=SOURCE,
        licence=LICENCE,
        evaluation=evaluation,
    )
    page = render_report(
        package, outcomes, quality, (confidences, correct), [one.histories for one in trained]
    )
    (run / "report.html").write_text(page, encoding="utf-8")
    documents: dict[str, str | bytes] = {
        HEAD_FILE: head(recogniser, material).dump(),
        "README.md": render_card(package, precision, len(models[precision])),
        "LICENCE.md": LICENCE_NOTES,
        "report.html": page,
    }
    return write_package(package, models[precision], documents)


def head(recogniser: NetworkRecogniser, material: Material) -> Head:
    """The head of what a run has learned from, with the weights that shipped last.

    `smartscale train head` weighs it anew, on other sets of photos.
    """
    staged = material.train
    photographed = np.isin(staged.sources, ["grocery-train", "steel", "tabletop"])
    readings = [
        recogniser.read_picture(Image.fromarray(picture))
        for picture, real in zip(staged.pictures, photographed, strict=True)
        if real
    ]
    targets = np.array(material.classes.targets)
    names, places = targets[staged.targets][photographed], staged.sources[photographed]
    seen = Seen(
        np.stack([reading.logits for reading in readings]),
        np.stack([embedding_of(reading) for reading in readings]),
        names,
        names,
        places,
    )
    found = head_of(
        seen, material.classes.label_by_target, material.classes.labels, readout_of([seen])
    )
    return replace(found, temperature=recogniser.package.temperature)


def _figures(measured: Quality) -> dict[str, Any]:
    """The single figures of a quality, rounded."""
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in asdict(measured).items()
        if value is None or isinstance(value, int | float)
    }


def ranks(logits: NDArray[np.float64], truths: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many labels score above the true one."""
    own = logits[np.arange(len(truths)), truths][:, np.newaxis]
    return np.asarray((logits > own).sum(axis=1))


def hit_shares(found: NDArray[np.int64]) -> dict[str, float]:
    """How many photos there are, and the shares whose true label is first, or among three.

    Args:
        found: each photo's rank, 0 where the true label is first.
    """
    return {
        "n": len(found),
        "top1": round(float((found < 1).mean()), 4),
        "top3": round(float((found < 3).mean()), 4),  # noqa: PLR2004
    }
