"""The networks of a finished package, in floats again.

Of a package that ships there are no checkpoints, only int8 weights, each within half a step of what
it was. That is near enough to count among runs whose mean is taken (`training/soup.py`).
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tensorflow.lite.python import schema_py_generated as schema

from smartscale.recognition.package import ModelPackage, PackageError, load_package
from training import graft, network
from training.errors import TrainingError
from training.fit import Trained
from training.recipe import Recipe

_PLACE = re.compile(r"/member(?P<member>\d+)_1/(?P<layer>\w+?)_1/")
"""Whose layer a tensor belongs to, as `export.assemble` and the converter name it."""
_WITH_BIAS = 3
_ACROSS = (1, 2, 3, 0)
"""From LiteRT's order of a kernel's sides to Keras's."""
Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


def finished_package(folder: Path) -> ModelPackage:
    """The package in a folder. Raises TrainingError where there is none."""
    try:
        return load_package(folder)
    except PackageError as error:
        raise TrainingError(f"{folder} cannot be read back: {error}") from error


def read_back(package: ModelPackage, members: Sequence[Recipe], targets: int) -> list[Trained]:
    """The networks that were trained for a package.

    Args:
        package: the finished one.
        members: the recipes of such networks.
        targets: how many each tells apart.

    Raises:
        TrainingError: it has other networks, or not in int8.
    """
    layers, folder = _layers(package.model_path.read_bytes()), package.folder
    found = []
    for place, recipe in enumerate(members):
        model = network.build(targets, recipe.variant, recipe.dropout)
        for layer in model.layers:
            shapes = [one.shape for one in layer.get_weights()]
            if not shapes:
                continue
            if (place, layer.name) not in layers:
                raise TrainingError(f"{folder} has no int8 {layer.name} of a network {place + 1}")
            kernel, bias = layers[place, layer.name]
            if kernel.size != np.prod(shapes[0]) or bias.shape != shapes[1]:
                raise TrainingError(f"{folder} has another {layer.name}: it was trained otherwise")
            layer.set_weights([kernel.reshape(shapes[0]), bias])
        found.append(Trained(model, recipe.serving_size, []))
    return found


def _layers(content: bytes) -> dict[tuple[int, str], Layer]:
    """Kernels and biases, by the place of their network and the name of their layer."""
    model = graft.opened(content)
    graph = model.subgraphs[0]

    def floats(place: int, kind: type[np.signedinteger]) -> NDArray[np.float32]:
        tensor = graph.tensors[place]
        stored = np.frombuffer(bytes(model.buffers[tensor.buffer].data), kind)
        sides = [1] * len(tensor.shape)
        steps = np.asarray(tensor.quantization.scale, np.float32)
        if len(steps) > 1:
            sides[tensor.quantization.quantizedDimension] = -1
        return np.asarray(stored.reshape(tensor.shape) * steps.reshape(sides), np.float32)

    found: dict[tuple[int, str], Layer] = {}
    for operator in graph.operators:
        if len(operator.inputs) != _WITH_BIAS:
            continue
        _, kernel, bias = (int(place) for place in operator.inputs)
        belongs = _PLACE.search(graph.tensors[kernel].name.decode())
        is_int8 = graph.tensors[kernel].type == schema.TensorType.INT8
        if belongs and is_int8:
            weights = floats(kernel, np.int8)
            order = _ACROSS if weights.ndim == len(_ACROSS) else (1, 0)
            of = int(belongs["member"]), belongs["layer"]
            found[of] = weights.transpose(order), floats(bias, np.int32)
    return found
