"""What a run learns from and is measured on, and what it leaves out to be measured on that."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from smartscale.domain.prediction import EMPTY, UNKNOWN
from smartscale.recognition.preprocessing import Preprocessing
from training import data as photos
from training.errors import TrainingError
from training.fit import Scenery
from training.groups import scene_folds
from training.network import MEAN, SCALE
from training.objects import render_hands, render_objects
from training.omission import LeftOut, Omission
from training.plates import render_plates
from training.recipe import Recipe

RENDERED_PLATES = 200
PLATES_SEED = 11
REAL_PLATE_COPIES = 10  # so that the few real plates are seen among the rendered ones
RENDERED_OBJECTS = 400
OBJECTS_SEED = 13
HANDS = 48
HANDS_SEED = 17
CLASSES_LEFT_OUT = 10


@dataclass(frozen=True)
class Material:
    """Everything a run learns from and is measured on."""

    classes: photos.Classes
    train: photos.Staged
    scenery: Scenery
    spec: Preprocessing
    validation: list[photos.Photo]
    learned: list[photos.Photo]
    """The photos among what it learns from, without what was rendered."""
    left_out: list[photos.Photo]
    """Photos to measure on that training does not see; none in the run that ships."""

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


def stage(data: Path, recipe: Recipe, omission: Omission | None = None) -> Material:
    """Read all photos that training and measuring need."""
    classes = photos.read_classes(data)
    validation = photos.read_grocery(data, "val")
    listed = photos.read_learned(data)
    left_out: list[photos.Photo] = []
    part = omission and omission.part
    if part is LeftOut.CLASSES:
        gone = _some_produce(classes, recipe.seed)
        classes = classes.without(gone)
        listed = [photo for photo in listed if photo.target not in gone]
        validation = [photo for photo in validation if photo.target not in gone]
    if part is LeftOut.STEEL:
        left_out = [photo for photo in listed if photo.source == "steel"]
        listed = [photo for photo in listed if "steel_plate" not in photo.path.parts]
        if not left_out:
            raise TrainingError(f"{data} holds no steel_plate/ to leave out")
    staged = photos.stage(listed, classes, "Photos")
    if omission and part is LeftOut.SCENES:
        grocery = np.flatnonzero(staged.sources == "grocery-train")
        folds = scene_folds(staged, grocery, omission.folds, recipe.seed)
        indices = grocery[folds == omission.fold]
        left_out = [listed[index] for index in indices]
        away = set(indices.tolist())
        listed = [photo for index, photo in enumerate(listed) if index not in away]
        staged = staged.without(indices)
    plates = _plates(staged)
    objects = render_objects(plates, RENDERED_OBJECTS, OBJECTS_SEED)
    return Material(
        classes=classes,
        train=photos.join(
            staged,
            photos.alike(plates, classes.targets.index(EMPTY), "empty"),
            photos.alike(objects, classes.targets.index(photos.NOT_PRODUCE), "objects"),
        ),
        scenery=Scenery(plates, render_hands(HANDS, photos.STAGED_SIZE, HANDS_SEED)),
        spec=Preprocessing(recipe.serving_size, mean=(MEAN,) * 3, scale=(SCALE,) * 3),
        validation=validation,
        learned=listed,
        left_out=left_out,
    )


def _plates(staged: photos.Staged) -> NDArray[np.uint8]:
    rendered = render_plates(RENDERED_PLATES, photos.STAGED_SIZE, PLATES_SEED)
    real = staged.pictures[staged.sources == "empty"]
    return np.concatenate([rendered, np.repeat(real, REAL_PLATE_COPIES, axis=0)])


def _some_produce(classes: photos.Classes, seed: int) -> frozenset[str]:
    """Ten kinds of produce, drawn from the seed."""
    rng = np.random.default_rng(seed)
    return frozenset(rng.choice(classes.produce, CLASSES_LEFT_OUT, replace=False).tolist())
