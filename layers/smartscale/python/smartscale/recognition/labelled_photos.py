"""Reads a folder of photos whose subfolders are named after what they show.

A folder within such a subfolder is a scene: photos of one shelf, one session, one batch. They are
alike, so what is taught from some of them is not measured on the others.
"""

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
    scene: str = ""
    """The folder that it shares with photos of the same scene; empty for a scene of its own."""


def read_folder(
    folder: Path, labels: Sequence[str], *, new_items: bool = False
) -> list[LabelledPhoto]:
    """The photos of `folder/<name>/` and `folder/<name>/<scene>/`.

    A name is a label, a coarse class, or `_negatives`. Names match whatever their case, hyphens,
    underscores or spaces, in singular and plural. A name that is both (banana) is the label.

    Args:
        folder: where they are.
        labels: those that are known.
        new_items: whether a name that matches nothing is the label of an item that is new.

    Raises:
        EvaluationError: there is no such folder, a folder matches nothing, or no photo is there.
    """
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is not a folder")
    found: list[LabelledPhoto] = []
    for place in _folders(folder):
        truth = None if place.name == NEGATIVES else _truth(place.name, labels, new_items=new_items)
        found += [LabelledPhoto(path, truth) for path in _photos(place)]
        found += [
            LabelledPhoto(path, truth, scene.name)
            for scene in _folders(place)
            for path in _photos(scene)
        ]
    if not found:
        raise EvaluationError(f"{folder} holds no photos in folders named after labels")
    return found


def _folders(folder: Path) -> list[Path]:
    """The folders within one, but those made by the system, such as __MACOSX."""
    return sorted(
        path for path in folder.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    )


def _photos(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()
    )


def _truth(name: str, labels: Sequence[str], *, new_items: bool) -> str | CoarseClass:
    truth = find_label(name, labels) or find_coarse(name)
    if truth is not None:
        return truth
    if new_items:
        return name
    raise EvaluationError(
        f"the folder {name!r} matches no label of the model and no kind of produce; "
        f"what is not on the menu goes into {NEGATIVES}, and an item that is new needs --lessons"
    )
