"""Joins LiteRT networks into one file, which has what each of them computes.

A package's network cannot be converted anew without the checkpoints it was made of; what is beside
it can. So the second file's operators follow the first's, and its inputs are tensors of the first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

Model: TypeAlias = Any  # the generated classes have no types

_IDENTIFIER = b"TFL3"
_CODES = schema.BuiltinOperator
TAKEN = "taken"
"""What the names of inputs begin with that are told apart by a number."""
_MAP = 4
"""How many sides a map of features has: pictures, down, across, channels."""


def opened(content: bytes) -> Model:
    """The content of a `.tflite` file, to be added to."""
    return schema.ModelT.InitFromPackedBuf(content, 0)


def packed(model: Model) -> bytes:
    """The content of the file."""
    model.signatureDefs = []  # they name what the file computed before
    model.metadata, model.metadataBuffer = [], []
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def shaped(model: Model, tensors: Sequence[int], shape: tuple[int, ...]) -> int:
    """Which of the tensors has this shape. Raises ValueError where none has."""
    for place in tensors:
        if tuple(int(side) for side in model.subgraphs[0].tensors[place].shape) == shape:
            return int(place)
    raise ValueError(f"no tensor of the shape {shape}")


def answer_with(model: Model, places: Sequence[int]) -> None:
    """Let a network answer with these tensors, in place."""
    model.subgraphs[0].outputs = np.array(places, np.int32)


def named_inputs(model: Model, count: int) -> list[int]:
    """The tensors that a network takes, in the order of the numbers that their names end with:
    those of two maps may have the same shape."""
    graph = model.subgraphs[0]
    names = {graph.tensors[place].name.decode().split(":")[0]: place for place in inputs_of(model)}
    return [
        next(place for name, place in names.items() if name.endswith(f"{TAKEN}{number}"))
        for number in range(count)
    ]


def inputs_of(model: Model) -> list[int]:
    """The tensors that a network takes."""
    return [int(place) for place in model.subgraphs[0].inputs]


def outputs_of(model: Model) -> list[int]:
    """The tensors that it answers with."""
    return [int(place) for place in model.subgraphs[0].outputs]


@dataclass(frozen=True)
class Maps:
    """Where a network has what it sees: tensors (1, side, side, channels)."""

    by_shape: Mapping[tuple[int, int], int]
    """By side and channels, of the maps of this shape the last: at the end of a stage it is what
    the stage comes to."""
    last: int
    """Of all, of which the mean is taken."""


def maps_of(model: Model) -> list[Maps]:
    """The maps of each network of a file, in its order: a network ends with the mean of one."""
    graph = model.subgraphs[0]
    found: list[Maps] = []
    seen: dict[tuple[int, int], int] = {}
    for operator in graph.operators:
        code = _code(model, operator)
        place = int(operator.outputs[0])
        shape = tuple(int(side) for side in graph.tensors[place].shape)
        if code == _CODES.MEAN and int(operator.inputs[0]) in seen.values():
            found.append(Maps(dict(seen), int(operator.inputs[0])))
            seen = {}
        elif code in (_CODES.CONV_2D, _CODES.ADD) and len(shape) == _MAP:
            seen[shape[1], shape[3]] = place
    return found


def as_floats(model: Model, place: int) -> int:
    """Where a tensor is in floats: itself, or what an operator makes of it that is added here."""
    graph = model.subgraphs[0]
    tensor = graph.tensors[place]
    if tensor.type == schema.TensorType.FLOAT32:
        return place
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = _CODES.DEQUANTIZE
    code.version = 2
    model.operatorCodes.append(code)
    model.buffers.append(schema.BufferT())
    floats = schema.TensorT()
    floats.shape, floats.type = tensor.shape, schema.TensorType.FLOAT32
    floats.name, floats.buffer = tensor.name + b"/floats", len(model.buffers) - 1
    graph.tensors.append(floats)
    operator = schema.OperatorT()
    operator.opcodeIndex = len(model.operatorCodes) - 1
    operator.inputs = np.array([place], np.int32)
    operator.outputs = np.array([len(graph.tensors) - 1], np.int32)
    graph.operators.append(operator)
    return len(graph.tensors) - 1


def prune(model: Model) -> None:
    """Take away, in place, what nothing that the network answers with needs."""
    graph = model.subgraphs[0]
    needed = {*inputs_of(model), *outputs_of(model)}
    kept = []
    for operator in reversed(graph.operators):
        if needed.intersection(int(place) for place in operator.outputs):
            kept.append(operator)
            needed.update(int(place) for place in operator.inputs)
    graph.operators = kept[::-1]
    used = {tensor.buffer for place, tensor in enumerate(graph.tensors) if place in needed}
    for place, buffer in enumerate(model.buffers):
        if place not in used:
            buffer.data = None


def _code(model: Model, operator: Model) -> int:
    code = model.operatorCodes[operator.opcodeIndex]
    return int(max(code.builtinCode, code.deprecatedBuiltinCode))


def extent(model: Model) -> dict[str, Any]:
    """How far a network goes, by which `cut` finds it again when others have followed it."""
    graph = model.subgraphs[0]
    return {
        "operators": len(graph.operators),
        "tensors": len(graph.tensors),
        "codes": len(model.operatorCodes),
        "buffers": len(model.buffers),
        "outputs": outputs_of(model),
    }


def cut(model: Model, trained: Mapping[str, Any]) -> None:
    """Take away what has followed a network of that extent, in place."""
    graph = model.subgraphs[0]
    del graph.operators[trained["operators"] :]
    del graph.tensors[trained["tensors"] :]
    del model.operatorCodes[trained["codes"] :]
    del model.buffers[trained["buffers"] :]
    answer_with(model, trained["outputs"])


def append(model: Model, other: Model, fed: dict[int, int]) -> list[int]:
    """Let another network follow, in place.

    Args:
        model: what is added to.
        other: what is added; not to be used any more.
        fed: for each of its inputs, the tensor of `model` that it takes instead.

    Returns:
        Where the other's outputs are now, in its order.
    """
    here, there = model.subgraphs[0], other.subgraphs[0]
    first_code, first_buffer = len(model.operatorCodes), len(model.buffers)
    first_tensor = len(here.tensors)
    model.operatorCodes += other.operatorCodes
    model.buffers += other.buffers

    def moved(place: int) -> int:
        return fed.get(place, place + first_tensor) if place >= 0 else place  # -1: there is none

    for tensor in there.tensors:
        tensor.buffer += first_buffer
        here.tensors.append(tensor)
    for operator in there.operators:
        operator.opcodeIndex += first_code
        operator.inputs = np.array([moved(int(place)) for place in operator.inputs], np.int32)
        operator.outputs = np.array([moved(int(place)) for place in operator.outputs], np.int32)
        here.operators.append(operator)
    return [moved(int(place)) for place in there.outputs]
