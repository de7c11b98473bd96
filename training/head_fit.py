"""The head of a package: statistics of its training photos, and what each part of it counts for.

`smartscale train head` makes it for a package that is there; the network stays as it is. The
weights are found on shops that the network has not been trained for (phones in Turkey, desks,
studio): items are taught from some scenes, the others are recognised, and so are
the validation photos of what the network knew, which must not suffer.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from smartscale.domain.prediction import NO_ITEM, UNKNOWN
from smartscale.recognition.hierarchy import coarse_of, find_coarse, find_label
from smartscale.recognition.memory import (
    GATE_PARTS,
    Head,
    Memory,
    Vectors,
    Weights,
    log_shares,
    tailed,
)
from smartscale.recognition.memory_fit import Start, Trial, search
from smartscale.recognition.recogniser import NetworkRecogniser, Reading
from training import data as photos
from training.calibrate import confirm_threshold, fit_temperature
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

    def at(self, rows: NDArray[np.int64]) -> "Seen":
        """Some of them."""
        return Seen(self.logits[rows], self.embeddings[rows], self.names[rows], self.scenes[rows])


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
    seen: Seen, label_of: Mapping[str, str], labels: Sequence[str], readout: Vectors
) -> Head:
    """The head of training photos, which nothing is calibrated in yet.

    Args:
        seen: the training photos.
        label_of: for each of their names, the network's label: every carton is `unknown`.
        labels: the network's.
        readout: from an embedding to about what the network says.
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
        temperature=1.0,
        weights=Weights(),
    )
    # As the package will have it: in half precision.
    return Head.load(head.dump(), labels, length)


def trials_of(
    head: Head,
    shops: Sequence[Seen],
    known: Seen,
    draws: int = DRAWS,
    counts: Sequence[int] = COUNTS,
) -> list[Trial]:
    """Shops that teach some of their photos, to weigh the parts on the others.

    Args:
        head: of the package.
        shops: photos of each shop.
        known: photos of what the network knows.
        draws: how often each shop teaches so many, other ones each time.
        counts: how many each shop teaches of an item.
    """
    found = []
    for shop in shops:
        for count in counts:
            for draw in range(draws):
                rng = np.random.default_rng((SEED, draw))
                taught, rest = _lessons(shop, count, rng)
                memory = Memory(
                    head, {name: shop.embeddings[rows] for name, rows in taught.items()}
                )
                found += [trial_of(memory, shop.at(rest), 1.0), trial_of(memory, known, KEEP / 2)]
                found.append(farther(found[-1], head, known))
                some = rng.permutation(sorted(taught))[: max(2, len(taught) // 2)]
                half = {str(name): shop.embeddings[taught[str(name)]] for name in some}
                found.append(trial_of(Memory(head, half), shop.at(rest), HALF_TAUGHT))
    return found


def trial_of(memory: Memory, shown: Seen, share: float) -> Trial:
    """What a memory that nobody has weighed yet knows of photos."""
    parts = memory.parts(shown.embeddings, shown.logits / memory.head.temperature)
    right = np.array([_right(str(name), memory.labels) for name in shown.names])
    counts = np.full(len(shown.names), share / len(shown.names))
    return Trial(parts, memory.columns, right, counts, memory.growth)


def farther(trial: Trial, head: Head, shown: Seen) -> Trial:
    """The same photos as if none of the training were of their day and shop."""
    near = np.sort(shown.embeddings @ head.known.T, axis=1)[:, -20:-10].mean(axis=1)
    gate = trial.parts.gate.copy()
    gate[:, GATE_PARTS.index("nearer")] += 10 * (head.usual(shown.embeddings) - near)
    return replace(trial, parts=replace(trial.parts, gate=gate))


def weigh(trials: Sequence[Trial]) -> Weights:
    """The weights by which what the photos show is least surprising."""
    began = Weights()
    lessons = np.array([*began.lessons, *began.growth])
    gate = np.array(began.gate)
    start = Start(lessons, gate, np.full(len(lessons), 0.05), np.full(len(gate), 0.5))
    found = search(trials, start, ROUNDS)
    logger.info("Loss %.4f", found.loss)
    numbers = [0.0, *found.lessons.round(5), *found.gate.round(5)]
    return Weights.of(numbers)


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
            photos.Photo(path, path.parent.name, name)
            for path in sorted((data / name).glob("*/*"))
            if path.suffix.lower() in photos.PHOTO_SUFFIXES and not path.parent.name.startswith("_")
        ]
        for name in ("desk", "turkish_phone", "studio")
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


def make_head(
    recogniser: NetworkRecogniser, data: Path, run: Path, altered: Altered, error: float
) -> tuple[Head, Calibration]:
    """The head of a package from photos: its statistics and its weights.

    Args:
        recogniser: the package's network.
        data: the folder of the photos.
        run: where what was seen in photos is kept for the next time.
        altered: validation photos of produce as another shop might have photographed it.
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
    shops = [look(recogniser, shop, cache) for shop in shops_of(data)]
    classes_of = {f"{photo.target}{AT}{photo.source}": label_of[photo.target] for photo in train}
    names = np.array([f"{photo.target}{AT}{photo.source}" for photo in train])
    head = head_of(replace(seen, names=names), classes_of, labels, readout_of([seen, *shops]))
    found = calibrate(head, *altered, error)
    weights = replace(head.weights, discriminant=found.discriminant)
    head = replace(head, temperature=found.temperature, weights=weights)
    known = look(recogniser, validation, cache)
    trials = trials_of(head, shops, known)
    if trials:
        head = replace(head, weights=replace(weigh(trials), discriminant=found.discriminant))
    return head, found
