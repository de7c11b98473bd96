"""Loads what Keras and TensorFlow have written, after it was checked, and converts it.

Every kind becomes one frozen function with its weights inside: that is what the answers are
compared with, and the one shape that the converter takes reliably, whichever Keras wrote the model.
"""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, TypeAlias

import h5py
import keras
import numpy as np
import tensorflow as tf
import tf_keras
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tf_keras.protobuf import saved_metadata_pb2

from functions.model_import.conversion.graph import Graph, checked_functions
from smartscale.domain.errors import ImportFailed
from smartscale.importing.preprocessings import declared_size
from smartscale.importing.refusals import check_graph, check_keras_config
from smartscale.importing.repository import MAX_MODEL_BYTES, ModelKind
from smartscale.recognition.package import MAX_INPUT_SIZE

Function: TypeAlias = Any  # TensorFlow has no types
PRECISIONS = ("dynamic", "float16")
"""In turn: int8 weights with float32 arithmetic around them, which needs no example pictures and is
many times faster on a VGG16; then half the size with the original's answers."""
_FALLBACK = "float32"
_SIGNATURE = "serving_default"
_DAMAGED = "is cut short or damaged; publish it anew."


class TensorFlowOriginal:
    """A frozen function from pictures (1, size, size, 3) to scores (1, outputs)."""

    def __init__(self, function: Function, size: int) -> None:
        """Freeze a function that takes one batch of pictures of this size."""
        self._frozen = convert_variables_to_constants_v2(function)
        (self._output,) = self._frozen.outputs
        self.size = size
        self.outputs = int(self._output.shape[-1])
        graph = Graph(self._frozen.graph, self._frozen.inputs[0], self._output)
        self.layers = graph.names
        self.scales_inside = graph.scales_inside
        self._features = graph.features
        self.embedding = None if self._features is None else int(self._features.shape[-1])

    def answer(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """The original's output for one picture."""
        (scores,) = self._frozen(tf.constant(picture))
        return np.asarray(scores[0], np.float32)

    def conversions(self) -> Iterator[tuple[str, bytes]]:
        """The network in each precision, those that serve best first."""
        served = self._served()
        for precision in (*PRECISIONS, _FALLBACK):
            converter = tf.lite.TFLiteConverter.from_concrete_functions([served])
            if precision != _FALLBACK:
                converter.optimizations = [tf.lite.Optimize.DEFAULT]
            if precision == "float16":
                converter.target_spec.supported_types = [tf.float16]
            yield precision, bytes(converter.convert())

    def _served(self) -> Function:
        """The function with a batch of one, and the features beside the scores."""
        definition = self._frozen.graph.as_graph_def()
        wanted = [self._output] + ([] if self._features is None else [self._features])

        def call(picture: Any) -> dict[str, Any]:
            scores, *features = tf.graph_util.import_graph_def(
                definition,
                input_map={self._frozen.inputs[0].name: picture},
                return_elements=[tensor.name for tensor in wanted],
                name="",
            )
            scores = tf.reshape(scores, (1, self.outputs))
            if not features:
                return {"scores": scores}
            length = int(features[0].shape[-1])
            unit = tf.math.l2_normalize(tf.reshape(features[0], (1, length)), axis=1)
            return {"scores": scores, "embedding": unit}

        return tf.function(call).get_concrete_function(_picture(self.size))


def load(kind: ModelKind, path: Path, texts: Mapping[str, str]) -> TensorFlowOriginal:
    """Check and load a model.

    Args:
        kind: how it is stored.
        path: its file, or its folder.
        texts: the repository's configuration files, which may name the size of the input.

    Raises:
        ImportFailed: it is damaged, refused, or takes or answers something else.
    """
    loaders = {
        ModelKind.SAVED_MODEL: _load_saved_model,
        ModelKind.KERAS: _load_keras_file,
        ModelKind.H5: _load_h5,
    }
    return loaders[kind](path, declared_size(texts))


def _load_saved_model(folder: Path, declared: int | None) -> TensorFlowOriginal:
    _check_saved_model(folder)
    try:
        loaded = tf.saved_model.load(str(folder))
    except (IndexError, OSError, tf.errors.OpError) as error:  # as the reader of checkpoints does
        raise ImportFailed(f"The SavedModel's weights cannot be read: it {_DAMAGED}") from error
    signatures = loaded.signatures
    if _SIGNATURE not in signatures:
        raise ImportFailed(
            f"The SavedModel has no signature {_SIGNATURE!r}, only {sorted(signatures) or 'none'}."
        )
    signature = signatures[_SIGNATURE]
    (name, entry), *others = signature.structured_input_signature[1].items()
    answers = list(signature.structured_outputs.items())
    if others or len(answers) != 1:
        raise ImportFailed(
            f"The SavedModel has {1 + len(others)} inputs and {len(answers)} outputs; what is "
            "imported has one of each."
        )
    size = _size(entry.shape, declared)
    return _original(lambda picture: signature(**{name: picture})[answers[0][0]], size)


def _check_saved_model(folder: Path) -> None:
    """Read the description of the graph, without running any of it.

    Raises:
        ImportFailed: it is damaged or refused.
    """
    saved = saved_model_pb2.SavedModel()
    metadata = saved_metadata_pb2.SavedMetadata()
    try:
        saved.ParseFromString((folder / "saved_model.pb").read_bytes())
        described = folder / "keras_metadata.pb"
        if described.is_file():
            metadata.ParseFromString(described.read_bytes())
    except DecodeError as error:
        raise ImportFailed(f"The SavedModel {_DAMAGED}") from error
    if len(saved.meta_graphs) != 1:
        raise ImportFailed(
            f"The SavedModel holds {len(saved.meta_graphs)} graphs; there must be one."
        )
    for node in metadata.nodes:
        check_keras_config(_model_parts(json.loads(node.metadata)))
    main, functions, saver, exposed = checked_functions(saved.meta_graphs[0])
    check_graph(main, functions, saver=saver, exposed=exposed)


def _model_parts(metadata: Mapping[str, Any]) -> object:
    """Of a Keras object's metadata, what describes layers; how it was trained is of no interest."""
    return {name: metadata[name] for name in ("class_name", "config") if name in metadata}


def _load_keras_file(path: Path, declared: int | None) -> TensorFlowOriginal:
    """A `.keras` file: a zip of the configuration, the weights and the version that wrote it."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(archive)
            config = json.loads(archive.read("config.json"))
            version = json.loads(archive.read("metadata.json")).get("keras_version", "3")
            with archive.open("model.weights.h5") as weights, h5py.File(weights, "r") as file:
                _check_hdf5(file)
    except (zipfile.BadZipFile, KeyError, OSError, ValueError) as error:
        raise ImportFailed(f"{path.name} {_DAMAGED}") from error
    return _load_with_keras(path, config, str(version), declared)


def _check_archive(archive: zipfile.ZipFile) -> None:
    if sum(entry.file_size for entry in archive.infolist()) > 2 * MAX_MODEL_BYTES:
        raise ImportFailed("The .keras file unpacks to more than a model may have.")
    for entry in archive.infolist():
        name = PurePosixPath(entry.filename)
        if name.is_absolute() or ".." in name.parts or "\\" in entry.filename:
            raise ImportFailed(f"The .keras file holds {entry.filename!r}, which leads elsewhere.")


def _load_h5(path: Path, declared: int | None) -> TensorFlowOriginal:
    try:
        with h5py.File(path, "r") as file:
            _check_hdf5(file)
            stored = file.attrs.get("model_config")
            version = file.attrs.get("keras_version", "2")
    except (OSError, RuntimeError, ValueError) as error:
        raise ImportFailed(f"{path.name} {_DAMAGED}") from error
    if stored is None:
        raise ImportFailed(
            f"{path.name} holds weights without the structure of the model; save the whole model."
        )
    text = stored.decode() if isinstance(stored, bytes) else str(stored)
    written_by = version.decode() if isinstance(version, bytes) else str(version)
    return _load_with_keras(path, json.loads(text), written_by, declared)


def _check_hdf5(group: h5py.Group) -> None:
    """Refuse links and datasets that take their content from other files."""
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ImportFailed(f"The weights hold the link {name!r}, which may lead elsewhere.")
        found = group[name]
        if isinstance(found, h5py.Group):
            _check_hdf5(found)
        elif found.external or found.is_virtual:
            raise ImportFailed(f"The weights of {name!r} lie in another file.")


def _load_with_keras(
    path: Path, config: object, version: str, declared: int | None
) -> TensorFlowOriginal:
    """Load with the Keras that wrote it: 3 does not read everything of 2."""
    check_keras_config(config)
    ours = tf_keras if version.startswith("2.") or version == "2" else keras
    model = ours.models.load_model(path, compile=False, safe_mode=True)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ImportFailed(
            f"The model has {len(model.inputs)} inputs and {len(model.outputs)} outputs; what is "
            "imported has one of each."
        )
    size = _size(model.inputs[0].shape, declared)
    return _original(lambda picture: model(picture, training=False), size)


def _original(call: Callable[[Any], Any], size: int) -> TensorFlowOriginal:
    function = tf.function(call).get_concrete_function(_picture(size))
    (answer,) = function.outputs
    if len(answer.shape) != 2 or answer.shape[-1] is None:  # noqa: PLR2004
        raise ImportFailed(
            f"The model answers {answer.shape}; what is imported answers one score per label."
        )
    return TensorFlowOriginal(function, size)


def _size(shape: Sequence[int | None], declared: int | None) -> int:
    """The side of a square picture's input: (any, size, size, 3)."""
    found = tuple(shape)
    if len(found) != 4 or found[3] != 3:  # noqa: PLR2004
        raise ImportFailed(
            f"The model takes {found}; what is imported takes colour pictures, (size, size, 3)."
        )
    height, width = found[1] or declared, found[2] or declared
    if height is None or width is None:
        raise ImportFailed(
            "The model takes pictures of any size: name the one it was trained on by `image_size` "
            "in config.json."
        )
    if height != width or not 0 < height <= MAX_INPUT_SIZE:
        raise ImportFailed(
            f"The model takes pictures of {width} x {height} pixels; what is imported takes square "
            f"ones of at most {MAX_INPUT_SIZE}."
        )
    return height


def _picture(size: int) -> Any:
    return tf.TensorSpec((1, size, size, 3), tf.float32, name="picture")
