"""Scenes of things that were photographed one by one on white: on plates, and heaped in crates.

Of some labels there are no other pictures, and a strawberry on white is little like strawberries in
a shop. So what such pictures show is cut out and laid, turned and overlapping, on a plate or in a
crate, at times beside a crate of something else, and altered as another shop's photos are, bags
included. `training/from_cut_outs.py` measures what that brings.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from training.augment import another_shop
from training.data import CUT_OUTS, read_folder
from training.plates import render_plates

EACH = 150
"""Scenes of each folder, in each of the two ways."""
BATCH = 64
SEED = 37
_PLATES, _PLATES_SEED = 120, 11
_WHITE, _AROUND = 228, 128
_EDGE = 5
"""Pixels around an outline that are left out with the white: it shines through."""
_ON_A_PLATE = (1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 12)
_BESIDE_SHARE = 0.3
_SHADOW = 0.45

Rng: TypeAlias = np.random.Generator
Things: TypeAlias = Sequence[Image.Image]
"""Views of one thing, cut out: RGBA."""


@dataclass(frozen=True)
class Scene:
    """A made-up photo of some of what a folder shows."""

    picture: Image.Image
    name: str
    """The folder's."""
    place: str
    """The set and the way of its things, as `studio/plate`: each is a place of its own."""


def render_scenes(data: Path, size: int, each: int = EACH) -> Iterator[Scene]:
    """Scenes of every folder of `CUT_OUTS`, `size` pixels a side; the same each time.

    Args:
        data: the folder of the photos.
        size: of the pictures.
        each: how many of a folder in each way.
    """
    rng = np.random.default_rng(SEED)
    plates = render_plates(_PLATES, size, _PLATES_SEED)
    folders = {path.name: cut_outs(path) for path in sorted((data / CUT_OUTS).glob("*/"))}
    everything = [things for kinds in folders.values() for things in kinds]
    for number, (name, kinds) in enumerate(folders.items()):
        for way, lay in (("plate", on_plate), ("crate", in_crate)):
            laid = [
                lay(
                    rng,
                    kinds[rng.integers(len(kinds))],
                    plates[rng.integers(len(plates))],
                    everything[rng.integers(len(everything))],
                )
                for _ in range(each)
            ]
            for start in range(0, each, BATCH):
                some = np.stack(laid[start : start + BATCH])
                for picture in another_shop(some, size, (number, start)):
                    yield Scene(Image.fromarray(picture), name, f"{CUT_OUTS}/{way}")


def cut_outs(folder: Path) -> list[Things]:
    """What the pictures of a folder show; those of one object together, as their names begin."""
    kinds: dict[str, list[Image.Image]] = defaultdict(list)
    for photo in read_folder(folder, folder.name, CUT_OUTS):
        with Image.open(photo.path) as picture:
            kinds[photo.path.name.partition("_")[0]].append(cut_out(picture.convert("RGB")))
    return list(kinds.values())


def cut_out(picture: Image.Image) -> Image.Image:
    """What a picture (RGB) shows before white, as RGBA; white within it stays."""
    white = Image.fromarray(((np.asarray(picture).min(axis=2) > _WHITE) * 255).astype(np.uint8))
    framed = ImageOps.expand(white, 1, 255)
    ImageDraw.floodfill(framed, (0, 0), _AROUND)
    shown = ImageOps.crop(framed, 1).point(lambda value: 0 if value == _AROUND else 255)
    solid = shown.filter(ImageFilter.MinFilter(_EDGE)).filter(ImageFilter.GaussianBlur(0.6))
    result = picture.copy()
    result.putalpha(solid)
    return result.crop(solid.getbbox())


def on_plate(
    rng: Rng, things: Things, plate: NDArray[np.uint8], _beside: Things
) -> NDArray[np.uint8]:
    """From one thing to a dozen, together on a plate (S, S, 3)."""
    scene = Image.fromarray(plate)
    count = int(rng.choice(_ON_A_PLATE))
    size = rng.uniform(0.35, 0.85) * scene.width / count**0.45
    middle = scene.width * (0.5 + rng.normal(0, 0.07, 2))
    for _ in range(count):
        away = rng.uniform(0, 0.5) * size * count**0.5 if count > 1 else 0.0
        angle = rng.uniform(0, 2 * np.pi)
        at = middle + away * np.array([np.cos(angle), np.sin(angle)])
        _lay(scene, _turned(rng, things, size), at)
    return np.asarray(scene)


def in_crate(
    rng: Rng, things: Things, plate: NDArray[np.uint8], beside: Things
) -> NDArray[np.uint8]:
    """As many things as fill a picture (S, S, 3); at times a crate of another begins at a side."""
    scene = Image.fromarray((plate * 0.4).astype(np.uint8))
    size = rng.uniform(0.16, 0.5) * scene.width
    step = size * 0.62
    axis = rng.integers(2)
    edge = scene.width * (rng.uniform(0.65, 0.9) if rng.random() < _BESIDE_SHARE else 2.0)
    line = np.arange(-step / 2, scene.width + step, step)
    for at in rng.permutation(np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)):
        shown = beside if at[axis] > edge else things
        _lay(scene, _turned(rng, shown, size), at + rng.normal(0, step * 0.2, 2))
    return np.asarray(scene)


def _turned(rng: Rng, things: Things, size: float) -> Image.Image:
    """One of the views at about a size in pixels, turned, at times mirrored."""
    thing = things[int(rng.integers(len(things)))]
    scale = size * rng.uniform(0.85, 1.12) / max(thing.size)
    shrunk = thing.resize([max(4, round(side * scale)) for side in thing.size])
    seen = ImageOps.mirror(shrunk) if rng.integers(2) else shrunk
    return seen.rotate(rng.uniform(0, 360), Image.Resampling.BICUBIC, expand=True)


def _lay(scene: Image.Image, thing: Image.Image, at: NDArray[np.float64]) -> None:
    """Lay a thing with its middle at a place (x, y), and its shadow below it."""
    reach = max(2, thing.width // 14)
    dark = thing.getchannel("A").point(lambda value: value * _SHADOW)
    shadow = ImageOps.expand(dark, 2 * reach, 0).filter(ImageFilter.GaussianBlur(reach))
    left, top = (round(middle - side / 2) for middle, side in zip(at, thing.size, strict=True))
    scene.paste((0, 0, 0), (left - 2 * reach + reach // 2, top - reach), shadow)
    scene.paste(thing, (left, top), thing)
