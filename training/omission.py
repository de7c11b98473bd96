"""The photos that a training run leaves out, so that it can be measured on unseen ones."""

from dataclasses import dataclass
from enum import StrEnum


class LeftOut(StrEnum):
    """A part of the photos."""

    SCENES = "scenes"
    """One fold of whole scenes of every class: what another shelf costs."""
    STEEL = "steel"
    """The photos on a steel plate, most of them in bags: what another camera and place cost."""
    CLASSES = "classes"
    """Ten kinds of produce: what the shop's memory can learn without training."""


@dataclass(frozen=True)
class Omission:
    """Which part is left out; `fold` of `folds` where it is scenes."""

    part: LeftOut
    fold: int = 0
    folds: int = 3
