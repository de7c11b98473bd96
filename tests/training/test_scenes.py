"""Scenes show what was cut out, on plates and in crates."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import HAS_TENSORFLOW, loaded_when_used

if not HAS_TENSORFLOW:
    pytest.skip("TensorFlow is not installed: uv sync --group training", allow_module_level=True)

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from training import scenes
else:
    scenes = loaded_when_used("training.scenes")

pytestmark = pytest.mark.training

RED = (200, 20, 30)
SIZE = 64


def on_white() -> Image.Image:
    """A disc on white, with a white spot on it."""
    picture = Image.new("RGB", (100, 100), (255, 255, 255))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((20, 10, 80, 70), fill=RED)
    pen.ellipse((45, 35, 55, 45), fill=(255, 255, 255))
    return picture


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two things, one of them of two kinds."""
    for name in ("Fig/Fig_1_100", "Fig/Fig_r_2_100", "Fig/FigGreen_1_100", "Plum/Plum_1_100"):
        place = tmp_path / "studio" / f"{name}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        on_white().save(place)
    return tmp_path


def test_what_is_cut_out_keeps_its_own_white() -> None:
    thing = scenes.cut_out(on_white())
    solid = np.asarray(thing.getchannel("A"))
    assert solid[0, 0] == 0
    assert solid[thing.height // 2, thing.width // 2] == 255
    assert thing.getpixel((thing.width // 2, thing.height // 2)) == (255, 255, 255, 255)
    assert 50 <= thing.width <= 61


def test_views_of_one_thing_are_told_by_their_names(data: Path) -> None:
    kinds = scenes.cut_outs(data / "studio" / "Fig")
    assert sorted(len(kind) for kind in kinds) == [1, 2]


def test_a_crate_is_full_and_a_plate_is_not() -> None:
    rng, things = np.random.default_rng(1), [scenes.cut_out(on_white())]
    grey = np.full((SIZE, SIZE, 3), 120, np.uint8)

    def red(picture: "np.typing.NDArray[np.uint8]") -> float:
        return float(((picture[..., 0] > 150) & (picture[..., 1] < 80)).mean())

    plates = [red(scenes.on_plate(rng, things, grey, things)) for _ in range(20)]
    crates = [red(scenes.in_crate(rng, things, grey, things)) for _ in range(20)]
    assert min(plates) > 0.02
    assert np.mean(plates) < 0.6
    assert np.mean(crates) > 0.6


def test_each_folder_has_scenes_of_each_kind_and_they_are_the_same_again(data: Path) -> None:
    made = list(scenes.render_scenes(data, SIZE, each=2))
    assert [(one.name, one.place) for one in made] == [
        (name, f"studio/{way}")
        for name in ("Fig", "Plum")
        for way in ("plate", "crate")
        for _ in "ab"
    ]
    again = list(scenes.render_scenes(data, SIZE, each=2))
    for one, other in zip(made, again, strict=True):
        assert one.picture.size == (SIZE, SIZE)
        np.testing.assert_array_equal(np.asarray(one.picture), np.asarray(other.picture))


def test_without_cut_outs_there_are_no_scenes(tmp_path: Path) -> None:
    assert list(scenes.render_scenes(tmp_path, SIZE, each=2)) == []
