"""Joins LiteRT networks into one file, which has what each of them computes.

A package's network cannot be converted anew without the checkpoints it was made of; what is beside
it can. So the second file's operators follow the first's, and its inputs are tensors of the first.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import flatbuffers
import numpy as np
from tensorflow.lite.python import schema_py_generated as schema

Model: TypeAlias = Any  # the generated classes have no types

_IDENTIFIER = b"TFL3"


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


def inputs_of(model: Model) -> list[int]:
    """The tensors that a network takes."""
    return [int(place) for place in model.subgraphs[0].inputs]


def outputs_of(model: Model) -> list[int]:
    """The tensors that it answers with."""
    return [int(place) for place in model.subgraphs[0].outputs]


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
    graph.outputs = np.array(trained["outputs"], np.int32)


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
