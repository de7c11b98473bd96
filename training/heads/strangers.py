"""What answers for pictures from elsewhere, and when it is believed instead of the networks."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.memory import (
    STRANGE_PARTS,
    Head,
    Logs,
    Vectors,
    Weights,
    linear,
    log_shares,
    strange_parts,
    tempered,
)
from training.heads.labels import CONCEPTS, concepts_of, labels_shown
from training.heads.seen import Seen, joined
from training.heads.statistics import AT
from training.heads.trials import KEEP, ROUNDS

logger = logging.getLogger(__name__)

EVEN = 1.0
"""How strongly the classifier for pictures from elsewhere is held back."""
HOME = "grocery-train"
"""The set whose place is where the networks were trained; pictures of any other are strange, also
where a network has learned from them."""
PLACE_EVEN = 3.0
"""How strongly the classifier of places is held back."""
SCALES = (0.0, 3.0, 4.5, 6.0, 8.0, 10.0, 13.0)
TEMPERATURES = np.linspace(0.5, 1.5, 101).round(2)
"""Of a head's answers untaught, that are tried."""
ABROAD = 1.5
"""The last temperature for pictures from elsewhere: halfway to the one by which sets that a head
has never seen surprise least, at which too much is asked of what is known (`docs/recognition.md`).
"""
HELD = 0.02
"""How strongly the weights of `STRANGE_PARTS` are held back."""
CONCEPT_SCALES = (0.0, 0.3, 0.5, 0.7, 0.9, 1.2)
UNHEARD = -30.0
"""The logit of a label that what answers was fitted on no photos of: it never says that."""


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

    def mixed(self, head: Head) -> tuple[Logs, NDArray[np.float64]]:
        """What a head says of them untaught before its last temperature, so often; and how far each
        is at home."""
        plain, altered = self.parts
        seen = joined([*[plain] * self.times, altered])
        within, usual = head.within(seen.embeddings), head.usual(seen.embeddings)
        return head.mixed(seen.logits / head.temperature, seen.embeddings, within, usual)

    def answers(self, head: Head) -> Logs:
        """What it says of them at that temperature."""
        return tempered(*self.mixed(head), head.weights)


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
    believed = strangeness(
        [
            *(abroad(head, shop, lacking, 1.0) for shop, lacking in strangers),
            *(abroad(head, part, layers, KEEP) for part in home.parts),
        ]
    )
    head = replace(
        head,
        elsewhere=scaled(layers.elsewhere, believed.scale, shares, head.labels),
        place=layers.place,
        weights=replace(
            head.weights, strange=believed.strange, concepts=believed.concepts, abroad=ABROAD
        ),
    )
    # Last of all, since a mixture of two calibrated answers is not calibrated.
    mixed, at_home = home.mixed(head)
    right = np.arange(len(home.truths)), home.truths
    tried = [replace(head.weights, temperature=float(one)) for one in TEMPERATURES]
    told = [float(tempered(mixed, at_home, weights)[right].mean()) for weights in tried]
    weights = tried[int(np.argmax(told))]
    logger.info("The temperature of both answers together: %.3f", weights.temperature)
    return replace(head, weights=weights)


def abroad(head: Head, shown: Seen, layers: Layers, counts: float) -> Abroad:
    """What is known of photos of a place, by layers that were fitted without it."""
    right = np.array([labels_shown(str(name), head.labels) for name in shown.names])
    told = right.any(axis=1)
    shown, right = shown.at(np.flatnonzero(told)), right[told]
    within = head.within(shown.embeddings)
    alike = head.alike(within)
    trained = head.trained(shown.logits / head.temperature, alike)
    return Abroad(
        here=(np.exp(trained) * right).sum(axis=1),
        outputs=linear(shown.embeddings, layers.elsewhere),
        concepts=head.concepts(shown.embeddings),
        silent=~layers.elsewhere.any(axis=0) & (head.concept_of == len(CONCEPTS)),
        right=right,
        parts=strange_parts(
            trained,
            alike,
            head.usual(shown.embeddings),
            linear(shown.embeddings, layers.place)[:, 0],
        ),
        head=head,
        counts=counts,
    )
