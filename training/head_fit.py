"""The head of a package: statistics of its training photos, and what each part of it counts for.

`smartscale train head` makes it for a package that is there; the network stays as it is. The
weights are found on shops that the network has not been trained for (phones in Turkey, desks,
studio): items are taught from some scenes, the others are recognised, and so are
the validation photos of what the network knew, which must not suffer.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from smartscale.domain.prediction import NO_ITEM, UNKNOWN
from smartscale.recognition.hierarchy import coarse_of, find_coarse, find_label
from smartscale.recognition.memory import (
    FAR,
    LEAST,
    MOST_ITEMS,
    NEIGHBOURS,
    Head,
    Memory,
    Vectors,
    Weights,
    log_shares,
    tailed,
)
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
COUNTS = (1, 3, 10, 20)
DRAWS = 2
AS_GOOD = 1.01
"""A log-loss that is within one in a hundred is as good."""
KEEP = 4.0
"""How much more a photo of what the network knew counts than one of a new shop."""
ROUNDS = 8
ENOUGH = 0.001
"""The search ends with a round that gains less."""
_SMALLEST = 1e-6
_NOT_NEGATIVE = ("discriminant", "mean", "nearest", "growth", "network", "gate_near")
DISCRIMINANTS = (0.0, 0.002, 0.006, 0.012, 0.02)
"""Weights of the discriminant that are tried, beside the network's logits."""
SEARCHED = tuple(name for name in asdict(Weights()) if name != "discriminant")

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


def head_of(seen: Seen, label_of: Mapping[str, str], labels: Sequence[str]) -> Head:
    """The head of training photos.

    Args:
        seen: the training photos.
        label_of: for each of their names, the network's label: every carton is `unknown`.
        labels: the network's.
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
        weights=Weights(),
    )
    # As the package will have it: in half precision.
    return Head.load(head.dump(), labels, length)


@dataclass(frozen=True)
class Trial:
    """A shop that has taught some photos, and what there is to know of the others before any
    weighing of the parts. Shapes: N photos, L labels of the network, T items taught."""

    base: NDArray[np.float64]
    """The network's logarithms of probabilities (N, L)."""
    columns: NDArray[np.int64]
    """Of the items taught, among all labels (T,)."""
    total: int
    counts: NDArray[np.int64]
    means: NDArray[np.float64]
    """Scores by the mean of the lessons (N, T)."""
    nearest: NDArray[np.float64]
    usual: NDArray[np.float64]
    classes: NDArray[np.float64]
    """The best score of a training class (N,)."""
    right: NDArray[np.bool_]
    """Which labels are right (N, labels): for a kind, each of its labels."""
    share: NDArray[np.float64]
    """What each photo counts for (N,)."""


def trial_of(
    head: Head, taught: Mapping[str, Vectors], shown: Seen, share: float, base: Any
) -> Any:
    """The parts that a head makes of photos, before they are weighed."""
    memory = Memory(head, taught)
    embeddings = shown.embeddings
    within = head.within(embeddings)
    own = 0.5 * (within**2).sum(axis=1, keepdims=True)
    counts = np.array([len(vectors) for vectors in taught.values()])
    middles = np.array([head.within(vectors).mean(axis=0) for vectors in taught.values()])
    nearest = np.array([(embeddings @ vectors.T).max(axis=1) for vectors in taught.values()]).T
    classes = within @ head.means.T - 0.5 * (head.means**2).sum(axis=1) - own
    known = [np.sort(head.known @ one)[-NEIGHBOURS:].mean() for one in embeddings]
    return Trial(
        base=base,
        columns=np.array([memory.labels.index(label) for label in taught]),
        total=len(memory.labels),
        counts=counts,
        means=(within @ middles.T - 0.5 * (middles**2).sum(axis=1) - own)
        * (counts / (counts + 1.0)),
        nearest=nearest,
        usual=np.array(known),
        classes=classes.max(axis=1),
        right=np.array([_right(str(name), memory.labels) for name in shown.names]),
        share=np.full(len(embeddings), share / len(embeddings)),
    )


def fused(trial: Trial, weights: Weights) -> NDArray[np.float64]:
    """The logarithms of probabilities of a trial's photos, as `Memory.fuse` has them."""
    gain = 1 + weights.growth * np.log(trial.counts)
    best = trial.base.max(axis=1)
    said = np.full((len(best), trial.total), (best - weights.new)[:, np.newaxis])
    said[:, : trial.base.shape[1]] = trial.base
    lessons = _log_shares(
        weights.mean / gain * trial.means
        + weights.nearest * gain * trial.nearest
        + weights.network * np.maximum(said[:, trial.columns], LEAST)
    )
    gate = (
        weights.gate
        + weights.gate_lessons * np.log(trial.counts.mean())
        + weights.gate_items * np.log(min(len(trial.counts), MOST_ITEMS) / 10)
        + weights.gate_near * (trial.nearest.max(axis=1) - trial.usual)
        + weights.gate_sure * best
        + weights.gate_mean * np.clip(trial.means.max(axis=1) - trial.classes, -FAR, FAR)
    )
    found = np.full((len(best), trial.total), -np.inf)
    found[:, : trial.base.shape[1]] = trial.base - np.logaddexp(0, gate)[:, np.newaxis]
    by_lessons = lessons - np.logaddexp(0, -gate)[:, np.newaxis]
    found[:, trial.columns] = np.logaddexp(found[:, trial.columns], by_lessons)
    return found


def loss(trials: Sequence[Trial], weights: Weights) -> float:
    """The mean surprise at what the photos show."""
    total = 0.0
    for trial in trials:
        shares = np.exp(fused(trial, weights))
        right = np.maximum((shares * trial.right).sum(axis=1), _SMALLEST)
        total -= float(trial.share @ np.log(right))
    return total / len(trials)


def search(trials: Sequence[Trial], start: Weights) -> Weights:
    """The weights with the least loss, one after the other, step by step."""
    values = asdict(start)
    steps = {name: max(abs(values[name]) / 4, 0.1) for name in SEARCHED}
    steps["mean"], steps["gate_mean"] = 0.002, 0.004
    best = loss(trials, start)
    for number in range(ROUNDS):
        before = best
        for name in SEARCHED:
            for way in (1, -1):
                value = values[name] + way * steps[name]
                if name in _NOT_NEGATIVE and value < 0:
                    continue
                found = loss(trials, Weights(**{**values, name: value}))
                if found < best:
                    best, values[name], steps[name] = found, value, steps[name] * 1.5
                    break
            else:
                steps[name] /= 2
        logger.info("Round %d: loss %.4f", number + 1, best)
        if before - best < ENOUGH:
            break
    return Weights(**{name: round(value, 5) for name, value in values.items()})


def trials_of(
    head: Head, shops: Sequence[Seen], known: Seen, temperature: float, draws: int = DRAWS
) -> list[Trial]:
    """Shops that teach some of their photos, to weigh the parts on the others.

    Args:
        head: of the package.
        shops: photos of each shop.
        known: photos of what the network knows.
        temperature: the package's.
        draws: how often each shop teaches so many, other ones each time.
    """
    found = []
    for shop in shops:
        for count in COUNTS:
            for draw in range(draws):
                taught, rest = _lessons(shop, count, np.random.default_rng((SEED, draw)))
                lessons = {name: shop.embeddings[rows] for name, rows in taught.items()}
                for shown, share in ((shop.at(rest), 1.0), (known, KEEP)):
                    base = _log_shares(shown.logits / temperature)
                    found.append(trial_of(head, lessons, shown, share, base))
    return found


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


def _log_shares(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithms of the softmax of every row."""
    return np.apply_along_axis(log_shares, 1, scores)


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
        logs = _log_shares(added / temperature)
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
    shares = np.exp(_log_shares((logits + share * scores) / temperature))
    confirm = confirm_threshold(shares.max(axis=1), shares.argmax(axis=1) == truths, error)
    return Calibration(round(share / temperature, 5), round(temperature, 4), round(confirm, 4))


def class_scores(head: Head, embeddings: Vectors) -> NDArray[np.float64]:
    """The discriminant's score of every label (N, labels)."""
    within = head.within(embeddings)
    own = 0.5 * (within**2).sum(axis=1, keepdims=True)
    classes = within @ head.means.T - 0.5 * (head.means**2).sum(axis=1) - own
    found = np.tile(classes.min(axis=1, keepdims=True), len(head.labels)).astype(np.float64)
    for place, label in enumerate(head.label_of):
        found[:, label] = np.maximum(found[:, label], classes[:, place])
    return tailed(found, head.length)


def make_head(recogniser: NetworkRecogniser, data: Path, run: Path) -> Head:
    """The head of a package from photos: its statistics and its weights."""
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
    classes_of = {f"{photo.target}{AT}{photo.source}": label_of[photo.target] for photo in train}
    names = np.array([f"{photo.target}{AT}{photo.source}" for photo in train])
    head = head_of(replace(seen, names=names), classes_of, labels)
    steel = [photo for photo in train if photo.source == "steel"]
    shops = [look(recogniser, shop, cache) for shop in shops_of(data)]
    known = look(recogniser, [*validation, *steel[:: len(steel) // len(validation) + 1]], cache)
    trials = trials_of(head, shops, known, recogniser.package.temperature)
    if not trials:
        return head
    return replace(head, weights=search(trials, head.weights))
