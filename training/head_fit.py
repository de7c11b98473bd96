"""The head of a package: statistics of its training photos, and what each part of it counts for.

`smartscale train head` makes it for a package that is there; the network stays as it is. The
weights are found on shops that the network has not been trained for (phones in Turkey, desks,
studio): items are taught from some scenes, the others are recognised, and so are
the validation photos of what the network knew, which must not suffer.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from smartscale.domain.prediction import NO_ITEM, UNKNOWN
from smartscale.recognition.hierarchy import coarse_of, find_coarse, find_label
from smartscale.recognition.memory import (
    LESSON_PARTS,
    STRANGE_PARTS,
    Head,
    Logs,
    Memory,
    Vectors,
    Weights,
    linear,
    log_shares,
    strange_parts,
    tailed,
)
from smartscale.recognition.memory_fit import Start, Trial, search, trial_of
from smartscale.recognition.recogniser import NetworkRecogniser, Reading
from training import data as photos
from training.calibrate import claimed_threshold, confirm_threshold, fit_temperature
from training.errors import TrainingError

SHRINKAGE = 0.3
"""How far the covariance within a class is drawn towards the same in every direction."""
KNOWN_PER_LABEL = 30
"""Training photos of each label and set that say how near a picture is to the training."""
AT = "@"
"""Between a class and the set that its photos are of: one class in two places has two means."""
SEED = 29
COUNTS = (1, 3, 10)
DRAWS = 2
AS_GOOD = 1.01
"""A log-loss that is within one in a hundred is as good."""
KEEP = 4.0
"""How much more a photo of what the network knew counts than one of a new shop."""
HALF_TAUGHT = 0.5
"""What a photo counts for where only half of the items were taught."""
ROUNDS = 60
DISCRIMINANTS = (0.0, 0.002, 0.006, 0.012, 0.02)
"""Weights of the discriminant that are tried, beside the network's logits."""
PLACES = ("desk", "turkish_phone", photos.CUT_OUTS)
"""The sets that no network was trained on: other cameras, each of them a shop."""
TRAINED = "trained"
"""The place of all that the networks were trained on."""
ALSO = {"Corn-In-Husk": "Corn"}
"""Folders of the sets that show an item of the catalogue under another name."""
CONCEPTS = {
    936: "Cabbage",
    937: "Broccoli",
    938: "Cauliflower",
    939: "Zucchini",
    942: "Butternut",
    943: "Cucumber",
    944: "Artichoke",
    945: "pepper",
    947: "mushroom",
    948: "Granny-Smith",
    949: "Strawberry",
    950: "Orange",
    951: "Lemon",
    952: "Fig",
    953: "Pineapple",
    954: "Banana",
    957: "Pomegranate",
    987: "Corn",
}
"""The classes of ImageNet that name a label of the catalogue, or a kind of produce."""
EVEN = 1.0
"""How strongly the classifier for pictures from elsewhere is held back."""
HOME = "grocery-train"
"""The set whose place is where the networks were trained; pictures of any other are strange, also
where a network has learned from them."""
PLACE_EVEN = 100.0
"""How strongly the classifier of places is held back."""
SCALES = (0.0, 3.0, 4.5, 6.0, 8.0, 10.0, 13.0)
HELD = 0.02
"""How strongly the weights of `STRANGE_PARTS` are held back."""
CONCEPT_SCALES = (0.0, 0.3, 0.5, 0.7, 0.9, 1.2)
UNHEARD = -30.0
"""The logit of a label that what answers was fitted on no photos of: it never says that."""

Altered = tuple[NDArray[np.float64], Vectors, NDArray[np.int64]]
"""Logits, embeddings and truths of photos."""

logger = logging.getLogger(__name__)


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


def head_of(
    seen: Seen,
    label_of: Mapping[str, str],
    labels: Sequence[str],
    readout: Vectors,
    concept_of: NDArray[np.int64] | None = None,
) -> Head:
    """The head of training photos, which nothing is calibrated in yet.

    Args:
        seen: the training photos.
        label_of: for each of their names, the network's label: every carton is `unknown`.
        labels: the network's.
        readout: from an embedding to about what the network says.
        concept_of: from `concepts_of`, where the embedding ends with concepts.
    """
    names = [str(name) for name in np.unique(seen.names) if (seen.names == name).sum() > 1]
    middle = seen.embeddings.mean(axis=0)
    moved = seen.embeddings - middle
    rest = np.concatenate(
        [moved[seen.names == name] - moved[seen.names == name].mean(axis=0) for name in names]
    )
    within = rest.T @ rest / (len(rest) - len(names))
    length = len(middle)
    within = (1 - SHRINKAGE) * within + SHRINKAGE * np.trace(within) / length * np.eye(length)
    values, directions = np.linalg.eigh(within)
    whiten = np.asarray(directions / np.sqrt(values), np.float32)
    rng = np.random.default_rng(SEED)
    of_label = np.array([labels.index(label_of[str(name)]) for name in seen.names])
    source = np.array([str(name).partition(AT)[2] for name in seen.names])
    shown = [
        rng.permutation(np.flatnonzero((of_label == label) & (source == place)))[:KNOWN_PER_LABEL]
        for label in np.unique(of_label)
        for place in np.unique(source[of_label == label])
    ]
    head = Head(
        labels=tuple(labels),
        known=seen.embeddings[np.concatenate(shown)],
        middle=middle,
        whiten=whiten,
        means=np.array([(moved[seen.names == name].mean(axis=0)) @ whiten for name in names]),
        label_of=np.array([labels.index(label_of[name]) for name in names]),
        readout=readout,
        elsewhere=np.zeros_like(readout),
        place=np.zeros((length + 1, 1), np.float32),
        concept_of=np.zeros(len(labels), np.int64) if concept_of is None else concept_of,
        temperature=1.0,
        weights=Weights(),
    )
    # As the package will have it: in half precision.
    return Head.load(head.dump(), labels, length)


def trials_of(
    head: Head,
    shop: Seen,
    known: Seen,
    draws: int = DRAWS,
    counts: Sequence[int] = COUNTS,
) -> list[Trial]:
    """A shop that teaches some of its photos, to weigh the parts on the others.

    Args:
        head: of a package that has never seen the shop.
        shop: its photos.
        known: photos of what the network knows.
        draws: how often it teaches so many, other ones each time.
        counts: how many it teaches of an item.
    """
    found = []
    near = farther(head, known.embeddings)
    for count in counts:
        for draw in range(draws):
            rng = np.random.default_rng((SEED, draw))
            taught, rest = _lessons(shop, count, rng)
            memory = Memory(head, {name: shop.embeddings[rows] for name, rows in taught.items()})
            found += [
                trial_on(memory, shop.at(rest), 1.0),
                trial_on(memory, known, KEEP / 2),
                trial_on(memory, known, KEEP / 2, near),
            ]
            some = rng.permutation(sorted(taught))[: max(2, len(taught) // 2)]
            half = {str(name): shop.embeddings[taught[str(name)]] for name in some}
            found.append(trial_on(Memory(head, half), shop.at(rest), HALF_TAUGHT))
    return found


def trial_on(
    memory: Memory, shown: Seen, share: float, usual: NDArray[np.float64] | None = None
) -> Trial:
    """What a memory that nobody has weighed yet knows of photos.

    Args:
        memory: what was taught.
        shown: the photos.
        share: what they count for, all together.
        usual: how near they are to training photos, where that is to be another than it is.
    """
    logits = shown.logits / memory.head.temperature
    parts = memory.parts(shown.embeddings, logits, usual=usual)
    right = np.array([_right(str(name), memory.labels) for name in shown.names])
    counts = np.full(len(shown.names), share / len(shown.names))
    return trial_of(memory, parts, right, counts)


def farther(head: Head, embeddings: Vectors) -> NDArray[np.float64]:
    """How near photos are to the training, as if none of it were of their day and shop (N,)."""
    near = np.sort(embeddings @ head.known.T, axis=1)[:, -20:-10]
    return np.asarray(near.mean(axis=1), np.float64)


def weigh(trials: Sequence[Trial], base: Weights | None = None) -> Weights:
    """The weights of lessons and gate by which what the photos show is least surprising.

    Args:
        trials: the photos.
        base: where the other weights are from.
    """
    began = Weights()
    lessons = np.array([*began.lessons, *began.growth])
    gate = np.array(began.gate)
    start = Start(lessons, gate, np.full(len(lessons), 0.05), np.full(len(gate), 0.5))
    found = search(trials, start, ROUNDS)
    logger.info("Loss %.4f", found.loss)
    parts = len(LESSON_PARTS)
    rounded = [float(number) for number in found.lessons.round(5)]
    return replace(
        base or began,
        lessons=tuple(rounded[:parts]),
        growth=tuple(rounded[parts:]),
        gate=tuple(float(number) for number in found.gate.round(5)),
    )


def _lessons(
    shop: Seen, count: int, rng: np.random.Generator
) -> tuple[dict[str, NDArray[np.int64]], NDArray[np.int64]]:
    """Rows to teach by name, and rows of other scenes."""
    taught: dict[str, NDArray[np.int64]] = {}
    rest: list[int] = []
    for name in np.unique(shop.names):
        rows = np.flatnonzero(shop.names == name)
        chosen: list[int] = []
        scenes = rng.permutation(np.unique(shop.scenes[rows]))
        for index, scene in enumerate(scenes):
            of_scene = rng.permutation(rows[shop.scenes[rows] == scene]).tolist()
            if len(chosen) < count and index < len(scenes) - 1:
                chosen += of_scene[: count - len(chosen)]
            else:
                rest += of_scene
        if chosen:
            taught[str(name)] = np.array(chosen)
    return taught, np.array(rest)


def _right(name: str, labels: Sequence[str]) -> list[bool]:
    """Which labels are right for a folder's name: its label, or each of its kind."""
    known, kind = find_label(name, labels), find_coarse(name)
    return [
        label not in NO_ITEM and (label == known or (kind is not None and coarse_of(label) == kind))
        for label in labels
    ]


def shops_of(data: Path) -> list[list[photos.Photo]]:
    """The sets that the network was not trained on, each as a shop."""
    sets = [
        [
            photo
            for folder in sorted((data / name).glob("*/"))
            if not folder.name.startswith("_")
            for photo in photos.read_folder(folder, folder.name, name)
        ]
        for name in PLACES
    ]
    return [one for one in sets if one]


@dataclass(frozen=True)
class Calibration:
    """What makes the confidence of a package with a head mean accuracy."""

    discriminant: float
    temperature: float
    confirm: float


def calibrate(
    head: Head,
    logits: NDArray[np.float64],
    embeddings: Vectors,
    truths: NDArray[np.int64],
    error: float,
) -> Calibration:
    """Weigh the discriminant and find temperature and threshold on photos of produce.

    Args:
        head: of the package.
        logits: the network's, before calibration, (N, labels).
        embeddings: of the same photos, (N, E).
        truths: the index of each photo's label.
        error: the share of wrong answers wanted among those nobody is asked to confirm.
    """
    scores = class_scores(head, embeddings)
    tried = []
    for share in DISCRIMINANTS:
        added = logits + share * scores
        temperature = fit_temperature(added, truths)
        logs = log_shares(added / temperature)
        lost = -float(logs[np.arange(len(truths)), truths].mean())
        right, sure = logs.argmax(axis=1) == truths, np.exp(logs.max(axis=1))
        threshold = confirm_threshold(sure, right, error)
        passing = float((sure >= threshold).mean())
        tried.append((lost, passing, share, temperature))
        logger.info(
            "Discriminant %.3f: log-loss %.4f, unasked %.3f, at temperature %.3f",
            *(share, lost, passing, temperature),
        )
    # As many answers as can pass, where the probabilities are as good as the best.
    least = min(lost for lost, *_ in tried)
    _, _, share, temperature = max(
        (one for one in tried if one[0] <= least * AS_GOOD), key=lambda one: one[1]
    )
    shares = np.exp(log_shares((logits + share * scores) / temperature))
    confirm = confirm_threshold(shares.max(axis=1), shares.argmax(axis=1) == truths, error)
    return Calibration(round(share / temperature, 5), round(temperature, 4), round(confirm, 4))


def class_scores(head: Head, embeddings: Vectors) -> NDArray[np.float64]:
    """The discriminant's score of every label (N, labels)."""
    classes = head.classes(head.within(embeddings))
    found = np.repeat(classes.min(axis=1, keepdims=True), len(head.labels), axis=1)
    np.maximum.at(found.T, head.label_of, classes.T)
    return tailed(found, head.length)


def readout_of(seen: Sequence[Seen]) -> Vectors:
    """From embeddings to about the network's logits, by least squares on photos."""
    embeddings = np.concatenate([one.embeddings for one in seen])
    logits = np.concatenate([one.logits for one in seen])
    with_one = np.c_[embeddings, np.ones(len(embeddings))].astype(np.float64)
    centred = logits - logits.mean(axis=1, keepdims=True)
    products = with_one.T @ with_one + np.eye(with_one.shape[1])
    return np.asarray(np.linalg.solve(products, with_one.T @ centred), np.float32)


def shares_of(names: Sequence[str], label_of: Mapping[str, str], labels: Sequence[str]) -> Vectors:
    """How much each label is what a folder shows, (names, labels): all of the label that it names,
    or as much of each label of its kind, where nobody knows the variety; nothing of what is not
    among the labels."""
    shares = np.zeros((len(names), len(labels)), np.float32)
    for row, name in enumerate(names):
        label = label_of.get(name) or find_label(ALSO.get(name, name), labels)
        right = [label == one for one in labels] if label else _right(name, labels)
        if any(right):
            shares[row, right] = 1 / sum(right)
    return shares


def concepts_of(labels: Sequence[str]) -> NDArray[np.int64]:
    """Of each label, which of `CONCEPTS` speaks for it; the place behind the last, where none
    does."""
    found = np.full(len(labels), len(CONCEPTS))
    for place, name in enumerate(CONCEPTS.values()):
        found[_right(name, labels)] = place
    return found


def elsewhere_of(seen: Seen, shares: Vectors) -> Vectors:
    """A linear classifier of photos of many places, by ridge regression (E + 1, labels).

    Every folder of every place counts by the root of how many photos it holds: a place with many
    photos of an item still is one place.

    Args:
        seen: the photos.
        shares: how much each label is what they show (N, labels).
    """
    told = shares.any(axis=1)
    folders = np.char.add(np.char.add(seen.names[told], AT), seen.places[told])
    _, folder, counts = np.unique(folders, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(counts[folder])
    with_one = np.c_[seen.embeddings[told], np.ones(told.sum())]
    weighed = with_one * (weight / weight.mean())[:, np.newaxis]
    products = weighed.T @ with_one + EVEN * np.eye(with_one.shape[1])
    return np.asarray(np.linalg.solve(products, weighed.T @ shares[told]), np.float32)


def scaled(layer: Vectors, scale: float, shares: Vectors, labels: Sequence[str]) -> Vectors:
    """Such a classifier's layer with outputs that are logits; those of a label without photos and
    without a concept say never.

    Args:
        layer: from `elsewhere_of`.
        scale: what its outputs are multiplied by.
        shares: of the photos that it was fitted on.
        labels: of the outputs.
    """
    heard = shares.any(axis=0) | (concepts_of(labels) < len(CONCEPTS))
    found = np.asarray(scale * layer, np.float32)
    found[:, ~heard] = 0
    found[-1, ~heard] = UNHEARD
    return found


def place_of(seen: Seen) -> Vectors:
    """What tells photos of `HOME` from those of all other places, by ridge regression (E + 1, 1).

    Home counts as much as all others together, each of them by the root of how many photos it has.
    A picture of a known item on another shop's scale is near to training photos of the item, and
    what the network says of it is worth less all the same: the place tells that.
    """
    home = seen.places == HOME
    _, place, counts = np.unique(seen.places, return_inverse=True, return_counts=True)
    weight = np.where(home, 1.0, 1 / np.sqrt(counts[place]))
    for side in (home, ~home):
        weight[side] /= 2 * weight[side].mean() * side.mean() if side.any() else 1.0
    with_one = np.c_[seen.embeddings, np.ones(len(home))]
    weighed = with_one * weight[:, np.newaxis]
    products = weighed.T @ with_one + PLACE_EVEN * np.eye(with_one.shape[1])
    found = np.linalg.solve(products, weighed.T @ np.where(home, -1.0, 1.0))
    return np.asarray(found[:, np.newaxis], np.float32)


@dataclass(frozen=True)
class Abroad:
    """Photos of a place, and what those know of them that were never there."""

    here: NDArray[np.float64]
    """Of the right label, the probability that network and discriminant give it (N,)."""
    outputs: NDArray[np.float64]
    """Of the classifier that was fitted without this place (N, labels)."""
    concepts: NDArray[np.float64]
    """What ImageNet's own classifier says of the labels' concepts (N, labels)."""
    silent: NDArray[np.bool_]
    """The labels that it never says (labels,)."""
    right: NDArray[np.bool_]
    parts: NDArray[np.float64]
    """Each of `STRANGE_PARTS` but the last, which depends on what it answers (N, parts - 1)."""
    head: Head
    counts: float
    """What the place counts for."""

    def weighed(
        self, scale: float, concepts: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Of the right label, the probability that the classifier gives it (N,), and all of
        `STRANGE_PARTS`."""
        scores = scale * self.outputs + concepts * self.concepts
        scores[:, self.silent] = UNHEARD
        logs = log_shares(scores)
        of_right = np.asarray((np.exp(logs) * self.right).sum(axis=1))
        return of_right, np.c_[self.parts, self.head.surprise(logs)]


@dataclass(frozen=True)
class Elsewhere:
    """How much is believed of what, where nobody has been."""

    scale: float
    """What the classifier's outputs are multiplied by."""
    concepts: float
    strange: tuple[float, ...]
    """Of each of `STRANGE_PARTS`."""


def strangeness(places: Sequence[Abroad]) -> Elsewhere:
    """By which scales and gate photos of places where nobody has been are least surprising.

    Args:
        places: each as if it were the shop that the package comes to.
    """
    counts = np.concatenate([np.full(len(one.here), one.counts / len(one.here)) for one in places])
    here = np.concatenate([one.here for one in places])
    held = np.diag([0.0] + [HELD] * (len(STRANGE_PARTS) - 1))
    best, least = Elsewhere(1.0, 0.0, Weights().strange), np.inf
    for scale, concepts in product(SCALES, CONCEPT_SCALES):
        weighed = [one.weighed(scale, concepts) for one in places]
        there, inputs = (np.concatenate(part) for part in zip(*weighed, strict=True))
        gate = np.zeros(len(held))
        for _ in range(ROUNDS):  # whose answer it was, then a step of a logistic regression
            opened = 1 / (1 + np.exp(-inputs @ gate))
            both = np.maximum(there * opened + here * (1 - opened), 1e-6)
            pull = inputs.T @ (counts * (there * opened / both - opened)) - held @ gate
            steep = counts * np.maximum(opened * (1 - opened), 0.05)
            gate = gate + np.linalg.solve((inputs * steep[:, np.newaxis]).T @ inputs + held, pull)
        loss = -float(counts @ np.log(both) / counts.sum())
        if loss < least:
            weights = tuple(float(weight) for weight in gate.round(5))
            best, least = Elsewhere(scale, concepts, weights), loss
    logger.info("Elsewhere: log-loss %.4f with %s", least, best)
    return best


@dataclass(frozen=True)
class Made:
    """The head of a package, and what it was weighed on."""

    head: Head
    calibration: Calibration
    shops: Sequence[Seen]
    heads: Sequence[Head]
    """For each shop a head that has never seen it, in photos or in what was weighed for it."""
    confirms: Sequence[float]
    """For each of these the confidence below which it asks, untaught."""
    trials: Sequence[Sequence[Trial]]
    """Of each shop, by its head."""
    known: Seen
    """Photos of what the network knows."""
    everything: Seen
    """Photos of all sets, and scenes of cut-outs."""
    shares: Vectors
    """How much each label is what they show (N, labels)."""

    def without(self, place: int) -> Head:
        """A head that has never seen a shop, nor was weighed on it."""
        others = [one for number, one in enumerate(self.trials) if number != place]
        weights = weigh([trial for one in others for trial in one], self.heads[place].weights)
        return replace(self.heads[place], weights=weights)


@dataclass(frozen=True)
class MadeUp:
    """What a network sees in pictures that were made of photos."""

    altered: Altered
    """Validation photos of produce as another shop might have photographed it."""
    scenes: Seen
    """Scenes of cut-outs."""


def make_head(
    recogniser: NetworkRecogniser, data: Path, run: Path, made_up: MadeUp, error: float
) -> Made:
    """The head of a package from photos: its statistics and its weights.

    Args:
        recogniser: the package's network.
        data: the folder of the photos.
        run: where what was seen in photos is kept for the next time.
        made_up: what it sees in pictures that were made of them.
        error: the share of wrong answers wanted among those nobody is asked to confirm.
    """
    classes = photos.read_classes(data)
    labels = recogniser.package.labels
    label_of = {
        name: classes.labels[place]
        for name, place in zip(classes.targets, classes.label_of, strict=True)
    }
    cache = run / "embeddings.npz"
    # All that the network was trained on: what it knows must look known to the gate.
    train = [*photos.read_grocery(data, "train"), *photos.read_extras(data)]
    validation = [
        photo for photo in photos.read_grocery(data, "val") if label_of[photo.target] != UNKNOWN
    ]
    seen = look(recogniser, train, cache)
    known = look(recogniser, validation, cache)
    shops = [look(recogniser, shop, cache) for shop in shops_of(data)]
    readout = readout_of([seen, *shops])
    names = np.char.add(np.char.add(seen.names, AT), seen.places)
    classes_of = {str(name): label_of[str(name).partition(AT)[0]] for name in names}
    concepts = concepts_of(labels) if "untouched" in recogniser.package.source else None
    head = head_of(replace(seen, names=names), classes_of, labels, readout, concepts)
    found = calibrate(head, *made_up.altered, error)
    head = replace(
        head,
        temperature=found.temperature,
        weights=replace(head.weights, discriminant=found.discriminant),
    )
    photographed = joined([seen, *shops, look(recogniser, others_of(data), cache)])
    scenes = made_up.scenes
    everything = joined([photographed, scenes])
    shares = shares_of(everything.names.tolist(), label_of, labels)
    if not shops:
        return Made(head, found, [], [], [], [], known, everything, shares)

    def layers(without: str = "", of: Seen = everything) -> Layers:
        there = np.flatnonzero(photographed.places != without)
        kept = np.flatnonzero(of.sets != without)
        return Layers(elsewhere_of(of.at(kept), shares[kept]), place_of(photographed.at(there)))

    logits, embeddings, truths = made_up.altered
    names = np.array(labels)[truths]
    bright = Seen(logits, embeddings, names, names, names)
    # As many as they are as altered ones: a shop like home sends both.
    own = [labels.index(label_of[str(name)]) for name in known.names]
    times = max(1, len(truths) // len(own))
    home = Home((known, bright), times, np.array([*own * times, *truths]))
    strangers = [(shop, layers(str(shop.places[0]))) for shop in shops]
    # What the networks have no label for, in other places than its photos are of.
    new = ~shares[len(photographed.names) :, np.unique(head.label_of)].any(axis=1)
    if new.any():
        strangers.append((scenes.at(np.flatnonzero(new)), layers(of=photographed)))
    head = met(head, strangers, home, layers(), shares)
    # Each shop as if it had never been in the photos, nor in what the gate was found by.
    heads = [
        met(
            head,
            [other for other in strangers if other[0].sets[0] != shop.sets[0]],
            *(home, lacking, shares),
        )
        for shop, lacking in strangers[: len(shops)]
    ]
    trials = [trials_of(own, shop, known) for own, shop in zip(heads, shops, strict=True)]
    weights = weigh([trial for one in trials for trial in one], head.weights)
    head = replace(head, weights=weights)
    found = replace(found, confirm=_confirm(head, home, error))
    confirms = [_confirm(one, home, error) for one in heads]
    return Made(head, found, shops, heads, confirms, trials, known, everything, shares)


@dataclass(frozen=True)
class Layers:
    """What was fitted on photos of many places: `elsewhere_of` and `place_of` of them."""

    elsewhere: Vectors
    place: Vectors


@dataclass(frozen=True)
class Home:
    """Photos of what a package knows, as they are and altered."""

    parts: tuple[Seen, Seen]
    times: int
    """How often those as they are count, for each altered one."""
    truths: NDArray[np.int64]
    """Of all of them, so often, the index of the label."""

    def answers(self, head: Head) -> Logs:
        """What a head says of them untaught, so often."""
        plain, altered = self.parts
        seen = joined([*[plain] * self.times, altered])
        classes = head.classes(head.within(seen.embeddings))
        usual = head.usual(seen.embeddings)
        return head.base(seen.logits / head.temperature, seen.embeddings, classes, usual)


def met(
    head: Head,
    strangers: Sequence[tuple[Seen, Layers]],
    home: Home,
    layers: Layers,
    shares: Vectors,
) -> Head:
    """A head with what answers for pictures from elsewhere, and with what its answers are worth.

    Args:
        head: with network and discriminant calibrated.
        strangers: shops, each with layers that were fitted without it.
        home: photos of what the package knows.
        layers: what the head gets.
        shares: of the photos that they were fitted on.
    """
    found = strangeness(
        [
            *(abroad(head, shop, lacking, 1.0) for shop, lacking in strangers),
            *(abroad(head, part, layers, KEEP) for part in home.parts),
        ]
    )
    head = replace(
        head,
        elsewhere=scaled(layers.elsewhere, found.scale, shares, head.labels),
        place=layers.place,
        weights=replace(
            head.weights, strange=found.strange, concepts=found.concepts, temperature=1.0
        ),
    )
    # Last of all, since a mixture of two calibrated answers is not calibrated.
    temperature = round(fit_temperature(home.answers(head), home.truths), 4)
    logger.info("The temperature of both answers together: %.3f", temperature)
    return replace(head, weights=replace(head.weights, temperature=temperature))


def _confirm(head: Head, home: Home, error: float) -> float:
    """The confidence below which an untaught package asks, by photos of what it knows.

    From there on as few answers are wrong as may be, and as few as they themselves say: what became
    of so few photos is uncertain.
    """
    logs = home.answers(head)
    right, sure = logs.argmax(axis=1) == home.truths, np.exp(logs.max(axis=1))
    return round(max(confirm_threshold(sure, right, error), claimed_threshold(sure, error)), 4)


def abroad(head: Head, shown: Seen, layers: Layers, counts: float) -> Abroad:
    """What is known of photos of a place, by layers that were fitted without it."""
    right = np.array([_right(str(name), head.labels) for name in shown.names])
    told = right.any(axis=1)
    shown, right = shown.at(np.flatnonzero(told)), right[told]
    classes = head.classes(head.within(shown.embeddings))
    trained = head.trained(shown.logits / head.temperature, classes)
    return Abroad(
        here=(np.exp(trained) * right).sum(axis=1),
        outputs=linear(shown.embeddings, layers.elsewhere),
        concepts=head.concepts(shown.embeddings),
        silent=~layers.elsewhere.any(axis=0) & (head.concept_of == len(CONCEPTS)),
        right=right,
        parts=strange_parts(
            trained,
            classes,
            head.usual(shown.embeddings),
            linear(shown.embeddings, layers.place)[:, 0],
        ),
        head=head,
        counts=counts,
    )


def joined(parts: Sequence[Seen]) -> Seen:
    """Several sets of photos as one; those without any are left out."""
    some = [vars(one).values() for one in parts if len(one.names)]
    return Seen(*(np.concatenate(same) for same in zip(*some, strict=True)))


def others_of(data: Path) -> list[photos.Photo]:
    """Photos of the sets that are no produce."""
    return [
        photo
        for name in PLACES
        for photo in photos.read_folder(data / name / "_not-produce", photos.NOT_PRODUCE, name)
    ]
