"""What weight as evidence brings and costs: top-1 with and without it, on the same photos.

    python benchmarks/weight_prior.py DIR [PACKAGE_FOLDER]

DIR holds photos as `smartscale evaluate` takes them; without a package the built-in one answers.
Each photo is shown in its four quarter turns, since a scale has no "up". Photos have no weights, so
each turn is weighed many times with drawn ones:

- fitting: whole pieces of what it shows, 1 to 6 of what is sold in bulk, else one. The best case:
  the catalogue is right about every piece.
- any: between 20 g and 5 kg, whatever it shows. The scale knows nothing.
- misleading: whole pieces of the wrong item that the model finds likeliest. The worst case.

A turn counts as better or worse when the weight helped more often than it hurt, or less often; the
p-value is that of the exact paired test on these counts.
"""

import io
import math
import random
import sys
from collections.abc import Callable
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

from PIL import Image
from rich.progress import track

from smartscale.adapters.litert import LiteRtRecogniser, load_builtin, load_folder
from smartscale.clock import now
from smartscale.domain.catalogue import Catalogue, Item, SoldAs
from smartscale.domain.catalogue_file import read_csv
from smartscale.domain.evidence import break_near_ties
from smartscale.domain.load import Load
from smartscale.domain.prediction import NO_ITEM, Scored
from smartscale.domain.weighing import ModelRef
from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.labelled_photos import read_folder
from smartscale.recognition.package import load_package
from smartscale.recognition.uncertainty import mcnemar

SEED = 20261125
DRAWS = 50
MOST_PIECES = 6
LIGHTEST_KG, HEAVIEST_KG = 0.02, 5.0

TURNS = (None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)

Photo = tuple[str, list[Scored]]
"""A label, and the model's scores of a photo of it in one turn, best first."""


def main() -> None:
    """Print top-1 without the weight, and with each kind of weight."""
    folder = Path(sys.argv[1])
    package = Path(sys.argv[2]) if len(sys.argv) > 2 else None  # noqa: PLR2004 - DIR, then it
    catalogue = _catalogue()
    photos = _scores(folder, package)
    without = sum(scores[0].label == truth for truth, scores in photos) / len(photos)
    sys.stdout.write(
        f"{len(photos)} turned photos of {len(photos) // len(TURNS)}, "
        f"{DRAWS} weights each, seed {SEED}\n"
    )
    sys.stdout.write(f"without weight: top-1 {without:.2%}\n")

    def fitting(photo: Photo, chance: random.Random) -> Load:
        return whole_pieces(_item(catalogue, photo[0]), chance)

    def misleading(photo: Photo, chance: random.Random) -> Load:
        truth, scores = photo
        wrong = next(s.label for s in scores if s.label not in {truth, *NO_ITEM})
        return whole_pieces(_item(catalogue, wrong), chance)

    for name, weigh in (("fitting", fitting), ("any", any_weight), ("misleading", misleading)):
        gains = [_gain(photo, weigh, catalogue) for photo in photos]
        better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
        top1 = without + sum(gains) / DRAWS / len(photos)
        sys.stdout.write(
            f"{name} weights: top-1 {top1:.2%} ({100 * (top1 - without):+.2f} points), "
            f"{better} better, {worse} worse, p = {mcnemar(better, worse):.2g}\n"
        )


def whole_pieces(item: Item, chance: random.Random) -> Load:
    """A load of an item's whole pieces."""
    if item.piece_kg_min is None or item.piece_kg_max is None:
        raise LookupError(f"the catalogue does not say what a piece of {item.label} weighs")
    count = chance.randint(1, MOST_PIECES) if item.sold_as is SoldAs.BULK else 1
    least, most = int(item.piece_kg_min * 1000), int(item.piece_kg_max * 1000)
    grams = sum(chance.randint(least, most) for _ in range(count))
    return Load(weight_kg=Decimal(grams) / 1000)


def any_weight(_photo: Photo, chance: random.Random) -> Load:
    """A load that has nothing to do with the photo; each order of magnitude is as likely."""
    kilograms = math.exp(chance.uniform(math.log(LIGHTEST_KG), math.log(HEAVIEST_KG)))
    return Load.parse(f"{kilograms:.3f}")


def _gain(photo: Photo, weigh: Callable[[Photo, random.Random], Load], catalogue: Catalogue) -> int:
    """In how many draws the weight mended the answer, less those in which it spoilt it."""
    truth, scores = photo
    chance = random.Random(f"{SEED} {truth} {scores}")  # noqa: S311 - no secret
    found = (break_near_ties(scores, weigh(photo, chance), catalogue)[0] for _ in range(DRAWS))
    return sum(answer.label == truth for answer in found) - DRAWS * (scores[0].label == truth)


def _scores(folder: Path, package: Path | None) -> list[Photo]:
    recogniser = _recogniser(package)
    labels = (builtin_package() if package is None else load_package(package)).labels
    return [
        (photo.truth, recogniser.recognise(turned(photo.path, turn)))
        for photo in track(read_folder(folder, labels), "recognising", transient=True)
        if isinstance(photo.truth, str)
        for turn in TURNS
    ]


def turned(path: Path, turn: Image.Transpose | None) -> bytes:
    """A photo, turned without loss."""
    if turn is None:
        return path.read_bytes()
    out = io.BytesIO()
    with Image.open(path) as photo:
        photo.convert("RGB").transpose(turn).save(out, "PNG")
    return out.getvalue()


def _recogniser(package: Path | None) -> LiteRtRecogniser:
    if package is None:
        return load_builtin()
    return load_folder(ModelRef(id=package.name, revision="local"), package)


def _catalogue() -> Catalogue:
    """The catalogue that ships."""
    text = (files("smartscale") / "catalogue.csv").read_text(encoding="utf-8")
    return Catalogue(read_csv(text.splitlines(), now()))


def _item(catalogue: Catalogue, label: str) -> Item:
    item = catalogue.find(label)
    if item is None:
        raise LookupError(f"the catalogue that ships does not sell {label}")
    return item


if __name__ == "__main__":
    main()
