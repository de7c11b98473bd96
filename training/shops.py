"""What a package comes to in a shop that nothing was trained or weighed for.

The package that ships has learned from every set of photos, so none of them says any more what
another camera costs it. Here each set in turn is a shop that the head has never seen: its photos
are in neither the classifier for pictures from elsewhere nor the weights. The networks were trained
on none of them anyway.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from smartscale.domain.prediction import UNKNOWN
from smartscale.recognition.hierarchy import find_coarse, find_label
from smartscale.recognition.labelled_photos import LabelledPhoto, Truth
from smartscale.recognition.memory import Head, Memory, Vectors
from smartscale.recognition.memory_fit import learn
from smartscale.recognition.package import HEAD_FILE, ModelPackage, load_package, write_package
from smartscale.recognition.recogniser import (
    NetworkRecogniser,
    Reading,
    Score,
    ranked,
    softmax,
)
from smartscale.recognition.teaching import (
    LessonQuality,
    ReadPhoto,
    Shop,
    items_of,
    mean_over,
    measure_lessons,
    name_of,
)
from training import data as photos
from training.card import render_head, shop_row
from training.from_cut_outs import CutOutWorth, worth_of_cut_outs
from training.heads.calibration import Balance
from training.heads.labels import ALSO
from training.heads.made_up import look_at_made_up
from training.heads.making import make_head, shops_of
from training.heads.package import documents_of
from training.heads.seen import Seen

logger = logging.getLogger(__name__)

SMALL, SMALL_SHOPS = 6, 8
"""Of each set so many shops are made, each of so few of its items: what few items come to."""
SEED = 43


@dataclass(frozen=True)
class Elsewhere:
    """What a package comes to where it has never been."""

    shops: Mapping[str, Sequence[LessonQuality]]
    """With so many lessons, by set of photos."""
    small: Sequence[Mapping[str, Any]]
    """The `figures` of shops of few items, their means by set and number of lessons."""
    cut_outs: Sequence[CutOutWorth]
    """Of what it knows by cut-outs alone, by set of photos."""


@dataclass(frozen=True)
class Stranger:
    """A package with a head that has never seen the shop it comes to."""

    package: ModelPackage
    head: Head
    asks_below: float
    """The confidence below which it asks while nobody has taught it."""

    def learn(self, lessons: Mapping[str, Sequence[Vectors]]) -> Memory:
        """What it knows when it has been taught these embeddings, by label."""
        return learn(self.head, lessons)

    def scores(self, reading: Reading, memory: Memory | None = None) -> list[Score]:
        """The scores of a picture, best first. Raises ValueError where it has no embedding."""
        if reading.embedding is None:
            raise ValueError("a picture without an embedding cannot be compared")
        memory = memory or Memory(self.head, {})
        logits = reading.logits / self.head.temperature
        labels, logs = memory.fuse(logits, reading.embedding)
        return ranked(labels, softmax(logs))

    def confirm(self, memory: Memory | None = None) -> float:
        """The confidence below which an answer must be confirmed."""
        found = None if memory is None else memory.lowest
        return self.asks_below if found is None else found


def measure_shops(data: Path, folder: Path, run: Path, counts: Sequence[int]) -> Elsewhere:
    """What lessons bring in each set of photos, as if it were the next shop.

    Args:
        data: the folder of the photos.
        folder: the package's.
        run: where what the network saw is kept.
        counts: how many lessons of each item.
    """
    package = load_package(folder)
    recogniser = NetworkRecogniser(package, with_head=False)
    made_up = look_at_made_up(recogniser, data, run)
    balance = Balance.of(package.evaluation.get("findings", ()))
    made = make_head(recogniser, data, run, made_up, 0.01, balance)
    labels = package.labels
    known = [
        one
        for one in read(made.known, photos.read_grocery(data, "val"), labels)
        if one.photo.truth != UNKNOWN
    ]
    found, small = {}, []
    for place, (shop, listed) in enumerate(zip(made.shops, shops_of(data), strict=True)):
        stranger = Stranger(package, made.without(place), made.confirms[place])
        name = str(shop.places[0])
        market, shown = Shop(stranger, lambda _: True), read(shop, listed, labels)
        found[name] = measure_lessons(market, shown, counts, known)
        small += small_shops(market, shown, name, counts)
        for one in found[name]:
            logger.info("%s", shop_row(figures(name, one)))
    trained = package.source.get("trained", {}).get("embedding", 0)
    return Elsewhere(found, small, [*worth_of_cut_outs(made.everything, made.shares, trained)])


def small_shops(
    shop: Shop, shown: Sequence[ReadPhoto], name: str, counts: Sequence[int]
) -> list[dict[str, Any]]:
    """What lessons bring where only few of a set's items are sold: means over several such shops.

    Args:
        shop: who teaches what.
        shown: the set's photos.
        name: the set's.
        counts: how many lessons of each item; none teaches nothing about few items.
    """
    items = items_of(shown)
    several = sorted(item for item, scenes in items.items() if len(scenes) > 1)
    taught = [count for count in counts if count]
    rng = np.random.default_rng(SEED)
    measured = []
    for _ in range(SMALL_SHOPS):
        sold = set(rng.permutation(several)[:SMALL].tolist())
        photographed = [one for one in shown if name_of(one.photo.truth) in sold]
        # What was known of so few items says nothing.
        measured.append(measure_lessons(shop, photographed, taught, known=()))
    return [_mean(f"{SMALL} of {name}", alike) for alike in zip(*measured, strict=True)]


def _mean(name: str, qualities: Sequence[LessonQuality]) -> dict[str, Any]:
    """The means of the `figures` of several shops with as many lessons."""
    rows = [figures(name, one) for one in qualities]
    shares = ("top1", "top3", "asked", "wrong")
    return {**rows[0], **{share: mean_over([row[share] for row in rows]) for share in shares}}


def keep(folder: Path, found: Elsewhere) -> ModelPackage:
    """Put what came of it into a package's description and on its card."""
    package = load_package(folder)
    rows = [figures(name, one) for name, qualities in found.shops.items() for one in qualities]
    measured = {
        "unseen_shops": rows,
        "small_shops": found.small,
        "cut_outs": [asdict(one) for one in found.cut_outs],
    }
    described = replace(package, evaluation={**package.evaluation, **measured})
    documents = documents_of(folder)
    documents |= {
        HEAD_FILE: (folder / HEAD_FILE).read_bytes(),
        "README.md": render_head(described, str(documents.get("README.md", ""))),
    }
    return write_package(described, package.model_path.read_bytes(), documents)


def read(seen: Seen, listed: Sequence[photos.Photo], labels: Sequence[str]) -> list[ReadPhoto]:
    """Photos with what the network sees in them; `listed` may hold others between them."""
    names = {str(name) for name in seen.names}
    chosen = [photo for photo in listed if photo.target in names]
    return [
        ReadPhoto(
            LabelledPhoto(photo.path, truth_of(photo.target, labels), str(scene)),
            Reading(logits, embedding),
        )
        for photo, scene, logits, embedding in zip(
            chosen, seen.scenes, seen.logits, seen.embeddings, strict=True
        )
    ]


def truth_of(name: str, labels: Sequence[str]) -> Truth:
    """What a folder's photos show: a label, a kind, or an item that is new."""
    name = ALSO.get(name, name)
    return find_label(name, labels) or find_coarse(name) or name


def figures(name: str, quality: LessonQuality) -> dict[str, Any]:
    """What a package's description says of a shop with so many lessons an item; all are shares."""
    known = quality.known
    return {
        "shop": name,
        "lessons": quality.k,
        "top1": quality.top1,
        "top3": quality.top3,
        "asked": quality.asked,
        "wrong": quality.error_when_sure,
        "known": None if known is None else known.top1 - known.top1_before,
    }
