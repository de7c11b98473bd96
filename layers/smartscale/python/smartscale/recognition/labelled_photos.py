"""Reads a folder of photos whose subfolders are named after what they show."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from smartscale.recognition.hierarchy import CoarseClass, find_coarse, find_label

NEGATIVES = "_negatives"
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})

Truth = str | CoarseClass | None
"""A label; or only the coarse class, where nobody knows the variety; or None, not on the menu."""


class EvaluationError(ValueError):
    """The photos cannot be evaluated; the text says what is wrong with them."""


@dataclass(frozen=True)
class LabelledPhoto:
    """A photo and what it shows."""

    path: Path
    truth: Truth


def read_folder(folder: Path, labels: Sequence[str]) -> list[LabelledPhoto]:
    """The photos of `folder/<name>/`, where a name is a label, a coarse class, or `_negatives`.

    Names match whatever their case, hyphens, underscores or spaces, in singular and plural. A name
    that is both (banana) is the label.

    Raises:
        EvaluationError: there is no such folder, a folder matches nothing, or no photo is there.
    """
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is not a folder")
    found: list[LabelledPhoto] = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        if place.name.startswith((".", "__")):  # made by the system, such as __MACOSX
            continue
        truth = None if place.name == NEGATIVES else _truth(place.name, labels)
        found += [
            LabelledPhoto(path, truth)
            for path in sorted(place.iterdir())
            if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()
        ]
    if not found:
        raise EvaluationError(f"{folder} holds no photos in folders named after labels")
    return found


def _truth(name: str, labels: Sequence[str]) -> str | CoarseClass:
    truth = find_label(name, labels) or find_coarse(name)
    if truth is None:
        raise EvaluationError(
            f"the folder {name!r} matches no label of the model and no kind of produce; "
            f"what is not on the menu goes into {NEGATIVES}"
        )
    return truth
