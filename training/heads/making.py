"""The head of a package: statistics of its training photos, and what each part of it counts for.

`smartscale train head` makes it for a package that is there; the network stays as it is. The
weights are found on shops that the network has not been trained for (phones in Turkey, desks,
studio): items are taught from some scenes, the others are recognised, and so are
the validation photos of what the network knew, which must not suffer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from smartscale.recognition.memory import Head, Vectors
from smartscale.recognition.memory_fit import Trial
from smartscale.recognition.recogniser import NetworkRecogniser
from training import data as photos
from training.calibrate import claimed_threshold, confirm_threshold
from training.heads.calibration import Balance, Calibration, calibrate
from training.heads.labels import concepts_of, shares_of
from training.heads.made_up import MadeUp
from training.heads.seen import Seen, joined, look
from training.heads.statistics import head_of, readout_of
from training.heads.strangers import Home, Layers, elsewhere_of, met, place_of
from training.heads.trials import trials_of, weigh

PLACES = ("desk", "turkish_phone", photos.CUT_OUTS)
"""The sets that no network was trained on: other cameras, each of them a shop."""


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


def make_head(
    recogniser: NetworkRecogniser,
    data: Path,
    run: Path,
    made_up: MadeUp,
    error: float,
    balance: Balance | None = None,
) -> Made:
    """The head of a package from photos: its statistics and its weights.

    Args:
        recogniser: the package's network.
        data: the folder of the photos.
        run: where what was seen in photos is kept for the next time.
        made_up: what it sees in pictures that were made of them.
        error: the share of wrong answers wanted among those nobody is asked to confirm.
        balance: what photos of unseen scenes say, if anything; else altered photos say it.
    """
    classes = photos.read_classes(data)
    labels = recogniser.package.labels
    label_of = classes.label_by_target
    cache = run / "embeddings.npz"
    # All that the network was trained on: what it knows must look known to the gate.
    train = photos.read_learned(data)
    validation = classes.of_produce(photos.read_grocery(data, "val"))
    seen = look(recogniser, train, cache)
    known = look(recogniser, validation, cache)
    shops = [look(recogniser, shop, cache) for shop in shops_of(data)]
    readout = readout_of([seen, *shops])
    concepts = concepts_of(labels) if "untouched" in recogniser.package.source else None
    head = head_of(seen, label_of, labels, readout, concepts)
    found = calibrate(head, *made_up.altered, error, None if balance is None else balance.share)
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
    found = replace(found, confirm=_confirm(head, home, error, balance))
    confirms = [_confirm(one, home, error, balance) for one in heads]
    return Made(head, found, shops, heads, confirms, trials, known, everything, shares)


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


def others_of(data: Path) -> list[photos.Photo]:
    """Photos of the sets that are no produce."""
    return [
        photo
        for name in PLACES
        for photo in photos.read_folder(data / name / "_not-produce", photos.NOT_PRODUCE, name)
    ]


def _confirm(head: Head, home: Home, error: float, balance: Balance | None) -> float:
    """The confidence below which an untaught package asks.

    From there on as few answers are wrong as may be: of unseen scenes, where they were looked at;
    else of photos of what the package knows. What became of so few photos is uncertain, so as few
    are to be wrong by what the answers say themselves.
    """
    logs = home.answers(head)
    right, sure = logs.argmax(axis=1) == home.truths, np.exp(logs.max(axis=1))
    found = confirm_threshold(sure, right, error) if balance is None else balance.confirm
    return round(max(found, claimed_threshold(sure, error)), 4)
