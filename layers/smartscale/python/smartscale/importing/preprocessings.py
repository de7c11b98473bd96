"""How a repository's model wants its pictures: by name, as declared, or as its architecture is
always trained.

The names are those of `keras.applications.imagenet_utils.preprocess_input(mode=...)`, and two more.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smartscale.domain.errors import InvalidInput
from smartscale.recognition.preprocessing import Preprocessing

SQUASH = 100.0
"""`max_aspect` of imported models: Keras's loaders scale a whole picture to the input's size,
whatever its shape, so that is what these models have learned from."""


@dataclass(frozen=True)
class _Normalisation:
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    bgr: bool = False


# Source: keras/src/applications/imagenet_utils.py; the caffe means are in the order B, G, R.
_KNOWN = {
    "caffe": _Normalisation(mean=(103.939, 116.779, 123.68), bgr=True),
    "tf": _Normalisation(mean=(127.5,) * 3, scale=(127.5,) * 3),
    "torch": _Normalisation(mean=(123.675, 116.28, 103.53), scale=(58.395, 57.12, 57.375)),
    "unit": _Normalisation(scale=(255.0,) * 3),
    "none": _Normalisation(),
}
_ALIASES = {
    "vgg": "caffe",
    "vgg16": "caffe",
    "vgg19": "caffe",
    "imagenet-caffe": "caffe",
    "resnet50": "caffe",
    "-1..1": "tf",
    "mobilenet": "tf",
    "mobilenetv2": "tf",
    "inception": "tf",
    "imagenet": "torch",
    "densenet": "torch",
    "1/255": "unit",
    "0..1": "unit",
    "rescale": "unit",
    "raw": "none",
    "0..255": "none",
    "identity": "none",
}
NAMES = tuple(_KNOWN)
_KEYS = ("preprocessing", "preprocess", "preprocess_input", "normalization", "normalisation")
_ARCHITECTURE_KEYS = ("architecture", "base_model", "backbone", "model_type")
# Layer names of Keras's applications. Later rows win, since they share the earlier rows' names.
_BY_LAYERS = (
    ("block5_conv3", "VGG", "caffe"),
    ("conv5_block3_3_conv", "ResNet", "caffe"),
    ("conv5_block3_2_conv", "ResNet v2", "tf"),
    ("conv_pw_13", "MobileNet", "tf"),
    ("block_16_project", "MobileNetV2", "tf"),
    ("block14_sepconv2", "Xception", "tf"),
    ("conv5_block16_concat", "DenseNet", "torch"),
)
_BY_NAME = (
    ("vgg", "caffe"),
    ("resnetv2", "tf"),
    ("resnet50v2", "tf"),
    ("resnet", "caffe"),
    ("mobilenetv3", "none"),
    ("mobilenet", "tf"),
    ("xception", "tf"),
    ("inception", "tf"),
    ("densenet", "torch"),
    ("efficientnet", "none"),
)
"""MobileNetV3 and EfficientNet of Keras scale inside their graphs."""


@dataclass(frozen=True)
class FoundPreprocessing:
    """What a picture goes through, and where that was found."""

    preprocessing: Preprocessing
    where: str


def canonical_name(name: str) -> str:
    """The canonical name of a preprocessing that has several.

    Raises:
        InvalidInput: there is none of that name.
    """
    plain = name.strip().lower().replace("_", "-").replace(" ", "")
    plain = _ALIASES.get(plain, plain)
    if plain not in _KNOWN:
        raise InvalidInput(
            f"There is no preprocessing {name!r}; there are caffe (VGG16), unit (1/255), "
            "tf (-1..1), torch (ImageNet mean and deviation) and none (0..255)."
        )
    return plain


def named(name: str, size: int) -> Preprocessing:
    """The preprocessing of a name for a square input of `size` pixels."""
    known = _KNOWN[canonical_name(name)]
    return Preprocessing(
        size=size,
        max_aspect=SQUASH,
        mean=known.mean,
        scale=known.scale,
        channels="bgr" if known.bgr else "rgb",
    )


def choose_preprocessing(
    given: str | None,
    texts: Mapping[str, str],
    size: int,
    *,
    inside: bool,
    layers: Iterable[str],
) -> FoundPreprocessing:
    """The preprocessing by the first that is known: the operator's, the graph's own, the
    repository's, or the one that the architecture is always trained with.

    Args:
        given: the operator's name for it.
        texts: the text of each configuration file, by its base name.
        size: side of the input in pixels.
        inside: whether the graph works on the pixels before its first layer.
        layers: the names of the network's layers or operations.

    Raises:
        InvalidInput: nothing is known; the text says how to give it.
    """
    if given is not None:
        return FoundPreprocessing(named(given, size), "operator")
    if inside:
        return FoundPreprocessing(named("none", size), "inside the graph")
    if declared := _declared(texts, size):
        return declared
    config = _object(texts.get("config.json", ""))
    if by_layers := _by_layers(layers):
        architecture, name = by_layers
        return FoundPreprocessing(named(name, size), f"architecture {architecture}")
    for key in _ARCHITECTURE_KEYS:
        stated = str(config.get(key, "")).lower().replace("-", "").replace("_", "")
        for part, name in _BY_NAME:
            if part in stated:
                return FoundPreprocessing(named(name, size), f"config.json, {key} {config[key]}")
    raise InvalidInput(
        "How the model wants its pictures is neither declared nor in its graph: give it by "
        f"`preprocessing` or --preprocessing, one of {', '.join(NAMES)} (VGG16 wants caffe, "
        "a model trained on pixels divided by 255 wants unit)."
    )


def declared_size(texts: Mapping[str, str]) -> int | None:
    """The side of the input that a configuration names, for a model whose graph takes any."""
    for name in ("preprocessor_config.json", "config.json"):
        config = _object(texts.get(name, ""))
        for key in ("size", "image_size", "input_size", "img_size", "input_shape", "crop_size"):
            value = config.get(key)
            if isinstance(value, Mapping):
                value = value.get("height", value.get("shortest_edge"))
            if isinstance(value, list) and value:
                value = next((side for side in value if side and side > 3), None)  # noqa: PLR2004
            if isinstance(value, int) and value > 0:
                return value
    return None


def _declared(texts: Mapping[str, str], size: int) -> FoundPreprocessing | None:
    for file in ("preprocessor_config.json", "config.json"):
        config = _object(texts.get(file, ""))
        for key in _KEYS:
            stated = config.get(key)
            if isinstance(stated, Mapping):
                stated = stated.get("mode", stated.get("name"))
            if isinstance(stated, str):
                return FoundPreprocessing(named(stated, size), f"{file}, {key}")
        if "image_mean" in config or "rescale_factor" in config or "do_rescale" in config:
            return FoundPreprocessing(_image_processor(config, size), file)
    return None


def _image_processor(config: Mapping[str, Any], size: int) -> Preprocessing:
    """The fields of a `transformers` image processor: pixels times a factor, then normalised."""
    try:
        factor = float(config.get("rescale_factor", 1 / 255)) if config.get("do_rescale", 1) else 1
        normalise = config.get("do_normalize", "image_mean" in config)
        mean = [float(x) / factor for x in config["image_mean"]] if normalise else [0.0] * 3
        scale = [float(x) / factor for x in config["image_std"]] if normalise else [1 / factor] * 3
        red, green, blue = mean
        of_red, of_green, of_blue = scale
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise InvalidInput(f"preprocessor_config.json makes no sense: {error!r}") from error
    return Preprocessing(
        size=size,
        max_aspect=SQUASH,
        mean=(red, green, blue),
        scale=(of_red, of_green, of_blue),
    )


def _by_layers(layers: Iterable[str]) -> tuple[str, str] | None:
    names = "\n".join(layers)
    return next(((what, mode) for layer, what, mode in _BY_LAYERS if layer in names), None)


def _object(text: str) -> Mapping[str, Any]:
    """A JSON object; nothing where the text is none: a broken file declares nothing."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
