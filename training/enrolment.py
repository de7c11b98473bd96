"""What a shop's memory makes of kinds that the network was not trained on, and what it costs.

Each is enrolled from a few photos of the train split; its other photos and the validation split are
what is measured on. The photos of a draw are different ones, and the figures are means over draws.
"""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from smartscale.domain.prediction import NO_ITEM
from smartscale.recognition.memory import Memory
from smartscale.recognition.memory_fit import learn
from smartscale.recognition.package import load_package
from smartscale.recognition.recogniser import NetworkRecogniser, Reading
from training import data as photos
from training.errors import TrainingError
from training.pipeline import hit_shares
from training.probes import FINDING_FILE

PHOTOS_EACH = 5
DRAWS = 6
SEED = 31

logger = logging.getLogger(__name__)


def measure_enrolment(data: Path, run: Path) -> dict[str, Any]:
    """Enrol what the package in `run/package` lacks, and add what it comes to to its finding."""
    recogniser = NetworkRecogniser(load_package(run / "package"))
    if recogniser.head is None:
        raise TrainingError(f"{run / 'package'} cannot be taught: run `train probe classes` first")
    labels = set(recogniser.package.labels)
    produce = set(photos.read_classes(data).produce)
    train = [photo for photo in photos.read_grocery(data, "train") if photo.target in produce]
    new = [photo for photo in train if photo.target not in labels]
    validation = [photo for photo in photos.read_grocery(data, "val") if photo.target in produce]
    if not new:
        raise TrainingError(f"{run / 'package'} knows every kind: there is nothing to enrol")
    readings = {
        photo.path: recogniser.read(photo.path.read_bytes())
        for photo in track([*new, *validation], "Photos")
    }
    targets = np.array([photo.target for photo in new])
    taught, before, after = [], [], []
    for draw in range(DRAWS):
        rng = np.random.default_rng((SEED, draw))
        chosen = {
            str(target): rng.choice(np.flatnonzero(targets == target), PHOTOS_EACH, replace=False)
            for target in np.unique(targets)
        }
        lessons = {
            target: [_embedding(readings[new[at].path]) for at in places]
            for target, places in chosen.items()
        }
        memory = learn(recogniser.head, lessons)
        shown = set(np.concatenate(list(chosen.values())).tolist())
        rest = [photo for at, photo in enumerate(new) if at not in shown]
        for photo in [*rest, *validation]:
            reading = readings[photo.path]
            rank = _rank(recogniser, reading, photo.target, memory)
            if photo.target in lessons:
                taught.append(rank)
            else:
                before.append(_rank(recogniser, reading, photo.target, None))
                after.append(rank)
    finding: dict[str, Any] = json.loads((run / FINDING_FILE).read_text())
    finding["parts"] = {
        f"the ten, enrolled from {PHOTOS_EACH} photos each": hit_shares(np.array(taught)),
        "the others, before": hit_shares(np.array(before)),
        "the others, with the ten enrolled": hit_shares(np.array(after)),
    }
    (run / FINDING_FILE).write_text(json.dumps(finding, indent=1))
    logger.info("%s", finding["parts"])
    return finding


def _embedding(reading: Reading) -> np.ndarray[Any, np.dtype[np.float32]]:
    assert reading.embedding is not None  # noqa: S101  a package with a head has one
    return reading.embedding


def _rank(
    recogniser: NetworkRecogniser, reading: Reading, target: str, memory: Memory | None
) -> int:
    """How many kinds of produce come before the true one."""
    scores = recogniser.scores(reading, memory)
    items = [score.label for score in scores if score.label not in NO_ITEM]
    first = 0 if scores[0].label not in NO_ITEM else 1
    return items.index(target) + first if target in items else len(items)
