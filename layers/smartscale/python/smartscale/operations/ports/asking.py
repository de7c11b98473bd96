"""What the shop asks about."""

from decimal import Decimal
from typing import Protocol

from smartscale.domain.asking import Asking


class Wishes(Protocol):
    """How many of the answers that pass may be wrong, as the shop has said it. It outlives the
    tables."""

    def newest(self) -> Decimal | None:
        """The share; None where the shop has said nothing."""

    def add(self, wanted: Decimal) -> None:
        """Want another share from now on."""


class AskingStore(Protocol):
    """The shop's wish and the threshold that follows, which all workers share."""

    def current(self) -> Asking | None:
        """What is stored; None before the first."""

    def replace(self, asking: Asking, expected: Asking | None) -> bool:
        """Store it if what is stored is still the expected; tells whether it was."""
