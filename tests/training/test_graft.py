"""Two networks in one file compute what each of them did."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support import HAS_TENSORFLOW, loaded_when_used

if not HAS_TENSORFLOW:
    pytest.skip("TensorFlow is not installed: uv sync --group training", allow_module_level=True)

from ai_edge_litert.interpreter import Interpreter

if TYPE_CHECKING:
    import keras

    from training import export, graft
else:
    keras = loaded_when_used("keras")
    export, graft = (loaded_when_used(f"training.{name}") for name in ("export", "graft"))

pytestmark = pytest.mark.training


def network(inputs: tuple[int, ...], outputs: int, seed: int) -> bytes:
    """Layers from vectors of each of these lengths to one, side by side."""
    keras.utils.set_random_seed(seed)
    taken = [keras.Input((length,), batch_size=1) for length in inputs]
    both = keras.layers.Concatenate()(taken) if len(taken) > 1 else taken[0]
    with export.saved(keras.Model(taken, keras.layers.Dense(outputs)(both))) as exported:
        return export.to_tflite(exported, "float32", ())


def computed(content: bytes, *vectors: np.ndarray) -> list[np.ndarray]:
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    for vector in vectors:
        [place] = [
            one["index"]
            for one in interpreter.get_input_details()
            if tuple(one["shape"]) == vector.shape
        ]
        interpreter.set_tensor(place, vector)
    interpreter.invoke()
    return [interpreter.get_tensor(one["index"]) for one in interpreter.get_output_details()]


def test_a_network_follows_another_and_is_cut_off_again() -> None:
    first, second, last = network((6,), 4, 1), network((6,), 5, 2), network((4, 5), 3, 3)
    picture = np.random.default_rng(0).normal(size=(1, 6)).astype(np.float32)
    [one], [other] = computed(first, picture), computed(second, picture)
    [wanted] = computed(last, one, other)

    model = graft.opened(first)
    extent = graft.extent(model)
    beside, end = graft.opened(second), graft.opened(last)
    [seen] = graft.append(model, beside, {graft.inputs_of(beside)[0]: graft.inputs_of(model)[0]})
    taken = dict(
        zip(
            (graft.shaped(end, graft.inputs_of(end), shape) for shape in ((1, 4), (1, 5))),
            (extent["outputs"][0], seen),
            strict=True,
        )
    )
    graft.answer_with(model, graft.append(model, end, taken))
    content = graft.packed(model)
    np.testing.assert_allclose(computed(content, picture)[0], wanted, rtol=1e-5)

    again = graft.opened(content)
    graft.cut(again, extent)
    np.testing.assert_array_equal(computed(graft.packed(again), picture)[0], one)
    with pytest.raises(ValueError, match="no tensor of the shape"):
        graft.shaped(again, graft.outputs_of(again), (1, 99))


def test_what_a_network_sees_can_be_answered_with_and_nothing_else_stays() -> None:
    """Maps of eight bits come out as the floats that the network itself reads from them."""
    keras.utils.set_random_seed(4)
    picture = keras.Input((8, 8, 3), batch_size=1)
    layers = keras.layers
    early = layers.Conv2D(5, 3, 2, "same", activation="relu", name="early")(picture)
    late = layers.Conv2D(7, 3, 2, "same", activation="relu", name="late")(early)
    pooled = layers.GlobalAveragePooling2D()(late)
    model = keras.Model(picture, [layers.Dense(4)(pooled), layers.Dense(6)(pooled)])
    rng = np.random.default_rng(0)
    examples = rng.uniform(0, 1, (20, 8, 8, 3)).astype(np.float32)
    with export.saved(model) as exported:
        contents = [export.to_tflite(exported, each, examples) for each in ("float32", "int8")]
    wanted = [np.asarray(keras.Model(picture, seen)(examples[:1])) for seen in (early, late)]
    for content in contents:
        network = graft.opened(content)
        [maps] = graft.maps_of(network)
        assert maps.by_shape[2, 7] == maps.last
        places = [graft.as_floats(network, place) for place in maps.by_shape.values()]
        graft.answer_with(network, places)
        graft.prune(network)
        whole = graft.packed(network)
        for found, seen in zip(computed(whole, examples[:1]), wanted, strict=True):
            np.testing.assert_allclose(found, seen, atol=0.03)
        assert not [
            tensor.name
            for operator in network.subgraphs[0].operators
            for tensor in (network.subgraphs[0].tensors[place] for place in operator.outputs)
            if tuple(tensor.shape) in ((1, 4), (1, 6))
        ], "the layers behind the maps are gone"
        assert len(whole) < len(content)
