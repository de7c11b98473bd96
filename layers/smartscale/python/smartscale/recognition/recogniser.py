"""Runs a package's network with LiteRT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from PIL import Image

from smartscale.recognition.memory import Head, HeadError, Memory, Vectors
from smartscale.recognition.memory_fit import learn
from smartscale.recognition.network_input import prepare
from smartscale.recognition.package import HEAD_FILE, ModelPackage, PackageError
from smartscale.recognition.photo import decode

SMALLEST_PROBABILITY = 1e-9


@dataclass(frozen=True)
class Reading:
    """The network's output for one picture, averaged over its views.

    `logits` is float64 (labels,), before calibration. `embedding` is float32 (E,) of unit length:
    pictures that look alike have embeddings with a large inner product. It is None where the
    package has none.
    """

    logits: NDArray[np.float64]
    embedding: NDArray[np.float32] | None


@dataclass(frozen=True, order=True)
class Score:
    """How sure the model is of one label, from 0 to 1. Over all labels it adds up to 1."""

    label: str
    confidence: float


class NetworkRecogniser:
    """A loaded network. Safe to share between threads, which then take turns.

    Example:
        >>> from smartscale.recognition.builtin import builtin_package
        >>> recogniser = NetworkRecogniser(builtin_package())
        >>> recogniser.recognise(photo)[0]  # doctest: +SKIP
        Score(label='Banana', confidence=0.97)
    """

    def __init__(self, package: ModelPackage, threads: int = 1, with_head: bool = True) -> None:
        """Load the package's network.

        Args:
            package: what is loaded.
            threads: how many the network may use.
            with_head: whether its head is loaded too; not by who makes it a new one.

        Raises:
            PackageError: the network cannot be loaded, or does not fit the description.
        """
        self.package = package
        self.head = _head(package) if with_head else None
        """What lessons are fused with; None where it cannot learn in a shop."""
        self._untaught = None if self.head is None else Memory(self.head, {})
        self._lock = Lock()
        try:
            self._interpreter = Interpreter(str(package.model_path), num_threads=threads)
            self._interpreter.allocate_tensors()
            inputs = self._interpreter.get_input_details()
            outputs = self._interpreter.get_output_details()
        except (RuntimeError, ValueError) as error:
            raise PackageError(f"the network cannot be loaded: {error}") from error
        size = package.input_size
        shapes = [(1, len(package.labels))]
        if package.embedding is not None:
            shapes.append((1, package.embedding))
        [self._input] = _tensors("input", inputs, [(1, size, size, 3)])
        self._output, *embedding = _tensors("output", outputs, shapes)
        self._embedding = embedding[0] if embedding else None

    @property
    def learns(self) -> bool:
        """Whether a shop can teach it."""
        return self.head is not None

    def learn(self, lessons: Mapping[str, Sequence[Vectors]]) -> Memory | None:
        """What it knows when it has been taught these embeddings, by label; None where it cannot
        be taught."""
        return None if self.head is None else learn(self.head, lessons)

    def recognise(self, data: bytes) -> list[Score]:
        """Calibrated scores of all labels for the bytes of a photo, best first.

        Raises:
            ImageError: the bytes are no picture that can be used.
        """
        return self.recognise_picture(decode(data, self.package.input_size))

    def recognise_picture(self, picture: Image.Image) -> list[Score]:
        """Calibrated scores of all labels for an upright RGB picture, best first."""
        return self.scores(self.read_picture(picture))

    def scores(self, reading: Reading, memory: Memory | None = None) -> list[Score]:
        """Calibrated scores of all labels, and of those that the memory adds, best first."""
        labels, logits = self.package.labels, reading.logits / self.package.temperature
        memory = memory or self._untaught
        if memory is not None and reading.embedding is not None:
            labels, logits = memory.fuse(logits, reading.embedding)
        return ranked(labels, softmax(logits))

    def confirm(self, memory: Memory | None = None) -> float:
        """The confidence below which an answer must be confirmed: the package's, or what the
        memory's own lessons suggest."""
        found = None if memory is None else memory.lowest
        return self.package.confirm if found is None else found

    def logits(self, picture: Image.Image) -> NDArray[np.float64]:
        """The network's answer before calibration, one value per label."""
        return self.read_picture(picture).logits

    def read(self, data: bytes) -> Reading:
        """The network's output for the bytes of a photo.

        Raises:
            ImageError: the bytes are no picture that can be used.
        """
        return self.read_picture(decode(data, self.package.input_size))

    def read_picture(self, picture: Image.Image) -> Reading:
        """The network's output for an upright RGB picture."""
        spec = self.package.preprocessing
        view = prepare(picture, spec)
        seen = self.read_prepared(view)
        if not spec.mirrored_view:
            return seen
        mirrored = self.read_prepared(np.ascontiguousarray(view[:, :, ::-1]))
        both = (seen.embedding, mirrored.embedding)
        return Reading(
            (seen.logits + mirrored.logits) / 2,
            None if both[0] is None or both[1] is None else unit(both[0] + both[1]),
        )

    def read_prepared(self, view: NDArray[np.float32]) -> Reading:
        """The network's output for one view, float32 (1, size, size, 3), as `prepare` makes it."""
        embedding = None
        with self._lock:
            self._interpreter.set_tensor(self._input, view)
            self._interpreter.invoke()
            answer = self._interpreter.get_tensor(self._output)[0].astype(np.float64)
            if self._embedding is not None:
                embedding = unit(self._interpreter.get_tensor(self._embedding)[0])
        if self.package.output == "probabilities":
            answer = np.log(np.maximum(answer, SMALLEST_PROBABILITY))
        return Reading(np.asarray(answer, np.float64), embedding)


def _head(package: ModelPackage) -> Head | None:
    path = package.folder / HEAD_FILE
    if package.embedding is None or not path.is_file():
        return None
    try:
        return Head.load(path.read_bytes(), package.labels, package.embedding)
    except HeadError as error:
        raise PackageError(f"{HEAD_FILE}: {error}") from error


def ranked(labels: Sequence[str], confidences: NDArray[np.float64]) -> list[Score]:
    """Scores of labels, best first; equal ones in the labels' order."""
    order = np.argsort(-confidences, kind="stable")
    return [Score(labels[index], float(confidences[index])) for index in order]


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vector at length 1; nothing but zeros stays as it is."""
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length else vector, np.float32)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _tensors(
    what: str, found: Sequence[Mapping[str, Any]], shapes: Sequence[tuple[int, ...]]
) -> list[int]:
    """The indices of the network's tensors of these shapes, which are told apart by them."""
    by_shape = {tuple(int(length) for length in tensor["shape"]): tensor for tensor in found}
    floats = all(tensor["dtype"] is np.float32 for tensor in found)
    if len(found) != len(shapes) or by_shape.keys() != set(shapes) or not floats:
        actual = ", ".join(f"{shape} of {by_shape[shape]['dtype'].__name__}" for shape in by_shape)
        raise PackageError(
            f"the network's {what} must be float32 of shape "
            f"{' and '.join(map(str, shapes))}, it is {actual}"
        )
    return [int(by_shape[shape]["index"]) for shape in shapes]
