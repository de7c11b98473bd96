"""The package that comes with the project and serves until another one is active."""

import json
from importlib.resources import files
from pathlib import Path

from smartscale.recognition.package import (
    DESCRIPTION_FILE,
    HEAD_FILE,
    LABELS_FILE,
    ModelPackage,
    PackageError,
    load_package,
)

MODULE = "smartscale_model"


def builtin_package() -> ModelPackage:
    """The built-in package, from the model layer on Lambda and from the repo elsewhere.

    Raises:
        PackageError: the model layer is missing or damaged.
    """
    return load_package(_folder())


def builtin_learns() -> bool:
    """Whether a shop can teach the built-in package, without reading the network."""
    return (_folder() / HEAD_FILE).is_file()


def builtin_labels() -> list[str]:
    """The labels of the built-in package, without reading the network."""
    labels: list[str] = json.loads((_folder() / LABELS_FILE).read_text(encoding="utf-8"))
    return labels


def builtin_trained_labels() -> list[str]:
    """Those of its labels that its networks were trained on; of the others it only guesses, until
    a shop teaches them.

    Raises:
        PackageError: the model layer is missing.
    """
    description = json.loads((_folder() / DESCRIPTION_FILE).read_text(encoding="utf-8"))
    return builtin_labels()[: description["source"].get("trained", {}).get("labels")]


def builtin_revision() -> str:
    """Which revision the built-in package is, without reading the network.

    Raises:
        PackageError: the model layer is missing.
    """
    description = json.loads((_folder() / DESCRIPTION_FILE).read_text(encoding="utf-8"))
    return str(description["revision"])


def _folder() -> Path:
    try:
        return Path(str(files(MODULE)))
    except ModuleNotFoundError as error:
        raise PackageError(f"the layer with {MODULE} is missing") from error
