"""What a network sees in pictures that are made of photos: altered ones, and scenes of cut-outs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from smartscale.recognition.recogniser import NetworkRecogniser, Reading
from training import data as photos
from training.augment import another_shop
from training.heads.seen import Altered, Seen, embedding_of
from training.scenes import render_scenes

VIEWS = 4
BATCH = 64


@dataclass(frozen=True)
class MadeUp:
    """What a network sees in pictures that were made of photos."""

    altered: Altered
    """Validation photos of produce as another shop might have photographed it."""
    scenes: Seen
    """Scenes of cut-outs."""


def look_at_made_up(recogniser: NetworkRecogniser, data: Path, run: Path) -> MadeUp:
    """What the network sees in pictures that are made of photos; `run` keeps it."""
    return MadeUp(
        altered_validation(recogniser, data, run / "altered.npz"),
        look_at_scenes(recogniser, data, run / "scenes.npz"),
    )


def look_at_scenes(recogniser: NetworkRecogniser, data: Path, cache: Path) -> Seen:
    """What the network sees in scenes of cut-outs."""

    def seen() -> dict[str, NDArray[Any]]:
        scenes = render_scenes(data, recogniser.package.input_size)
        made = [
            (recogniser.read_picture(scene.picture), scene.name, scene.place)
            for scene in track(scenes, "Scenes", total=None, transient=True)
        ]
        return {
            **_read([reading for reading, *_ in made]),
            "names": np.array([name for _, name, _ in made], np.str_),
            "places": np.array([place for *_, place in made], np.str_),
        }

    kept = _kept(cache, seen)
    return Seen(kept["logits"], kept["embeddings"], kept["names"], kept["names"], kept["places"])


def altered_validation(recogniser: NetworkRecogniser, data: Path, cache: Path) -> Altered:
    """What the network sees in the validation produce as another shop might have photographed it:
    logits, embeddings and truths."""

    def seen() -> dict[str, NDArray[Any]]:
        classes = photos.read_classes(data)
        chosen = classes.of_produce(photos.read_grocery(data, "val"))
        staged = photos.stage(chosen, classes, "Validation photos")
        readings = [
            recogniser.read_picture(Image.fromarray(picture))
            for view in range(VIEWS)
            for start in range(0, len(chosen), BATCH)
            for picture in another_shop(
                staged.pictures[start : start + BATCH],
                recogniser.package.input_size,
                (view, start),
            )
        ]
        truths = np.tile(np.array(classes.label_of)[staged.targets], VIEWS)
        return {**_read(readings), "truths": truths}

    kept = _kept(cache, seen)
    return kept["logits"], kept["embeddings"], kept["truths"]


def _kept(
    cache: Path, look_now: Callable[[], Mapping[str, NDArray[Any]]]
) -> dict[str, NDArray[Any]]:
    """What an earlier run has kept, else what is seen now, which is kept."""
    if not cache.is_file():
        seen = look_now()
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, allow_pickle=False, **seen)
    with np.load(cache, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored}


def _read(readings: Sequence[Reading]) -> dict[str, NDArray[Any]]:
    return {
        "logits": np.array([reading.logits for reading in readings], np.float64),
        "embeddings": np.array([embedding_of(reading) for reading in readings], np.float32),
    }
