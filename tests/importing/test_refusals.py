"""Nothing that could run code or reach files is loaded."""

from typing import Any

import pytest

from smartscale.domain.errors import ImportFailed
from smartscale.importing.refusals import GraphFunction, check_graph, check_keras_config


def layer(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"name": "suspect", **config}}


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Functional", "config": {"name": "model", "layers": list(layers)}}


def test_a_vgg16_of_keras_2_and_of_keras_3_is_let_through() -> None:
    zeros = {"module": "keras.initializers", "class_name": "Zeros", "config": {}}
    check_keras_config(
        model(
            layer("InputLayer"),
            layer("Conv2D", activation="relu", bias_initializer=zeros),
            {"module": "keras.layers", **layer("Dense")},
            {"module": "keras.src.ops.numpy", **layer("GetItem")},
            layer("TFOpLambda", function="nn.bias_add"),
            layer("SlicingOpLambda", function="__operators__.getitem"),
            layer("Activation", activation={"class_name": "function", "config": "softmax"}),
        )
    )


@pytest.mark.parametrize(
    ("suspect", "saying"),
    [
        (layer("Lambda", function=["4wEAAA==", None, None]), "Lambda layer"),
        (layer("Dense", activation={"class_name": "__lambda__", "config": {}}), "Lambda layer"),
        (layer("Dense", activation={"class_name": "function", "config": "system"}), "Lambda"),
        (layer("TFOpLambda", function="io.write_file"), "io.write_file"),
        (layer("TFOpLambda"), "None"),
        (layer("MyLayer"), "'MyLayer'"),
        ({"module": "os", **layer("Dense")}, "module 'os'"),
        ({"module": "kerasevil.layers", **layer("Dense")}, "module 'kerasevil.layers'"),
        (layer("Dense", kernel_initializer={"module": "subprocess", "class_name": "Zeros"}), "sub"),
    ],
)
def test_a_model_with_more_than_layers_is_refused_at_any_depth(
    suspect: dict[str, Any], saying: str
) -> None:
    with pytest.raises(ImportFailed, match=saying):
        check_keras_config(suspect)
    with pytest.raises(ImportFailed, match=saying):
        check_keras_config(model(layer("InputLayer"), model(suspect)))


def function(name: str, *operations: str, calls: tuple[str, ...] = ()) -> GraphFunction:
    return GraphFunction(name, frozenset(operations), frozenset(calls))


def check(*functions: GraphFunction, exposed: tuple[str, ...] = ()) -> None:
    main = function("main", "Placeholder", "StatefulPartitionedCall", calls=("serve", "save"))
    check_graph(main, functions, saver=frozenset({"save"}), exposed=frozenset(exposed))


def test_a_graph_that_only_calculates_is_let_through_with_its_saver() -> None:
    check(function("serve", "Conv2D", "Softmax"), function("save", "SaveV2", "MergeV2Checkpoints"))


@pytest.mark.parametrize(
    "operation", ["ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "PrintV2", "SaveV2", "Unheard"]
)
def test_an_operation_that_is_not_known_to_calculate_is_refused_wherever_it_is(
    operation: str,
) -> None:
    for suspect in (function("serve", "Conv2D", operation), function("nobody-calls", operation)):
        with pytest.raises(ImportFailed, match=operation):
            check(suspect)
    with pytest.raises(ImportFailed, match=operation):
        check_graph(
            function("main", operation), (), saver=frozenset({"main"}), exposed=frozenset({"main"})
        )


def test_the_savers_rights_are_only_for_what_nothing_else_runs() -> None:
    saver = function("save", "SaveV2")
    with pytest.raises(ImportFailed, match="SaveV2"):
        check(saver, function("serve", "PartitionedCall", calls=("save",)))
    with pytest.raises(ImportFailed, match="SaveV2"):
        check(saver, exposed=("save",))
