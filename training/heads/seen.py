"""What a network sees in photos, kept from one run to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from smartscale.recognition.memory import Vectors
from smartscale.recognition.recogniser import NetworkRecogniser, Reading
from training import data as photos
from training.errors import TrainingError

Altered = tuple[NDArray[np.float64], Vectors, NDArray[np.int64]]
"""Logits, embeddings and truths of photos."""


@dataclass(frozen=True)
class Seen:
    """What a network sees in photos: logits (N, labels), embeddings (N, E); and what they show."""

    logits: NDArray[np.float64]
    embeddings: Vectors
    names: NDArray[np.str_]
    """The folders they lie in."""
    scenes: NDArray[np.str_]
    places: NDArray[np.str_]
    """The sets that they belong to; of scenes made of one, as `set/way`."""

    @property
    def sets(self) -> NDArray[np.str_]:
        """Where their pictures are from."""
        return np.asarray(np.char.partition(self.places, "/")[:, 0])

    def at(self, rows: NDArray[np.int64]) -> "Seen":
        """Some of them."""
        return Seen(*(part[rows] for part in vars(self).values()))


def look(recogniser: NetworkRecogniser, found: Sequence[photos.Photo], cache: Path) -> Seen:
    """What the network sees in photos; what it has seen in an earlier run comes from the cache."""
    known: dict[str, tuple[NDArray[Any], Vectors]] = {}
    if cache.is_file():
        with np.load(cache, allow_pickle=False) as stored:
            known = {
                str(path): (logits, embedding)
                for path, logits, embedding in zip(
                    stored["paths"], stored["logits"], stored["embeddings"], strict=True
                )
            }
    lacking = [photo for photo in found if str(photo.path) not in known]
    for photo in track(lacking, "Photos", disable=not lacking):
        reading = recogniser.read(photo.path.read_bytes())
        known[str(photo.path)] = reading.logits, embedding_of(reading)
    if lacking:
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            cache,
            allow_pickle=False,
            paths=np.array(list(known)),
            logits=np.array([logits for logits, _ in known.values()], np.float64),
            embeddings=np.array([embedding for _, embedding in known.values()], np.float32),
        )
    read = [known[str(photo.path)] for photo in found]
    return Seen(
        np.array([logits for logits, _ in read], np.float64),
        np.array([embedding for _, embedding in read], np.float32),
        np.array([photo.target for photo in found]),
        np.array([scene_of(photo) for photo in found]),
        np.array([photo.source for photo in found]),
    )


def embedding_of(reading: Reading) -> Vectors:
    """The embedding of a picture. Raises TrainingError where the network has none."""
    if reading.embedding is None:
        raise TrainingError("the package's network has no embedding: nothing can be learned")
    return reading.embedding


def scene_of(photo: photos.Photo) -> str:
    """Which photos of a set were taken together, as far as their names say it."""
    name = photo.path.name
    if name.startswith("WhatsApp-Gorsel"):
        return "-".join(name.split("-")[2:8])  # to the minute
    return name.split("-")[0] if photo.source.startswith("steel") else name


def joined(parts: Sequence[Seen]) -> Seen:
    """Several sets of photos as one; those without any are left out."""
    some = [vars(one).values() for one in parts if len(one.names)]
    return Seen(*(np.concatenate(same) for same in zip(*some, strict=True)))
