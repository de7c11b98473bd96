"""Shorter runs that leave something out and are measured on just that: what elsewhere will cost.

What ships has seen everything there is, so how good it is in another shop has to be estimated by
networks that have not. They are smaller and trained for less long: read them as a lower bound.
"""

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.memory import Head
from smartscale.recognition.recogniser import NetworkRecogniser
from training.data import read_classes
from training.heads.calibration import balance, unseen_by
from training.heads.seen import Seen, look
from training.heads.statistics import head_of, readout_of
from training.material import Material, stage
from training.omission import LeftOut, Omission
from training.pipeline import (
    MEMBERS,
    WANTED_ERROR,
    hit_shares,
    measurable,
    pack,
    ranks,
    ready_to_serve,
    train_members,
)
from training.recipe import Recipe
from training.widen import widen

logger = logging.getLogger(__name__)

PROBE = (Recipe(epochs=8, size=160, early_epochs=0),)
PAIR = (
    replace(MEMBERS[0], seed=7, served_size=None, teacher_weight=0.0),
    replace(MEMBERS[1], seed=8, runs=1),
)
"""What weighs a head has to be about as good as what it is for."""
PROBES: Mapping[LeftOut, Sequence[Recipe]] = {
    LeftOut.SCENES: PAIR,
    LeftOut.STEEL: PROBE,
    LeftOut.CLASSES: PROBE,
}
FOLDS = 3
FINDING_FILE = "finding.json"


@dataclass(frozen=True)
class Hits:
    """For each photo of produce the rank of its label, and whether the kind was right."""

    ranks: NDArray[np.int64]
    coarse: NDArray[np.bool_]

    def shares(self) -> dict[str, float]:
        """The share of photos that were right."""
        return {
            **hit_shares(self.ranks),
            "coarse_top1": round(float(self.coarse.mean()), 4),
        }


def probe(
    data: Path, run: Path, part: LeftOut, members: Sequence[Recipe], folds: int = FOLDS
) -> dict[str, Any]:
    """Train without a part and measure on it; a probe that was cut off goes on where it was.

    Returns:
        The finding, which is also in `finding.json` in `run`, for the card of the package.
    """
    if part is LeftOut.CLASSES:
        finding = _without_classes(data, run, members)
    else:
        finding = _without_photos(data, run, part, members, folds if part is LeftOut.SCENES else 1)
    finding |= {"left_out": part.value, "members": [asdict(recipe) for recipe in members]}
    (run / FINDING_FILE).write_text(json.dumps(finding, indent=1))
    logger.info("Without %s: %s", part, finding)
    return finding


def _without_photos(
    data: Path, run: Path, part: LeftOut, members: Sequence[Recipe], folds: int
) -> dict[str, Any]:
    """Figures on photos that each fold left out, and over all of them."""
    found, unseen = [], []
    for fold in range(folds):
        material = stage(data, members[0], Omission(part, fold, folds))
        place = run / f"fold{fold + 1}" if folds > 1 else run
        trained = train_members(material, members, place)
        served = ready_to_serve(trained, material, place)
        recogniser = measurable(served, material, place / "measured")
        if part is LeftOut.SCENES:  # a head compares by what such networks see, too
            recogniser = NetworkRecogniser(widen(material.learned, (), recogniser.package.folder))
        network = hashlib.sha256(recogniser.package.model_path.read_bytes()).hexdigest()
        cache = place / f"seen-{network[:12]}.npz"
        produce = material.classes.of_produce(material.left_out)
        left_out, truths = look(recogniser, produce, cache), material.truths(produce)
        found.append(_hits(left_out.logits, truths, material))
        if part is LeftOut.SCENES:
            learned = look(recogniser, material.learned, cache)
            unseen.append(unseen_by(_head(learned, material), left_out, truths))
    pooled = Hits(
        ranks=np.concatenate([hits.ranks for hits in found]),
        coarse=np.concatenate([hits.coarse for hits in found]),
    )
    by_fold = {"folds": [hits.shares() for hits in found]} if folds > 1 else {}
    weighed = {"balance": asdict(balance(unseen, WANTED_ERROR))} if unseen else {}
    return {**pooled.shares(), **by_fold, **weighed}


def _head(learned: Seen, material: Material) -> Head:
    """The head of what a fold has learned from, which nothing is calibrated in."""
    classes = material.classes
    return head_of(learned, classes.label_by_target, classes.labels, readout_of([learned]))


def _hits(logits: NDArray[np.float64], truths: NDArray[np.int64], material: Material) -> Hits:
    coarse = material.classes.coarse_of_labels
    return Hits(ranks(logits, truths), coarse[logits.argmax(axis=1)] == coarse[truths])


def _without_classes(data: Path, run: Path, members: Sequence[Recipe]) -> dict[str, Any]:
    """A package without ten kinds of produce, in `run/package`, for `enrolment` to learn them."""
    material = stage(data, members[0], Omission(LeftOut.CLASSES))
    trained = train_members(material, members, run)
    package = pack(material, trained, members, run, run / "package")
    missing = set(read_classes(data).produce) - set(package.labels)
    figures = {name: package.evaluation[name] for name in ("n", "top1", "top3")}
    return {"classes": sorted(missing), **figures}
