"""How often a weighing has to be tapped before the shopper can go: what asking costs.

Not asked and right is no tap. Otherwise one tap says what it is where the kiosk shows it, and where
it does not, the shopper searches: opens the search, types some letters, taps the item.
"""

from smartscale.domain.prediction import TOP_K
from smartscale.domain.weighing import Weighing

SEARCHED = 5
"""Taps to find an item that is not shown: "Something else", three letters, the item."""


def taps(*, asked: bool, rank: int) -> int:
    """The taps of a weighing.

    Args:
        asked: whether somebody had to say what it is.
        rank: how many items were shown before the one that it is; 0 where the answer was right.

    >>> taps(asked=False, rank=0), taps(asked=True, rank=0), taps(asked=True, rank=3)
    (0, 1, 1)
    >>> taps(asked=False, rank=2), taps(asked=True, rank=TOP_K)
    (1, 5)
    """
    if rank == 0 and not asked:
        return 0
    return 1 if rank < TOP_K else SEARCHED


def taps_of(weighing: Weighing) -> int | None:
    """The taps of a weighing as it was confirmed; None while it waits for an answer."""
    said = weighing.sold_label
    if weighing.needs_confirmation or said is None:
        return None
    shown = [prediction.label for prediction in weighing.top_k]
    if said == weighing.label:
        return taps(asked=weighing.asked, rank=0)
    rank = max(1, shown.index(said)) if said in shown else TOP_K
    return taps(asked=weighing.asked, rank=rank)
