"""Which labels a folder of photos shows, and which of ImageNet's classes speak for a label."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from smartscale.domain.prediction import NO_ITEM
from smartscale.recognition.hierarchy import coarse_of, find_coarse, find_label
from smartscale.recognition.memory import Vectors

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


def labels_shown(name: str, labels: Sequence[str]) -> list[bool]:
    """Which labels are right for a folder's name: its label, or each of its kind."""
    known, kind = find_label(name, labels), find_coarse(name)
    return [
        label not in NO_ITEM and (label == known or (kind is not None and coarse_of(label) == kind))
        for label in labels
    ]


def shares_of(names: Sequence[str], label_of: Mapping[str, str], labels: Sequence[str]) -> Vectors:
    """How much each label is what a folder shows, (names, labels): all of the label that it names,
    or as much of each label of its kind, where nobody knows the variety; nothing of what is not
    among the labels."""
    shares = np.zeros((len(names), len(labels)), np.float32)
    for row, name in enumerate(names):
        label = label_of.get(name) or find_label(ALSO.get(name, name), labels)
        right = [label == one for one in labels] if label else labels_shown(name, labels)
        if any(right):
            shares[row, right] = 1 / sum(right)
    return shares


def concepts_of(labels: Sequence[str]) -> NDArray[np.int64]:
    """Of each label, which of `CONCEPTS` speaks for it; the place behind the last, where none
    does."""
    found = np.full(len(labels), len(CONCEPTS))
    for place, name in enumerate(CONCEPTS.values()):
        found[labels_shown(name, labels)] = place
    return found
