"""Reads a TensorFlow graph: what is in it, what it does to the pixels, where its features are."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from smartscale.importing.refusals import GraphFunction

Tensor: TypeAlias = Any  # TensorFlow has no types
MAX_EMBEDDING = 4096

_SAME_VALUES = frozenset({"Identity", "IdentityN", "Reshape", "Squeeze", "StopGradient"})
_SCORES = frozenset({"Softmax", "LogSoftmax", "BiasAdd", "Add", "AddV2"})
_LAYERS = frozenset({"Conv2D", "DepthwiseConv2dNative", "MatMul"})
_ARITHMETIC = frozenset(
    {"Add", "AddV2", "BiasAdd", "Div", "Mul", "RealDiv", "ReverseV2", "StridedSlice", "Sub"}
)


class Graph:
    """A frozen graph from a picture to scores."""

    def __init__(self, graph: Any, entry: Tensor, output: Tensor) -> None:
        self._graph = graph
        self._entry = entry
        self._output = output

    @property
    def names(self) -> list[str]:
        """The names of its operations, which hold those of the layers."""
        return [operation.name for operation in self._graph.get_operations()]

    @property
    def scales_inside(self) -> bool:
        """Whether anything is calculated with the pixels before the first layer."""
        seen, ahead = set(), [self._entry]
        while ahead:
            for operation in ahead.pop().consumers():
                if operation.name in seen or operation.type in _LAYERS:
                    continue
                if operation.type in _ARITHMETIC:
                    return True
                seen.add(operation.name)
                # A shape is no pixel.
                ahead += [] if operation.type == "Shape" else operation.outputs
        return False

    @property
    def features(self) -> Tensor | None:
        """What the last dense layer sees; None where there is no such layer, or where the length
        could be taken for that of the scores."""
        tensor = self._output
        while tensor.op.type in _SAME_VALUES | _SCORES:
            tensor = tensor.op.inputs[0]
        if tensor.op.type != "MatMul":
            return None
        features = tensor.op.inputs[0]
        length = features.shape[-1]
        usable = len(features.shape) == 2 and length and 1 < length <= MAX_EMBEDDING  # noqa: PLR2004
        return features if usable and length != self._output.shape[-1] else None


def checked_functions(
    meta_graph: Any,
) -> tuple[GraphFunction, list[GraphFunction], frozenset[str], frozenset[str]]:
    """A SavedModel's graph for `check_graph`: itself, its functions, the names of those that save
    and restore, and the names of those that its objects offer."""
    definition = meta_graph.graph_def
    main = GraphFunction(
        "the graph",
        frozenset(node.op for node in definition.node),
        frozenset(_called(definition.node)),
    )
    functions = [
        GraphFunction(
            function.signature.name,
            frozenset(node.op for node in function.node_def),
            frozenset(_called(function.node_def)),
        )
        for function in definition.library.function
    ]
    saving = {
        meta_graph.saver_def.save_tensor_name.split(":")[0],
        meta_graph.saver_def.restore_op_name,
    }
    saver = frozenset(_called(node for node in definition.node if node.name in saving))
    exposed = frozenset(meta_graph.object_graph_def.concrete_functions)
    return main, functions, saver, exposed


def _called(nodes: Any) -> Iterator[str]:
    """The functions that operations call, in any of their attributes."""
    for node in nodes:
        for value in node.attr.values():
            if value.HasField("func"):
                yield value.func.name
            yield from (function.name for function in value.list.func)
