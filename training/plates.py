"""Bare plates made from nothing: what an empty scale may look like, and backgrounds for produce.

The photos show produce in a shop's crates. A scale is steel, glass, wood, rubber or plastic under
lamps, so those are rendered here, cheaply and from a seed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[np.floating[Any]]

COLOURED, CROSSED, UNLIT = 0.3, 0.6, 0.6  # shares of the plates


def render_plates(count: int, size: int, seed: int) -> NDArray[np.uint8]:
    """`count` bare plates, uint8 of shape (count, size, size, 3)."""
    rng = np.random.default_rng(seed)
    materials = (_plain, _brushed, _wood, _speckled, _grid)
    plates = []
    for index in range(count):
        plate = materials[index % len(materials)](rng, size)
        plate = plate * _light(rng, size) + _glare(rng, size)
        plate = plate + rng.normal(0, rng.uniform(0.5, 5), plate.shape)
        plates.append(plate.clip(0, 255).astype(np.uint8))
    return np.stack(plates)


def _field(rng: np.random.Generator, size: int, cells: tuple[int, int]) -> Picture:
    """Smooth noise of shape (size, size) with `cells` (down, across) bumps, about -1 to 1."""
    noise = Image.fromarray(rng.normal(0, 0.5, cells).astype(np.float32))
    return np.asarray(noise.resize((size, size), Image.Resampling.BICUBIC))


def _grey(rng: np.random.Generator, low: float, high: float) -> Picture:
    """A grey with a slight tint, shape (3,)."""
    return rng.uniform(low, high) + rng.normal(0, 4, 3)


def _plain(rng: np.random.Generator, size: int) -> Picture:
    colour = _grey(rng, 10, 250) if rng.random() >= COLOURED else rng.uniform(20, 240, 3)
    return np.broadcast_to(colour, (size, size, 3)).copy()


def _brushed(rng: np.random.Generator, size: int) -> Picture:
    streaks = _field(rng, size, (size, 2)) * rng.uniform(2, 14)
    clouds = _field(rng, size, (4, 4)) * rng.uniform(2, 14)
    return _grey(rng, 110, 215) + (streaks + clouds)[..., np.newaxis]


def _wood(rng: np.random.Generator, size: int) -> Picture:
    brown = np.array([1.0, rng.uniform(0.65, 0.85), rng.uniform(0.4, 0.65)])
    grain = _field(rng, size, (size // 3, 3)) * 14 + _field(rng, size, (24, 2)) * 16
    boards = np.repeat(rng.normal(0, 8, 4), -(-size // 4))[:size, np.newaxis]
    return np.asarray((rng.uniform(90, 215) + grain + boards)[..., np.newaxis] * brown)


def _speckled(rng: np.random.Generator, size: int) -> Picture:
    """Rubber, stone, worn plastic."""
    fine = rng.normal(0, rng.uniform(3, 14), (size, size, 1))
    return _grey(rng, 15, 225) + fine + _field(rng, size, (5, 5))[..., np.newaxis] * 8


def _grid(rng: np.random.Generator, size: int) -> Picture:
    """A ribbed or tiled plate."""
    pitch, width = int(rng.integers(12, 70)), int(rng.integers(1, 5))
    plate = np.broadcast_to(_grey(rng, 40, 240), (size, size, 3)).copy()
    lines = np.arange(size) % pitch < width
    plate[lines] += rng.uniform(-45, 30)
    if rng.random() < CROSSED:
        plate[:, lines] += rng.uniform(-45, 30)
    return plate


def _light(rng: np.random.Generator, size: int) -> Picture:
    """Uneven light and a soft shadow, as a factor per pixel."""
    return (1 + _field(rng, size, (2, 2)) * rng.uniform(0, 0.45))[..., np.newaxis]


def _glare(rng: np.random.Generator, size: int) -> Picture:
    """A lamp's reflection, or none."""
    if rng.random() < UNLIT:
        return np.zeros((size, size, 1), np.float32)
    y, x = np.mgrid[0:size, 0:size] / size
    across, along = rng.uniform(0.03, 0.3, 2)
    spot = np.exp(-(((x - rng.random()) / across) ** 2) - ((y - rng.random()) / along) ** 2)
    return np.asarray(spot[..., np.newaxis] * rng.uniform(30, 160))
