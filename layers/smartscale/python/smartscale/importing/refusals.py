"""What must not be loaded: anything in a model that could run code, or reach files.

Both checks are lists of what is known to be harmless; whatever is not listed is refused. They read
descriptions (JSON, names of operations), before anything of the model is loaded.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smartscale.domain.errors import ImportFailed


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LAYERS = _words(
    """
    Activation ActivityRegularization Add AlphaDropout Average AveragePooling2D BatchNormalization
    CategoryEncoding CenterCrop Concatenate Conv2D Conv2DTranspose Convolution2D Cropping2D Dense
    DepthwiseConv2D Dot Dropout ELU EinsumDense Flatten Functional GaussianDropout GaussianNoise
    GlobalAveragePooling2D GlobalMaxPooling2D GroupNormalization Identity InputLayer
    LayerNormalization LeakyReLU MaxPooling2D Maximum Minimum Model MultiHeadAttention Multiply
    Normalization PReLU Permute RandomBrightness RandomContrast RandomCrop RandomFlip RandomHeight
    RandomRotation RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape
    Resizing SeparableConv2D Sequential Softmax SpatialDropout2D Subtract ThresholdedReLU
    UnitNormalization UpSampling2D ZeroPadding2D
    """
)
_PARTS_OF_LAYERS = _words(
    """
    Constant DTypePolicy DTypePolicyMap FloatDTypePolicy GlorotNormal GlorotUniform HeNormal
    HeUniform IdentityInitializer L1 L1L2 L2 LecunNormal LecunUniform MaxNorm MinMaxNorm NonNeg Ones
    Orthogonal OrthogonalRegularizer Policy RandomNormal RandomUniform TensorShape TruncatedNormal
    UnitNorm VarianceScaling Zeros __keras_tensor__ __numpy__ __tensor__ __tuple__ slice
    """
)
# Operations of Keras 3 on tensors, which it stores like layers.
_OPERATIONS = _words(
    """
    Absolute Cast Clip Divide Exp ExpandDims Flip GetItem Log Max Mean Min Multiply Negative
    Reshape Sqrt Square Squeeze Subtract Sum Tanh Transpose TrueDivide
    """
)
# Of Keras 2, stored by name in its "op layers".
_OP_LAYERS = frozenset({"TFOpLambda", "SlicingOpLambda"})
_OP_LAYER_FUNCTIONS = _words(
    """
    __operators__.add __operators__.getitem cast clip_by_value compat.v1.nn.bias_add concat
    convert_to_tensor expand_dims image.resize math.add math.divide math.l2_normalize math.maximum
    math.minimum math.multiply math.reduce_max math.reduce_mean math.reduce_sum math.sigmoid
    math.sqrt math.square math.subtract math.truediv nn.bias_add nn.relu nn.relu6 nn.sigmoid
    nn.silu nn.softmax reshape reverse squeeze transpose
    """
)
_LAMBDAS = frozenset({"Lambda", "__lambda__"})
_FUNCTION = "function"
_ACTIVATIONS = _words(
    """
    elu exponential gelu hard_sigmoid leaky_relu linear log_softmax mish relu relu6 selu sigmoid
    silu softmax softplus softsign swish tanh
    """
)
_OWN_MODULES = re.compile(r"(keras|tf_keras|tensorflow\.keras|tensorflow\.python\.keras)(\..*)?")

_GRAPH_OPERATIONS = _words(
    """
    Abs Add AddN AddV2 All Any ArgMax ArgMin Assert AssignAddVariableOp AssignSubVariableOp
    AssignVariableOp AvgPool BatchMatMul BatchMatMulV2 BatchToSpaceND Bitcast BiasAdd
    BroadcastArgs BroadcastTo Cast CheckNumerics ClipByValue Concat ConcatV2 Const Conv2D Cos
    Cumsum DepthToSpace DepthwiseConv2dNative DisableCopyOnRead Div DivNoNan Einsum Elu Equal Erf
    Exp ExpandDims Fill Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3
    Gather GatherNd GatherV2 Greater GreaterEqual Identity IdentityN If
    ImageProjectiveTransformV2 ImageProjectiveTransformV3 L2Loss LeakyRelu Less LessEqual Log Log1p
    LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool MaxPoolV2 Maximum Mean Min Minimum
    MirrorPad Mul Neg NoOp NotEqual OneHot OnesLike Pack Pad PadV2 PartitionedCall Placeholder
    PlaceholderWithDefault Pow PreventGradient Prod RandomStandardNormal RandomUniform
    RandomUniformInt Range Rank ReadVariableOp RealDiv Reciprocal Relu Relu6 Reshape
    ResizeBicubic ResizeBilinear ResizeNearestNeighbor ReverseV2 RngReadAndSkip RngSkip Round
    Rsqrt Select SelectV2 Selu Shape ShardedFilename Sigmoid Sign Sin Size Slice Softmax Softplus
    Softsign SpaceToBatchND SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze
    StatefulPartitionedCall StatefulStandardNormalV2 StatefulUniform StatelessIf
    StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg
    StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformFullIntV2
    StatelessRandomUniformIntV2 StatelessRandomUniformV2 StatelessTruncatedNormalV2 StatelessWhile
    StaticRegexFullMatch StopGradient StridedSlice StringJoin Sub Sum Switch Merge Tanh Tile TopKV2
    Transpose TruncatedNormal Unpack VarHandleOp VarIsInitializedOp Where While ZerosLike
    """
)
_CHECKPOINT_OPERATIONS = frozenset({"SaveV2", "RestoreV2", "MergeV2Checkpoints"})
"""They read and write files. Every SavedModel has them in the two functions that save and restore
its variables, which nothing here runs: variables are restored by our own TensorFlow."""


POINTER_BYTES = 64
"""How much of a file shows whether it is a pointer."""


def refuse_pointer(name: str, start: bytes) -> None:
    """Refuse a file of a few lines that Git LFS keeps in place of a large file.

    A repository has such pointers when it was copied without Git LFS. Source: the Git LFS
    specification, docs/spec.md, "The pointer".

    Args:
        name: the file's path in the repository.
        start: its first bytes, `POINTER_BYTES` at least where it has so many.

    Raises:
        ImportFailed: it is a pointer.
    """
    if start.startswith((b"version https://git-lfs", b"version https://hawser")):
        raise ImportFailed(
            f"{name} is a Git LFS pointer, not the file itself: whoever published the repository "
            "has to upload it with Git LFS (git lfs install, then git lfs push --all)."
        )


def check_keras_config(config: object) -> None:
    """Refuse a Keras model's configuration, of any version, that holds more than Keras's own parts.

    Raises:
        ImportFailed: it holds a Lambda layer or a custom object; the text names it.
    """
    for found in _objects(config):
        class_name, name = str(found["class_name"]), _name(found)
        if class_name == _FUNCTION and found.get("config") in _ACTIVATIONS:
            continue
        if class_name in _LAMBDAS | {_FUNCTION}:
            raise ImportFailed(
                f"The model holds a Lambda layer{name}, which runs code of whoever made it. "
                "Such a model is never loaded; export it without the layer."
            )
        if class_name in _OP_LAYERS:
            settings = found.get("config")
            function = settings.get("function") if isinstance(settings, Mapping) else None
            if class_name == "TFOpLambda" and function not in _OP_LAYER_FUNCTIONS:
                raise ImportFailed(
                    f"The model calls the function {function!r}{name}, which is not one of those "
                    "that only calculate. Such a model is never loaded."
                )
        elif class_name not in _LAYERS | _PARTS_OF_LAYERS | _OPERATIONS:
            raise ImportFailed(
                f"The model holds {class_name!r}{name}, which is not one of Keras's own layers "
                "for pictures. Custom objects are never loaded."
            )
        module = found.get("module")
        if module and module != "builtins" and not _OWN_MODULES.fullmatch(str(module)):
            raise ImportFailed(
                f"The model takes {class_name!r}{name} from the module {module!r}. "
                "Custom objects are never loaded."
            )


@dataclass(frozen=True)
class GraphFunction:
    """A function of a graph, or the graph itself: the operations in it, the functions it calls."""

    name: str
    operations: frozenset[str]
    calls: frozenset[str]


def check_graph(
    main: GraphFunction,
    functions: Iterable[GraphFunction],
    *,
    saver: frozenset[str],
    exposed: frozenset[str],
) -> None:
    """Refuse a SavedModel whose graph does more than calculate.

    Args:
        main: the graph itself.
        functions: every function of its library, whether anything calls it or not.
        saver: the functions that save and restore the checkpoint.
        exposed: the functions that the model's objects offer; some of them run while it is loaded.

    Raises:
        ImportFailed: there is an operation that is not listed; the text names it.
    """
    library = list(functions)
    called = frozenset().union(*(function.calls for function in library))
    for function in (main, *library):
        allowed = _GRAPH_OPERATIONS
        if function.name in saver and function.name not in called | exposed:
            allowed |= _CHECKPOINT_OPERATIONS
        if strange := sorted(function.operations - allowed):
            raise ImportFailed(
                f"The model's graph holds {', '.join(strange)}, which can do more than calculate. "
                "Operations that reach files, run Python or are unknown are never loaded."
            )


def _objects(config: object) -> Iterator[Mapping[str, Any]]:
    """Everything in a configuration that names a class, at any depth."""
    stack = [config]
    while stack:
        value = stack.pop()
        if isinstance(value, Mapping):
            if "class_name" in value:
                yield value
            stack.extend(value.values())
        elif isinstance(value, list | tuple):
            stack.extend(value)


def _name(found: Mapping[str, Any]) -> str:
    config = found.get("config")
    name = config.get("name") if isinstance(config, Mapping) else None
    return f" ({name})" if isinstance(name, str) else ""
