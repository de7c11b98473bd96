"""What happens to produce between the shelf and the camera, as operations on whole batches.

A scale has no up, shops light in every colour, produce lies in bags, half out of the picture, on
any plate. Everything here is seeded: the same seed gives the same batch.
"""

from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Tensor: TypeAlias = Any  # TensorFlow has no types

# How much of a batch each of these happens to; plates and bags are the recipe's.
GAMMA_SHARE = 0.4
BLUR_SHARE = 0.25
ALTERED_BAG_SHARE = 0.2
CUT_OUT_SHARE = 0.2
HAND_SHARE = 0.08
NOISE_SHARE = 0.2
CUTMIX_SHARE = 0.2


class Dice:
    """Random numbers for one batch of `count` pictures, drawn in order from one seed."""

    def __init__(self, seed: Tensor, count: Tensor) -> None:
        self._seed = tf.cast(seed, tf.int32)
        self._drawn = 0
        self.count = count

    def _next(self) -> Tensor:
        self._drawn += 1
        return self._seed + tf.constant([0, self._drawn * 7919])

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """Shape (count, *shape)."""
        return tf.random.stateless_uniform((self.count, *shape), self._next(), low, high)

    def normal(self, deviation: float, *shape: int) -> Tensor:
        """Shape (count, *shape), around 0."""
        return tf.random.stateless_normal((self.count, *shape), self._next(), 0.0, deviation)

    def happens(self, share: float) -> Tensor:
        """1.0 for about `share` of the pictures, else 0.0; shape (count,)."""
        return tf.cast(self.uniform(0.0, 1.0) < share, tf.float32)

    def some(self, share: float) -> tuple[Tensor, "Dice"]:
        """The indices of `share` of the pictures, neighbours in the batch, and dice for them.

        A batch is in random order, so neighbours are as good as any, and what happens to few
        pictures is computed for few.
        """
        count = tf.cast(tf.math.ceil(share * tf.cast(self.count, tf.float32)), tf.int32)
        start = tf.random.stateless_uniform((), self._next(), 0, self.count, tf.int32)
        chosen = (start + tf.range(count)) % self.count
        return chosen, Dice(self._next(), count)


def augment(
    pictures: Tensor,
    targets: Tensor,
    plates: Tensor,
    hands: Tensor,
    size: int,
    seed: Tensor,
    *,
    plate_share: float,
    bag_share: float,
) -> tuple[Tensor, Tensor]:
    """Alter a batch.

    Args:
        pictures: uint8 (N, S, S, 3).
        targets: one-hot (N, classes).
        plates: uint8 (N, S, S, 3), backgrounds to lay some of the produce on.
        hands: uint8 (K, S, S, 4) with their opacity, to reach over some of it.
        size: side of the result in pixels.
        seed: two integers.
        plate_share: how much of the batch lies on a plate.
        bag_share: how much of it lies in a bag.

    Returns:
        Pictures float32 (N, size, size, 3) in 0..255, and targets (N, classes), mixed where the
        pictures were.
    """
    dice = Dice(seed, tf.shape(pictures)[0])
    x = _look_around(tf.cast(pictures, tf.float32), size, dice)
    x = _bag(_lay_on_plate(x, plates, size, dice, plate_share), size, dice, bag_share)
    x = _reach_over(x, hands, size, dice)
    x = _blur(_light(x / 255.0, dice), dice)
    x = _cut_out(x, size, dice)
    x, targets = _cutmix(_noise(x, size, dice), targets, size, dice)
    return tf.clip_by_value(x, 0.0, 1.0) * 255.0, targets


def another_shop(
    pictures: NDArray[np.uint8], size: int, seed: tuple[int, int]
) -> NDArray[np.uint8]:
    """Pictures (N, S, S, 3) as another shop might have taken them: (N, size, size, 3).

    The alterations of training but those that hide produce or mix it with another.
    """
    dice = Dice(seed, len(pictures))
    x = _look_around(tf.cast(pictures, tf.float32), size, dice)
    x = _noise(
        _blur(_light(_bag(x, size, dice, ALTERED_BAG_SHARE) / 255.0, dice), dice), size, dice
    )
    return np.asarray(tf.cast(tf.round(tf.clip_by_value(x, 0.0, 1.0) * 255.0), tf.uint8))


def _each(values: Tensor) -> Tensor:
    """(N,) -> (N, 1, 1, 1), to broadcast over pictures."""
    return values[:, tf.newaxis, tf.newaxis, tf.newaxis]


def _put(x: Tensor, chosen: Tensor, altered: Tensor) -> Tensor:
    return tf.tensor_scatter_nd_update(x, chosen[:, tf.newaxis], altered)


def _look_around(x: Tensor, size: int, dice: Dice, outside: str = "REFLECT") -> Tensor:
    """Turn, mirror, zoom, stretch and shift in one resampling."""
    side = tf.cast(tf.shape(x)[1], tf.float32)
    turned = dice.happens(0.35)
    angle = turned * dice.uniform(-np.pi, np.pi) + (1 - turned) * dice.normal(0.15)
    zoom = tf.sqrt(dice.uniform(0.4, 1.1))
    stretch = tf.exp(dice.normal(0.1))
    mirror = 1 - 2 * dice.happens(0.5)
    room = tf.maximum(0.0, 1 - zoom) / 2 * side
    scale_x, scale_y = zoom * stretch * mirror * side / size, zoom / stretch * side / size
    a, b = tf.cos(angle) * scale_x, -tf.sin(angle) * scale_y
    c, d = tf.sin(angle) * scale_x, tf.cos(angle) * scale_y
    middle_x = side / 2 + dice.uniform(-1.0, 1.0) * room
    middle_y = side / 2 + dice.uniform(-1.0, 1.0) * room
    half = size / 2
    shift_x, shift_y = middle_x - (a + b) * half, middle_y - (c + d) * half
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=tf.stack([a, b, shift_x, c, d, shift_y, zero, zero], axis=1),
        output_shape=(size, size),
        interpolation="BILINEAR",
        fill_mode=outside,
        fill_value=0.0,
    )


def _grid(size: int) -> tuple[Tensor, Tensor]:
    """Pixel coordinates from -1 to 1: down (1, size, 1, 1) and across (1, 1, size, 1)."""
    line = tf.linspace(-1.0, 1.0, size)
    return line[tf.newaxis, :, tf.newaxis, tf.newaxis], line[tf.newaxis, tf.newaxis, :, tf.newaxis]


def _blob(size: int, dice: Dice, low: float, high: float) -> Tensor:
    """1.0 inside an uneven blob somewhere near the middle, 0.0 outside, with a soft edge.

    Its radius is `low` to `high` of half a picture; shape (N, size, size, 1).
    """
    down, across = _grid(size)
    bumps = tf.image.resize(dice.normal(0.25, 5, 5, 1), (size, size), "bicubic")
    middle_y, middle_x = _each(dice.uniform(-0.4, 0.4)), _each(dice.uniform(-0.4, 0.4))
    radius_y, radius_x = _each(dice.uniform(low, high)), _each(dice.uniform(low, high))
    distance = tf.sqrt(((down - middle_y) / radius_y) ** 2 + ((across - middle_x) / radius_x) ** 2)
    return tf.sigmoid((1 + bumps - distance) * 25)


def _lay_on_plate(x: Tensor, plates: Tensor, size: int, dice: Dice, share: float) -> Tensor:
    """Cut some produce out, roughly, and lay it on a plate, from one piece to a heap."""
    chosen, dice = dice.some(share)
    plate = _look_around(tf.cast(tf.gather(plates, chosen), tf.float32), size, dice)
    cut_out = tf.concat([tf.gather(x, chosen), 255 * _blob(size, dice, 0.22, 0.95)], axis=3)
    farther = dice.uniform(1.0, 1.8)
    zero = tf.zeros_like(farther)
    shift = size * (1 - farther) / 2
    shift_x, shift_y = shift + dice.normal(0.1 * size), shift + dice.normal(0.1 * size)
    laid = tf.raw_ops.ImageProjectiveTransformV3(
        images=cut_out,
        transforms=tf.stack([farther, zero, shift_x, zero, farther, shift_y, zero, zero], axis=1),
        output_shape=(size, size),
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )
    keep = laid[..., 3:] / 255.0
    return _put(x, chosen, laid[..., :3] * keep + plate * (1 - keep))


def _bag(x: Tensor, size: int, dice: Dice, share: float) -> Tensor:
    """A clear plastic bag: a veil with bright folds, and crumples that are hard to see through."""
    chosen, dice = dice.some(share)

    def field(cells: int) -> Tensor:
        return tf.image.resize(dice.normal(1.0, cells, cells, 1), (size, size), "bicubic")

    folds = tf.nn.relu(1 - 4 * tf.abs(field(6))) + tf.nn.relu(1 - 3 * tf.abs(field(16)))
    crumples = tf.sigmoid(4 * (field(5) - _each(dice.uniform(0.4, 1.8))))
    film = _each(dice.uniform(0.03, 0.4)) + _each(dice.uniform(0.1, 0.5)) * folds
    veil = _blob(size, dice, 0.5, 1.4) * tf.clip_by_value(film + 0.75 * crumples, 0.0, 0.93)
    white = 255 * tf.clip_by_value(_each(dice.uniform(0.68, 1.0)) + 0.06 * field(10), 0.0, 1.0)
    return _put(x, chosen, tf.gather(x, chosen) * (1 - veil) + white * veil)


def _reach_over(x: Tensor, hands: Tensor, size: int, dice: Dice) -> Tensor:
    """A hand that still holds or points at some of the produce."""
    chosen, dice = dice.some(HAND_SHARE)
    at = tf.cast(dice.uniform(0.0, 1.0) * tf.cast(tf.shape(hands)[0], tf.float32), tf.int32)
    hand = _look_around(tf.cast(tf.gather(hands, at), tf.float32), size, dice, "CONSTANT")
    opaque = hand[..., 3:] / 255.0
    return _put(x, chosen, tf.gather(x, chosen) * (1 - opaque) + hand[..., :3] * opaque)


def _light(x: Tensor, dice: Dice) -> Tensor:
    """Exposure, contrast, saturation and the lamps' colour, at times strong."""
    strong = dice.happens(0.1)
    cast = dice.normal(1.0, 1, 1, 3) * _each(0.03 + 0.12 * strong)
    x = x * tf.exp(cast + _each(dice.normal(0.15)))
    grey = tf.reduce_mean(x, axis=3, keepdims=True)
    x = grey + (x - grey) * _each(dice.uniform(0.8, 1.25))
    mean = tf.reduce_mean(x, axis=(1, 2, 3), keepdims=True)
    x = mean + (x - mean) * _each(dice.uniform(0.8, 1.2))
    chosen, dice = dice.some(GAMMA_SHARE)
    bent = tf.clip_by_value(tf.gather(x, chosen), 1e-4, 1.0) ** _each(tf.exp(dice.normal(0.18)))
    return _put(x, chosen, bent)


def _blur(x: Tensor, dice: Dice) -> Tensor:
    chosen, dice = dice.some(BLUR_SHARE)
    sharp = tf.gather(x, chosen)
    soft = tf.nn.avg_pool2d(tf.nn.avg_pool2d(sharp, 3, 1, "SAME"), 3, 1, "SAME")
    amount = _each(dice.uniform(0.3, 1.0))
    return _put(x, chosen, soft * amount + sharp * (1 - amount))


def _box(size: int, dice: Dice, low: float, high: float) -> Tensor:
    """1.0 inside one random rectangle per picture, whose sides are `low` to `high` of it."""
    down, across = _grid(size)
    tall, wide = _each(dice.uniform(low, high)), _each(dice.uniform(low, high))
    top, left = _each(dice.uniform(-1.0, 1.0)), _each(dice.uniform(-1.0, 1.0))
    inside = (tf.abs(down - top) < tall) & (tf.abs(across - left) < wide)
    return tf.cast(inside, tf.float32)


def _cut_out(x: Tensor, size: int, dice: Dice) -> Tensor:
    """A hand, a label, another customer's bag: something plain in front."""
    chosen, dice = dice.some(CUT_OUT_SHARE)
    box = _box(size, dice, 0.15, 0.5)
    plain = dice.uniform(0.0, 1.0, 1, 1, 3)
    return _put(x, chosen, tf.gather(x, chosen) * (1 - box) + plain * box)


def _noise(x: Tensor, size: int, dice: Dice) -> Tensor:
    chosen, dice = dice.some(NOISE_SHARE)
    return _put(x, chosen, tf.gather(x, chosen) + dice.normal(0.03, size, size, 3))


def _cutmix(x: Tensor, targets: Tensor, size: int, dice: Dice) -> tuple[Tensor, Tensor]:
    """Put a rectangle of another picture into some pictures, and mix their targets so."""
    other = tf.roll(tf.range(dice.count), 1, axis=0)
    chosen, dice = dice.some(CUTMIX_SHARE)
    box = _box(size, dice, 0.3, 0.8)
    share = tf.reduce_mean(box, axis=(1, 2))
    beside = tf.gather(other, chosen)
    mixed = tf.gather(x, chosen) * (1 - box) + tf.gather(x, beside) * box
    mixed_targets = tf.gather(targets, chosen) * (1 - share) + tf.gather(targets, beside) * share
    return _put(x, chosen, mixed), _put(targets, chosen, mixed_targets)
