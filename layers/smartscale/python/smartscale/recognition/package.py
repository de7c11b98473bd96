"""The model package: a folder with a network, its labels, and what both were made from.

| file | holds |
|---|---|
| `model.tflite` | the network: (1, size, size, 3) in, one value per label out, and where the |
|                | description says so a picture's embedding of unit length |
| `labels.json` | the labels, in the order of the network's output |
| `model.json` | everything else, and the SHA-256 of every other file |
| `head.npz` | statistics of the pictures it was trained on, for a shop's memory, if it can learn |
| `exemplars.npy` | what packages had before that; it is no longer read |
| `README.md`, `LICENCE.md` | the model card and licence notes, where there are any |
| `report.html` | how good it is, with pictures, where somebody has measured it |

Nothing in a package is executed, no other file may be in it, and it is used only after every
hash has been verified.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from smartscale.recognition.preprocessing import ChannelOrder, Preprocessing

MODEL_FILE = "model.tflite"
LABELS_FILE = "labels.json"
DESCRIPTION_FILE = "model.json"
HEAD_FILE = "head.npz"
_FORMER_FILE = "exemplars.npy"
REQUIRED_FILES = frozenset({MODEL_FILE, LABELS_FILE})
OPTIONAL_FILES = frozenset({"README.md", "LICENCE.md", "report.html", HEAD_FILE, _FORMER_FILE})
# What makes the built-in package importable. It is never read from here.
IGNORED_FILES = frozenset({"__init__.py", "__pycache__"})

OutputKind = Literal["logits", "probabilities"]
OUTPUT_KINDS: tuple[OutputKind, ...] = get_args(OutputKind)
CHANNEL_ORDERS: tuple[ChannelOrder, ...] = get_args(ChannelOrder)
Choice = TypeVar("Choice")

ID_PATTERN = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?", re.ASCII)
REVISION_PATTERN = re.compile(r"[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
MAX_LABEL_LENGTH = 80
MAX_INPUT_SIZE = 1024
MAX_EMBEDDING = 8192


class PackageError(ValueError):
    """A package that must not be used; its text says why."""


@dataclass(frozen=True)
class ModelPackage:
    """A verified package. Sizes in pixels, thresholds and confidences from 0 to 1."""

    model_id: str
    revision: str
    labels: tuple[str, ...]
    preprocessing: Preprocessing
    folder: Path
    output: OutputKind = "logits"
    embedding: int | None = None
    """Length of the network's embedding of a picture; None where the network has no embedding."""
    temperature: float = 1.0
    """Logits are divided by it before the softmax, so that confidence means accuracy."""
    confirm: float = 0.9
    """Below this confidence somebody has to confirm the answer."""
    source: Mapping[str, Any] = field(default_factory=dict)
    licence: str = ""
    evaluation: Mapping[str, Any] = field(default_factory=dict)

    @property
    def input_size(self) -> int:
        """Side of the network's input in pixels."""
        return self.preprocessing.size

    @property
    def trained_labels(self) -> tuple[str, ...]:
        """The labels that its networks were trained on; of the others its head alone knows."""
        return self.labels[: self.source.get("trained", {}).get("labels")]

    @property
    def thresholds(self) -> dict[str, float]:
        """The thresholds as `model.json` has them."""
        return {"confirm": self.confirm}

    @property
    def model_path(self) -> Path:
        """The path of the network's file."""
        return self.folder / MODEL_FILE


def load_package(folder: Path) -> ModelPackage:
    """Read and verify the package in `folder`.

    Raises:
        PackageError: a file is missing, unexpected or altered, or the description makes no sense.
    """
    description = _read_json(folder / DESCRIPTION_FILE)
    if not isinstance(description, dict):
        raise PackageError(f"{DESCRIPTION_FILE} must hold an object")
    _verify_files(folder, description)
    labels = _read_json(folder / LABELS_FILE)
    try:
        return _parse(description, labels, folder)
    except KeyError as error:
        raise PackageError(f"{DESCRIPTION_FILE} lacks {error}") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise PackageError(f"{DESCRIPTION_FILE} makes no sense: {error}") from error


def write_package(
    package: ModelPackage, model: bytes, documents: Mapping[str, str | bytes] | None = None
) -> ModelPackage:
    """Write a package into `package.folder` and verify it by loading it.

    The description is written last: a folder without it is not a package yet.

    Args:
        package: what the description says.
        model: the content of `model.tflite`.
        documents: the content of `README.md`, `LICENCE.md` and `report.html`.

    Raises:
        PackageError: what was written would not load.
    """
    contents = {
        MODEL_FILE: model,
        LABELS_FILE: _to_json(list(package.labels)),
        **{
            name: content.encode() if isinstance(content, str) else content
            for name, content in (documents or {}).items()
        },
    }
    if unexpected := contents.keys() - REQUIRED_FILES - OPTIONAL_FILES:
        raise PackageError(f"a package has no file {', '.join(sorted(unexpected))}")
    spec = package.preprocessing
    description = {
        "id": package.model_id,
        "revision": package.revision,
        "input": {"size": spec.size, "channels": spec.channels},
        "preprocessing": {
            "max_aspect": spec.max_aspect,
            "mean": list(spec.mean),
            "scale": list(spec.scale),
            "mirrored_view": spec.mirrored_view,
        },
        "output": {
            "kind": package.output,
            **({} if package.embedding is None else {"embedding": package.embedding}),
        },
        "calibration": {"temperature": package.temperature},
        "thresholds": package.thresholds,
        "source": dict(package.source),
        "licence": package.licence,
        "evaluation": dict(package.evaluation),
        "files": {name: hashlib.sha256(contents[name]).hexdigest() for name in sorted(contents)},
    }
    package.folder.mkdir(parents=True, exist_ok=True)
    for name in (DESCRIPTION_FILE, *(REQUIRED_FILES | OPTIONAL_FILES) - contents.keys()):
        (package.folder / name).unlink(missing_ok=True)  # an earlier package's
    for name, content in contents.items():
        (package.folder / name).write_bytes(content)
    (package.folder / DESCRIPTION_FILE).write_bytes(_to_json(description))
    return load_package(package.folder)


def _to_json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise PackageError(f"{path.name} is missing in {path.parent}") from error
    except (OSError, ValueError) as error:
        raise PackageError(f"{path.name} cannot be read: {error}") from error


def _verify_files(folder: Path, description: Mapping[str, Any]) -> None:
    listed = description.get("files")
    if not isinstance(listed, dict):
        raise PackageError(f"{DESCRIPTION_FILE} lacks 'files', the SHA-256 of each file")
    if missing := REQUIRED_FILES - listed.keys():
        raise PackageError(f"{DESCRIPTION_FILE} lists no {', '.join(sorted(missing))}")
    if unexpected := listed.keys() - REQUIRED_FILES - OPTIONAL_FILES:
        raise PackageError(f"a package has no file {', '.join(sorted(unexpected))}")
    present = {path.name for path in folder.iterdir()} - IGNORED_FILES - {DESCRIPTION_FILE}
    if extra := present - listed.keys():
        raise PackageError(f"{', '.join(sorted(extra))} is not listed in {DESCRIPTION_FILE}")
    for name, expected in listed.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise PackageError(f"{name} is missing in {folder}")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                raise PackageError(f"{name} is not what {DESCRIPTION_FILE} says: its hash differs")


def _parse(description: Mapping[str, Any], labels: object, folder: Path) -> ModelPackage:
    how = description["preprocessing"]
    source, evaluation = description["source"], description["evaluation"]
    if not isinstance(source, dict) or not isinstance(evaluation, dict):
        raise TypeError("'source' and 'evaluation' must be objects")
    named = _labels(labels)
    return ModelPackage(
        model_id=_matching(ID_PATTERN, description["id"], "id"),
        revision=_matching(REVISION_PATTERN, description["revision"], "revision"),
        labels=named,
        preprocessing=Preprocessing(
            size=_size(description["input"]["size"]),
            channels=_one_of(CHANNEL_ORDERS, description["input"].get("channels", "rgb")),
            max_aspect=_number(how["max_aspect"], 1.0, 100.0),
            mean=_triple(how["mean"], -1e6),
            scale=_triple(how["scale"], 1e-6),
            mirrored_view=bool(how.get("mirrored_view", False)),
        ),
        folder=folder,
        output=_one_of(OUTPUT_KINDS, description["output"]["kind"]),
        embedding=_embedding(description["output"].get("embedding"), len(named)),
        temperature=_number(description["calibration"]["temperature"], 1e-3, 1e3),
        confirm=_number(description["thresholds"]["confirm"], 0.0, 1.0),
        source=source,
        licence=str(description["licence"]),
        evaluation=evaluation,
    )


def _matching(pattern: re.Pattern[str], value: object, name: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"'{name}' is {value!r}")
    return value


def _one_of(choices: tuple[Choice, ...], value: object) -> Choice:
    for choice in choices:
        if value == choice:
            return choice
    raise ValueError(f"{value!r} is none of {', '.join(map(str, choices))}")


def _number(value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{value!r} is no number from {low:g} to {high:g}")
    return float(value)


def _size(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"input size {value!r} is no whole number")
    return int(_number(value, 1, MAX_INPUT_SIZE))


def _embedding(value: object, labels: int) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int):
        raise TypeError(f"embedding {value!r} is no whole number")
    if value == labels:  # the shapes distinguish the network's outputs
        raise ValueError(f"an embedding of {value} numbers looks like the {labels} labels' scores")
    return int(_number(value, 1, MAX_EMBEDDING))


def _triple(values: Iterable[object], low: float) -> tuple[float, float, float]:
    red, green, blue = (_number(value, low, 1e6) for value in values)
    return red, green, blue


def _labels(labels: object) -> tuple[str, ...]:
    if not isinstance(labels, list) or not labels:
        raise PackageError(f"{LABELS_FILE} must hold a list of labels")
    for label in labels:
        if not isinstance(label, str) or not 0 < len(label) <= MAX_LABEL_LENGTH:
            raise PackageError(f"{LABELS_FILE} holds {label!r}, which is no label")
    if len(set(labels)) != len(labels):
        raise PackageError(f"{LABELS_FILE} holds a label twice")
    return tuple(labels)
