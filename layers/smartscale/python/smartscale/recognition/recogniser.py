"""Runs a package's network with LiteRT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from PIL import Image

from smartscale.recognition.package import ModelPackage, PackageError
from smartscale.recognition.preprocessing import decode, prepare

SMALLEST_PROBABILITY = 1e-9


@dataclass(frozen=True, order=True)
class Score:
    """How sure the model is of one label, from 0 to 1. Over all labels it adds up to 1."""

    label: str
    confidence: float


class Recogniser:
    """A loaded network. Safe to share between threads, which then take turns.

    Example:
        >>> from smartscale.recognition.builtin import builtin_package
        >>> recogniser = Recogniser(builtin_package())
        >>> recogniser.recognise(photo)[0]  # doctest: +SKIP
        Score(label='Banana', confidence=0.97)
    """

    def __init__(self, package: ModelPackage, threads: int = 1) -> None:
        """Load the package's network.

        Raises:
            PackageError: the network cannot be loaded, or does not fit the description.
        """
        self.package = package
        self._lock = Lock()
        try:
            self._interpreter = Interpreter(str(package.model_path), num_threads=threads)
            self._interpreter.allocate_tensors()
            entry, *other_inputs = self._interpreter.get_input_details()
            answer, *other_outputs = self._interpreter.get_output_details()
        except (RuntimeError, ValueError) as error:
            raise PackageError(f"the network cannot be loaded: {error}") from error
        size = package.input_size
        _expect("input", entry, other_inputs, (1, size, size, 3))
        _expect("output", answer, other_outputs, (1, len(package.labels)))
        self._input, self._output = entry["index"], answer["index"]

    def recognise(self, data: bytes) -> list[Score]:
        """Calibrated scores of all labels for the bytes of a photo, best first.

        Raises:
            ImageError: the bytes are no picture that can be used.
        """
        return self.recognise_picture(decode(data, self.package.input_size))

    def recognise_picture(self, picture: Image.Image) -> list[Score]:
        """Calibrated scores of all labels for an upright RGB picture, best first."""
        confidences = softmax(self.logits(picture) / self.package.temperature)
        order = np.argsort(-confidences, kind="stable")
        labels = self.package.labels
        return [Score(labels[index], float(confidences[index])) for index in order]

    def logits(self, picture: Image.Image) -> NDArray[np.float64]:
        """The network's answer before calibration, one value per label."""
        spec = self.package.preprocessing
        view = prepare(picture, spec)
        if not spec.mirrored_view:
            return self._run(view)
        mirrored = np.ascontiguousarray(view[:, :, ::-1])
        return (self._run(view) + self._run(mirrored)) / 2

    def _run(self, view: NDArray[np.float32]) -> NDArray[np.float64]:
        with self._lock:
            self._interpreter.set_tensor(self._input, view)
            self._interpreter.invoke()
            answer = self._interpreter.get_tensor(self._output)[0].astype(np.float64)
        if self.package.output == "probabilities":
            answer = np.log(np.maximum(answer, SMALLEST_PROBABILITY))
        return np.asarray(answer, np.float64)


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _expect(
    what: str, tensor: Mapping[str, Any], others: Sequence[object], shape: tuple[int, ...]
) -> None:
    found = tuple(int(length) for length in tensor["shape"])
    if others or found != shape or tensor["dtype"] is not np.float32:
        raise PackageError(
            f"the network's {what} must be one float32 tensor of shape {shape}, "
            f"it is {found} of {tensor['dtype'].__name__}"
        )
