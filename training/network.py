"""EfficientNet-Lite as a Keras model: no squeeze-and-excitation, ReLU6, quantisation-friendly.

Batch normalisation is folded into the convolutions as the weights are loaded. With a few thousand
photos new statistics would cost accuracy; folded, the ImageNet statistics stay, scale and shift
are still learned (as kernel and bias), and a step takes little more than half the time.
"""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import keras
import numpy as np
from keras import layers

from training.weights import imagenet_weights

Tensor: TypeAlias = Any  # Keras has no types

BATCH_NORM_EPSILON = 1e-3
MEAN, SCALE = 127.0, 128.0  # how the ImageNet weights expect pixels: (value - MEAN) / SCALE


@dataclass(frozen=True)
class Stage:
    """A run of inverted-residual blocks as EfficientNet's paper lists them."""

    repeats: int
    kernel: int
    stride: int
    expand: int
    channels: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
WIDTH_DEPTH = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
FEATURES = 1280


def _round_channels(channels: int, width: float) -> int:
    """Scale to a multiple of 8, never more than a tenth below the exact product."""
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


def _conv(
    x: Tensor, name: str, channels: int, kernel: int = 1, stride: int = 1, *, relu: bool = True
) -> Tensor:
    x = layers.Conv2D(channels, kernel, stride, "same", name=f"{name}_conv")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x) if relu else x


def _block(x: Tensor, name: str, stage: Stage, channels: int, stride: int) -> Tensor:
    entry, width = x, x.shape[-1]
    if stage.expand != 1:
        x = _conv(x, f"{name}_expand", width * stage.expand)
    x = layers.DepthwiseConv2D(stage.kernel, stride, "same", name=f"{name}_depthwise_conv")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = _conv(x, f"{name}_project", channels, relu=False)
    if stride == 1 and width == channels:
        x = layers.Add(name=f"{name}_add")([entry, x])
    return x


def build(classes: int, variant: int = 0, dropout: float = 0.2) -> keras.Model:
    """A network from normalised pictures (N, H, W, 3) of any size to logits (N, classes)."""
    width, depth = WIDTH_DEPTH[variant]
    pictures = keras.Input((None, None, 3), name="pictures")
    x = _conv(pictures, "stem", 32, kernel=3, stride=2)
    index = 0
    for number, stage in enumerate(STAGES):
        # The Lite family leaves the first and last stage at depth 1, whatever the variant.
        fixed = number in {0, len(STAGES) - 1}
        repeats = stage.repeats if fixed else math.ceil(stage.repeats * depth)
        for repeat in range(repeats):
            channels = _round_channels(stage.channels, width)
            x = _block(x, f"block{index}", stage, channels, stage.stride if repeat == 0 else 1)
            index += 1
    x = _conv(x, "head", FEATURES)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    logits = layers.Dense(classes, name="logits")(x)
    return keras.Model(pictures, logits, name=f"efficientnet_lite{variant}")


def widths_of(stage: int) -> set[int]:
    """How many channels the maps at the end of a stage have, in any variant."""
    return {_round_channels(STAGES[stage].channels, width) for width, _ in WIDTH_DEPTH.values()}


def features(model: keras.Model) -> keras.Model:
    """The network without its classifier: from pictures to (N, FEATURES)."""
    return keras.Model(model.input, model.get_layer("pool").output)


def resized(pictures: Tensor, size: int) -> Tensor:
    """Pictures (N, H, W, 3), symbolic or not, of another side; bilinear, since LiteRT has that."""
    return pictures if pictures.shape[1] == size else layers.Resizing(size, size)(pictures)


def load_imagenet(model: keras.Model, variant: int = 0) -> None:
    """Put ImageNet weights into every layer but the classifier, normalisation folded in."""
    weights = imagenet_weights(variant)
    for layer in model.layers:
        if not isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            continue
        conv, norm = _torch_names(layer.name)
        scale = weights[f"{norm}.weight"] / np.sqrt(
            weights[f"{norm}.running_var"] + BATCH_NORM_EPSILON
        )
        bias = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        kernel = weights[f"{conv}.weight"] * scale[:, np.newaxis, np.newaxis, np.newaxis]
        # PyTorch has a kernel as (out, in, down, across).
        depthwise = isinstance(layer, layers.DepthwiseConv2D)
        order = (2, 3, 0, 1) if depthwise else (2, 3, 1, 0)
        layer.set_weights([np.transpose(kernel, order), bias])


def _torch_names(name: str) -> tuple[str, str]:
    """PyTorch's names of a convolution and of the normalisation that follows it.

    `block3_expand_conv` is `_blocks.3._expand_conv`, followed by `_blocks.3._bn0`.
    """
    if name == "stem_conv":
        return "_conv_stem", "_bn0"
    if name == "head_conv":
        return "_conv_head", "_bn1"
    block, part, _ = name.split("_")
    norm = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[part]
    prefix = f"_blocks.{block.removeprefix('block')}."
    return f"{prefix}_{part}_conv", prefix + norm


def freeze(model: keras.Model, blocks: int) -> None:
    """Freeze the stem and the first `blocks` blocks, whose features are general."""
    frozen = {"stem", *(f"block{index}" for index in range(blocks))}
    for layer in model.layers:
        if layer.name.split("_")[0] in frozen:
            layer.trainable = False
