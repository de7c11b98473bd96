"""Stages the training photos as arrays, so that an epoch never waits for a JPEG.

Photos are read with the serving code's own `decode` and kept as uint8 at one size.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from smartscale.domain.prediction import EMPTY, NO_ITEM, UNKNOWN
from smartscale.recognition.network_input import prepare
from smartscale.recognition.photo import decode
from smartscale.recognition.preprocessing import Preprocessing
from training.errors import TrainingError

STAGED_SIZE = 288
"""Pixels a side of a staged photo: room to zoom in, little to alias when zoomed out."""

NOT_PRODUCE = "not-produce"
PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
CUT_OUTS = "studio"
"""The set whose pictures show one thing each, on white."""


class DataError(TrainingError):
    """The data folder is not as the pipeline needs it."""


@dataclass(frozen=True)
class Photo:
    """One photo: where it lies, the class it is trained as, the collection it belongs to."""

    path: Path
    target: str
    source: str


@dataclass(frozen=True)
class Classes:
    """What the network tells apart while it trains, and the labels that it answers with.

    Every carton is a class of its own in training, since telling them apart makes better
    features; together they are the label `unknown`.
    """

    targets: tuple[str, ...]
    labels: tuple[str, ...]
    label_of: tuple[int, ...]
    """For each target, the index of its label."""
    coarse: tuple[str, ...]
    """For each target, the coarse class it belongs to, such as Apple."""

    @property
    def produce(self) -> tuple[str, ...]:
        """The labels that are produce."""
        return tuple(label for label in self.labels if label not in NO_ITEM)

    @property
    def label_by_target(self) -> dict[str, str]:
        """For the name of each target, its label."""
        labels = (self.labels[place] for place in self.label_of)
        return dict(zip(self.targets, labels, strict=True))

    def of_produce(self, shown: Iterable["Photo"]) -> list["Photo"]:
        """Those of the photos that show produce."""
        label_of = self.label_by_target
        return [photo for photo in shown if label_of[photo.target] not in NO_ITEM]

    @property
    def coarse_of(self) -> NDArray[np.int64]:
        """For each target, the index of its coarse class."""
        return np.unique(self.coarse, return_inverse=True)[1]

    @property
    def coarse_of_labels(self) -> NDArray[np.int64]:
        """For each label, the index of its coarse class; that of a target, where it has many."""
        firsts = [self.label_of.index(label) for label in range(len(self.labels))]
        return self.coarse_of[firsts]

    def without(self, gone: frozenset[str]) -> "Classes":
        """The classes without some kinds of produce."""
        kept = [index for index, target in enumerate(self.targets) if target not in gone]
        labels = tuple(label for label in self.labels if label not in gone)
        return Classes(
            targets=tuple(self.targets[index] for index in kept),
            labels=labels,
            label_of=tuple(labels.index(self.labels[self.label_of[index]]) for index in kept),
            coarse=tuple(self.coarse[index] for index in kept),
        )


@dataclass(frozen=True)
class Staged:
    """Photos as arrays: `pictures` uint8 (N, S, S, 3), `targets` int (N,), `sources` str (N,)."""

    pictures: NDArray[np.uint8]
    targets: NDArray[np.int64]
    sources: NDArray[np.str_]

    def at_size(self, indices: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
        """Some of the pictures, of `size` pixels a side: (N, size, size, 3)."""
        step = np.linspace(0, self.pictures.shape[1] - 1, size).round().astype(int)
        return self.pictures[indices][:, step][:, :, step]

    def without(self, indices: NDArray[np.int64]) -> "Staged":
        """The other photos."""
        return Staged(
            np.delete(self.pictures, indices, axis=0),
            np.delete(self.targets, indices),
            np.delete(self.sources, indices),
        )


def read_classes(data: Path) -> Classes:
    """The classes of the grocery photos (produce first, cartons as `unknown`), plus `empty`."""
    produce = {photo.target for photo in read_grocery(data, "train") if not _is_carton(photo)}
    listing = data / "grocery" / "classes.csv"
    with listing.open(newline="", encoding="utf-8") as file:
        coarse = {
            row["Class Name (str)"]: row["Coarse Class Name (str)"] for row in csv.DictReader(file)
        }
    names = list(coarse)
    labels = (*(name for name in names if name in produce), UNKNOWN, EMPTY)
    targets = (*names, NOT_PRODUCE, EMPTY)
    place = {label: index for index, label in enumerate(labels)}
    return Classes(
        targets=targets,
        labels=labels,
        label_of=tuple(place.get(name, place[UNKNOWN]) for name in targets),
        coarse=tuple(coarse.get(name, name) for name in targets),
    )


def read_grocery(data: Path, split: str) -> list[Photo]:
    """The photos that the data set lists for `split`, by the name of their folder."""
    listing = data / "grocery" / f"{split}.txt"
    if not listing.is_file():
        raise DataError(f"{listing} is missing: point --data at the folder that holds grocery/")
    photos = []
    with listing.open(encoding="utf-8") as file:
        for line in file:
            path = data / "grocery" / line.split(",")[0].strip()
            photos.append(Photo(path, path.parent.name, f"grocery-{split}"))
    return photos


def read_learned(data: Path) -> list[Photo]:
    """All photos that the networks learn from."""
    return [*read_grocery(data, "train"), *read_extras(data)]


def read_extras(data: Path) -> Iterator[Photo]:
    """The plate and tabletop photos, where they are there, as the classes they can teach."""
    # The plate's yellow apple is unnamed, but without it "on steel" would mean banana or orange.
    for target in ("Banana", "Orange", "Golden-Delicious"):
        for folder in ("bag", "loose"):
            yield from read_folder(data / "steel_plate" / folder / target, target, "steel")
    for target in ("Banana", "Orange", "Granny-Smith"):
        yield from read_folder(data / "tabletop" / target, target, "tabletop")
    yield from read_folder(data / "tabletop" / "_not-produce", NOT_PRODUCE, "tabletop")
    yield from read_folder(data / "steel_plate" / "_empty", EMPTY, "empty")


def stage(photos: Iterable[Photo], classes: Classes, describe: str) -> Staged:
    """Decode photos once, squashed to a square."""
    spec = Preprocessing(STAGED_SIZE, max_aspect=10.0, mean=(0.0,) * 3, scale=(1.0,) * 3)
    place = {target: index for index, target in enumerate(classes.targets)}
    photos = list(photos)
    pictures = np.empty((len(photos), STAGED_SIZE, STAGED_SIZE, 3), np.uint8)
    for index, photo in enumerate(track(photos, describe)):
        pictures[index] = view(photo, spec)[0]
    targets = np.array([place[photo.target] for photo in photos], np.int64)
    return Staged(pictures, targets, np.array([photo.source for photo in photos]))


def as_served(photos: Iterable[Photo], spec: Preprocessing, describe: str) -> NDArray[np.float32]:
    """Photos exactly as the network will see them in a shop: (N, size, size, 3)."""
    return np.concatenate([view(photo, spec) for photo in track(list(photos), describe)])


def view(photo: Photo, spec: Preprocessing) -> NDArray[np.float32]:
    """One photo exactly as the network will see it: (1, size, size, 3)."""
    return prepare(read_picture(photo, spec), spec)


def read_picture(photo: Photo, spec: Preprocessing) -> Image.Image:
    """A photo decoded as a shop's photo is."""
    return decode(photo.path.read_bytes(), spec.size)


def alike(pictures: NDArray[np.uint8], target: int, source: str) -> Staged:
    """Pictures (N, S, S, 3) that all show the same."""
    return Staged(pictures, np.full(len(pictures), target), np.full(len(pictures), source))


def join(*parts: Staged) -> Staged:
    """Several collections as one."""
    return Staged(
        np.concatenate([part.pictures for part in parts]),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.sources for part in parts]),
    )


def _is_carton(photo: Photo) -> bool:
    return "Packages" in photo.path.parts


def read_folder(folder: Path, target: str, source: str) -> Iterator[Photo]:
    """The photos in a folder, in the order of their names; none where there is no such folder."""
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in PHOTO_SUFFIXES:
                yield Photo(path, target, source)
