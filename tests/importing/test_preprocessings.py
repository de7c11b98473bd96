"""How a model wants its pictures is given, found or refused with how to give it."""

import json

import numpy as np
import pytest
from PIL import Image

from smartscale.domain.errors import InvalidInput
from smartscale.importing.preprocessings import (
    FoundPreprocessing,
    choose_preprocessing,
    declared_size,
    named,
)
from smartscale.recognition.network_input import prepare

RED = Image.new("RGB", (40, 20), (255, 0, 51))


def choose(
    given: str | None = None,
    config: dict[str, object] | None = None,
    processor: dict[str, object] | None = None,
    layers: tuple[str, ...] = (),
    *,
    inside: bool = False,
) -> FoundPreprocessing:
    texts = {"config.json": json.dumps(config or {})}
    if processor:
        texts["preprocessor_config.json"] = json.dumps(processor)
    return choose_preprocessing(given, texts, 8, inside=inside, layers=layers)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("VGG16", (51 - 103.939, 0 - 116.779, 255 - 123.68)),
        ("caffe", (51 - 103.939, 0 - 116.779, 255 - 123.68)),
        ("1/255", (1, 0, 0.2)),
        ("-1..1", (1, -1, -0.6)),
        ("imagenet", ((1 - 0.485) / 0.229, -0.456 / 0.224, (0.2 - 0.406) / 0.225)),
        ("raw", (255, 0, 51)),
    ],
)
def test_each_name_does_to_a_pixel_what_keras_does(
    name: str, seen: tuple[float, float, float]
) -> None:
    pixels = prepare(RED, named(name, 8))
    assert pixels.shape == (1, 8, 8, 3)
    np.testing.assert_allclose(pixels[0, 4, 4], seen, atol=1e-3)


def test_the_whole_picture_is_seen_whatever_its_shape() -> None:
    wide = Image.new("RGB", (100, 10), "black")
    wide.paste("white", (0, 0, 20, 10))
    assert prepare(wide, named("unit", 10))[0, 5, 0, 0] == pytest.approx(1)


def test_the_operator_is_asked_first_then_the_graph_the_repository_and_the_architecture() -> None:
    config: dict[str, object] = {"preprocessing": "tf", "architecture": "VGG16"}
    layers = ("model/block5_conv3/Conv2D",)
    assert choose("unit", config, layers=layers, inside=True).where == "operator"
    assert choose(None, config, layers=layers, inside=True).preprocessing == named("none", 8)
    assert choose(None, config, layers=layers).preprocessing == named("tf", 8)
    assert choose(None, layers=layers).preprocessing == named("caffe", 8)
    assert choose(None, {"architecture": "VGG16"}).preprocessing == named("caffe", 8)


def test_an_image_processor_of_transformers_is_read() -> None:
    processor = {
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "size": {"height": 96, "width": 96},
    }
    found = choose(None, None, processor).preprocessing
    np.testing.assert_allclose(prepare(RED, found)[0, 0, 0], (1, -1, -0.6), atol=1e-5)
    assert declared_size({"preprocessor_config.json": json.dumps(processor)}) == 96
    assert declared_size({"config.json": '{"input_shape": [null, 100, 100, 3]}'}) == 100
    assert declared_size({}) is None


def test_nothing_known_is_refused_with_how_to_say_it() -> None:
    with pytest.raises(InvalidInput, match="--preprocessing, one of caffe"):
        choose(None, {"architecture": "something new"})
    with pytest.raises(InvalidInput, match="no preprocessing 'magic'"):
        choose("magic")
