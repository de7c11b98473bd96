"""Which files of a model repository are its model, and which need not be downloaded."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import PurePosixPath

from pydantic import BaseModel, ConfigDict

from smartscale.domain.errors import ImportFailed
from smartscale.importing.labels import LABEL_FILES

MAX_MODEL_BYTES = 1_000_000_000
MAX_TEXT_BYTES = 2_000_000
CONFIGURATION_FILES = ("config.json", "preprocessor_config.json")
_PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".bin", ".npy", ".npz"})
_CHECKPOINT = ("variables/variables.index", "variables/variables.data-")
_KERAS_TEXTS = ("keras_metadata.pb", "fingerprint.pb")


class ModelKind(StrEnum):
    """How a repository's model is stored, by falling preference: a TFLite file needs no conversion,
    and the weights of a Keras file come with its structure."""

    TFLITE = "TFLite file"
    KERAS = ".keras file"
    SAVED_MODEL = "SavedModel"
    H5 = ".h5 file"


class RepositoryFile(BaseModel):
    """A file's path in the repository, and its size in bytes."""

    model_config = ConfigDict(frozen=True)

    name: str
    size: int


class Listing(BaseModel):
    """What a repository holds at one commit."""

    model_config = ConfigDict(frozen=True)

    commit: str
    files: tuple[RepositoryFile, ...]
    licence: str = ""


class Source(BaseModel):
    """What of a repository has to be downloaded."""

    model_config = ConfigDict(frozen=True)

    kind: ModelKind
    model: str
    """The model's file, or its folder where it is a SavedModel; "." is the repository itself."""
    files: tuple[RepositoryFile, ...]

    @property
    def bytes(self) -> int:
        """How much there is to download."""
        return sum(file.size for file in self.files)


def choose_source(listing: Listing) -> Source:
    """Find the model among a repository's files.

    Raises:
        ImportFailed: there is none that can be used, or it is too large.
    """
    files = [file for file in listing.files if _is_plain(file.name)]
    for kind, found in (
        (ModelKind.TFLITE, _with_suffix(files, ".tflite")),
        (ModelKind.KERAS, _with_suffix(files, ".keras")),
        (ModelKind.SAVED_MODEL, _named(files, "saved_model.pb")),
        (ModelKind.H5, _with_suffix(files, ".h5", ".hdf5")),
    ):
        if found:
            return _source(kind, _the_one(found), files)
    raise ImportFailed(_no_model(listing))


def _source(kind: ModelKind, model: RepositoryFile, files: list[RepositoryFile]) -> Source:
    path = PurePosixPath(model.name)
    needed = [model]
    if kind is ModelKind.SAVED_MODEL:
        inside = "" if path.parent == PurePosixPath() else f"{path.parent}/"
        variables = [
            file for file in files if file.name.startswith(tuple(inside + p for p in _CHECKPOINT))
        ]
        if not any(file.name.endswith(".index") for file in variables) or len(variables) < 2:  # noqa: PLR2004
            raise ImportFailed(
                f"The SavedModel lacks its weights: {inside}variables/ is missing or incomplete."
            )
        needed += variables
        needed += [file for file in files if file.name in {inside + name for name in _KERAS_TEXTS}]
    texts = {*LABEL_FILES, *CONFIGURATION_FILES}
    # Beside the model, or at the top.
    places = {str(path.parent), "."}
    needed += [
        file
        for file in files
        if PurePosixPath(file.name).name in texts
        and str(PurePosixPath(file.name).parent) in places
        and file.size <= MAX_TEXT_BYTES
    ]
    source = Source(
        kind=kind,
        model=str(path.parent) if kind is ModelKind.SAVED_MODEL else model.name,
        files=tuple(needed),
    )
    if source.bytes > MAX_MODEL_BYTES:
        raise ImportFailed(
            f"The model has {source.bytes / 1e6:.0f} MB; at most {MAX_MODEL_BYTES / 1e6:.0f} MB "
            "are imported."
        )
    return source


def _the_one(found: list[RepositoryFile]) -> RepositoryFile:
    """The file nearest to the top; of several there, the one that is called model."""
    depth = min(file.name.count("/") for file in found)
    nearest = [file for file in found if file.name.count("/") == depth]
    called_model = [file for file in nearest if PurePosixPath(file.name).stem == "model"]
    if len(nearest) == 1 or len(called_model) == 1:
        return (called_model or nearest)[0]
    names = ", ".join(sorted(file.name for file in nearest))
    raise ImportFailed(
        f"The repository holds several models ({names}), and none of them is called model."
    )


def _with_suffix(files: Iterable[RepositoryFile], *suffixes: str) -> list[RepositoryFile]:
    return [file for file in files if file.name.lower().endswith(suffixes)]


def _named(files: Iterable[RepositoryFile], name: str) -> list[RepositoryFile]:
    return [file for file in files if PurePosixPath(file.name).name == name]


def _is_plain(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and not any(part.startswith(".") for part in path.parts)


def _no_model(listing: Listing) -> str:
    wanted = "a SavedModel, a .keras, an .h5 or a .tflite file"
    pickled = sorted(
        file.name for file in listing.files if PurePosixPath(file.name).suffix in _PICKLES
    )
    if pickled:
        return (
            f"The repository holds {', '.join(pickled[:3])}, which can run code when it is loaded "
            f"and is refused; what is imported is {wanted}."
        )
    return f"The repository holds no model that can be imported: {wanted}."
