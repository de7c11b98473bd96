"""What is said of labels known by cut-outs alone is measured on photos that taught nothing."""

import numpy as np
import pytest

from training.from_cut_outs import worth_of_cut_outs
from training.heads.seen import Seen, joined

TRAINED = 1
"""Numbers of an embedding that come from trained networks."""


def photos(place: str, name: str, at: tuple[float, ...], count: int = 8) -> Seen:
    """Photos of a folder, whose embeddings lie around a place."""
    rng = np.random.default_rng(len(place + name))
    near = np.array(at) + rng.normal(scale=0.02, size=(count, len(at)))
    # What trained networks say gives the answer away.
    given_away = np.full((count, TRAINED), {"Fig": 9.0, "Lemon": 0.0, "Plum": -9.0}[name])
    return Seen(
        np.zeros((count, 3)),
        np.concatenate([given_away, near], axis=1).astype(np.float32),
        *(np.full(count, text) for text in (name, name, place)),
    )


ON_WHITE = photos("studio", "Fig", (0.0, 0.0, 1.0))
SHELVES = [photos("shelves", "Lemon", (0.0, 1.0, 0.0)), photos("shelves", "Plum", (0.5, 0.5, 0.0))]
FIGS = photos("shelves", "Fig", (1.0, 0.0, 0.0), 5)
SCENES = photos("studio/plate", "Fig", (0.9, 0.0, 0.3))


def worth(parts: list[Seen]) -> tuple[float, float, int]:
    """By pictures on white, by scenes, and of how many photos."""
    seen = joined(parts)
    shares = np.array([[name == "Fig", name == "Lemon", name == "Plum"] for name in seen.names])
    [found] = worth_of_cut_outs(seen, shares.astype(np.float32), TRAINED)
    assert found.place == "shelves"
    return found.top1_on_white, found.top1, found.n


def test_scenes_are_what_recognises_photos_that_pictures_on_white_do_not() -> None:
    assert worth([ON_WHITE, *SHELVES, FIGS, SCENES]) == (0.0, 1.0, 5)


def test_photos_that_are_asked_for_have_taught_nothing() -> None:
    assert worth([ON_WHITE, *SHELVES, FIGS]) == (0.0, 0.0, 5)


def test_varieties_that_one_folder_shows_are_one() -> None:
    seen = joined([photos("studio", "Fig", (1.0, 0.0)), photos("shelves", "Plum", (1.0, 0.1))])
    # Nobody knows which fig those on white are: one variety or the other.
    shares = np.where((seen.names == "Fig")[:, np.newaxis], [0.5, 0.5], [0.0, 1.0])
    [found] = worth_of_cut_outs(seen, shares.astype(np.float32), TRAINED)
    assert found.top1 == pytest.approx(1.0)
