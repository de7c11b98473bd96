"""Reads the trained networks of a package back out of its LiteRT file.

Checkpoints are large and stay where they were made. An int8 file has each kernel to a 255th of the
largest weight of its channel: what is written from that again is the same numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema

from smartscale.recognition.package import ModelPackage, PackageError, load_package
from training import graft, network
from training.errors import TrainingError
from training.fit import Trained
from training.recipe import Recipe

STORED: Mapping[int, np.dtype[Any]] = {
    schema.TensorType.FLOAT32: np.dtype("<f4"),
    schema.TensorType.FLOAT16: np.dtype("<f2"),
    schema.TensorType.INT8: np.dtype("i1"),
    schema.TensorType.INT32: np.dtype("<i4"),
}
_WITH_WEIGHTS = (
    schema.BuiltinOperator.CONV_2D,
    schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    schema.BuiltinOperator.FULLY_CONNECTED,
)
_KERNEL, _BIAS = 1, 2  # among an operator's inputs


def restored(folder: Path, classes: int) -> tuple[list[Trained], list[Recipe]]:
    """The networks of a package, and the decisions that each was trained with.

    Args:
        folder: the package's.
        classes: how many targets they were trained to tell apart.

    Raises:
        TrainingError: it is no package of `smartscale train`'s.
    """
    try:
        package = load_package(folder)
    except PackageError as error:
        raise TrainingError(f"{folder} cannot be read: {error}") from error
    weights = iter(list(_weights(package, classes)))
    trained, recipes = [], []
    for place, member in enumerate(package.evaluation.get("members", ())):
        recipe = recipe_of(member["recipe"])
        model = network.build(classes, recipe.variant, recipe.dropout)
        # A file has the networks one after the other, each in the order of its layers.
        for layer in (layer for layer in model.layers if layer.weights):
            pair = next(weights, [])
            if [part.shape for part in pair] != [tuple(one.shape) for one in layer.weights]:
                raise TrainingError(
                    f"{folder} does not hold {layer.name} of network {place + 1} as it was trained"
                )
            layer.set_weights(pair)
        size = recipe.served_size or recipe.size
        trained.append(Trained(model, size, [], member["epochs"], member["best_epoch"] - 1))
        recipes.append(recipe)
    if not trained:
        raise TrainingError(f"{folder} names no network that was trained here")
    return trained, recipes


def recipe_of(stored: dict[str, object]) -> Recipe:
    """A recipe as a package's description has it; what it lacks was not decided yet."""
    known = {field.name for field in fields(Recipe)}
    kept = {name: value for name, value in stored.items() if name in known}
    shares = kept.get("shares")
    if isinstance(shares, list):
        kept["shares"] = tuple((str(name), int(count)) for name, count in shares)
    return Recipe(**kept)  # type: ignore[arg-type]  # what wrote it is this class


def _weights(package: ModelPackage, classes: int) -> Iterator[list[NDArray[np.float32]]]:
    """Kernels and biases, as Keras has them: of every convolution, and of every classifier."""
    model = graft.opened(package.model_path.read_bytes())
    graph = model.subgraphs[0]
    # In half precision a constant is widened by an operator of its own.
    widened = {
        int(operator.outputs[0]): int(operator.inputs[0])
        for operator in graph.operators
        if len(operator.inputs) == len(operator.outputs) == 1
    }
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) not in _WITH_WEIGHTS:
            continue
        used = (int(operator.inputs[place]) for place in (_KERNEL, _BIAS))
        kernel, bias = (_values(model, graph.tensors[widened.get(at, at)]) for at in used)
        # LiteRT has a convolution's as (out, down, across, in), a depthwise one's as
        # (1, down, across, channels), and a dense layer's as (out, in).
        if kernel.ndim > _BIAS:
            yield [kernel.transpose(1, 2, 3, 0), bias]
        elif len(bias) == classes:
            yield [kernel.T, bias]


def _values(model: graft.Model, tensor: graft.Model) -> NDArray[np.float32]:
    """What a constant stands for."""
    content = bytes(model.buffers[tensor.buffer].data)
    stored = np.frombuffer(content, STORED[tensor.type]).reshape(tensor.shape)
    values = np.asarray(stored, np.float32)
    scale = None if tensor.quantization is None else tensor.quantization.scale
    if scale is None:
        return values
    sides = [1] * values.ndim
    if len(scale) > 1:
        sides[tensor.quantization.quantizedDimension] = len(scale)
    return np.asarray(values * np.asarray(scale, np.float32).reshape(sides), np.float32)
