"""The whole network, with the weights that ImageNet left it."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.support import HAS_TENSORFLOW, loaded_when_used

if not HAS_TENSORFLOW:
    pytest.skip("TensorFlow is not installed: uv sync --group training", allow_module_level=True)

from training.weights import imagenet_weights

if TYPE_CHECKING:
    from training import network
else:
    network = loaded_when_used("training.network")

pytestmark = pytest.mark.training


def test_normalisation_is_folded_into_the_convolutions() -> None:
    model = network.build(4)
    blank = {layer.name: layer.get_weights() for layer in model.layers}
    network.load_imagenet(model)
    for layer in model.layers:
        if layer.name.endswith("_conv"):
            assert not np.array_equal(layer.get_weights()[0], blank[layer.name][0]), layer.name

    weights = imagenet_weights(0)
    patch = np.random.default_rng(0).normal(size=(3, 3, 3)).astype(np.float32)
    plain = np.einsum("oihw,hwi->o", weights["_conv_stem.weight"], patch)
    deviation = np.sqrt(weights["_bn0.running_var"] + network.BATCH_NORM_EPSILON)
    normal = (plain - weights["_bn0.running_mean"]) / deviation
    expected = normal * weights["_bn0.weight"] + weights["_bn0.bias"]
    kernel, bias = model.get_layer("stem_conv").get_weights()
    np.testing.assert_allclose(
        np.einsum("hwio,hwi->o", kernel, patch) + bias, expected, rtol=1e-4, atol=1e-5
    )


def test_its_first_blocks_stay_as_they_are() -> None:
    model = network.build(4)
    network.freeze(model, 14)
    learns = {layer.name.split("_")[0] for layer in model.layers if layer.trainable_weights}
    assert learns == {"block14", "block15", "head", "logits"}
