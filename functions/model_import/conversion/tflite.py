"""A network that is a TFLite file already; needs no TensorFlow."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from smartscale.domain.errors import ImportFailed

_ARITHMETIC = frozenset({"ADD", "SUB", "MUL", "DIV", "REVERSE_V2"})
_FIRST_LAYERS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"})


class TfliteOriginal:
    """A TFLite file with one picture in and one score per label out, both float32."""

    embedding: int | None = None

    def __init__(self, path: Path) -> None:
        """Load it.

        Raises:
            ImportFailed: it is damaged, holds unknown operations, or is of another shape.
        """
        self._bytes = path.read_bytes()
        try:
            self._interpreter = Interpreter(model_content=self._bytes, num_threads=1)
            self._interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ImportFailed(
                f"{path.name} cannot be loaded: it is damaged, or holds operations that LiteRT "
                f"does not have ({error})."
            ) from error
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        shape = [int(length) for length in inputs[0]["shape"]]
        answer = [int(length) for length in outputs[0]["shape"]]
        fits = len(shape) == 4 and shape == [1, shape[1], shape[1], 3]  # noqa: PLR2004
        types = {inputs[0]["dtype"], outputs[0]["dtype"]}
        if len(inputs) > 1 or len(outputs) > 1 or not fits or len(answer) != 2:  # noqa: PLR2004
            raise ImportFailed(
                f"{path.name} takes {shape} and answers {answer}; what is imported takes one "
                "square picture, [1, size, size, 3], and answers one score per label, [1, labels]."
            )
        if types != {np.float32}:
            raise ImportFailed(
                f"{path.name} takes and answers {sorted(kind.__name__ for kind in types)}; "
                "export it with float32 input and output (its weights may be int8)."
            )
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]
        self.size, self.outputs = shape[1], answer[1]
        self.layers = [str(tensor["name"]) for tensor in self._interpreter.get_tensor_details()]
        self.scales_inside = self._scales_inside()

    def answer(self, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Its output for one picture."""
        self._interpreter.set_tensor(self._input, picture)
        self._interpreter.invoke()
        return np.array(self._interpreter.get_tensor(self._output)[0])

    def conversions(self) -> Iterator[tuple[str, bytes]]:
        """The file as it is."""
        yield "as published", self._bytes

    def _scales_inside(self) -> bool:
        for operation in self._interpreter._get_ops_details():  # noqa: SLF001  no public way
            if operation["op_name"] in _FIRST_LAYERS:
                return False
            if operation["op_name"] in _ARITHMETIC:
                return True
        return False
