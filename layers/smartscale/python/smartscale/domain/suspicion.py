"""Marks confirmations that an attendant should check: the model was sure, and the shopper chose a
cheaper item.

The mark accuses nobody and changes no price; an attendant's confirmation removes it. An odd weight
is no mark: it is often a cut piece or a second bag.
"""

from decimal import Decimal

from smartscale.domain.weighing import ConfirmedBy, Prediction, Weighing

SURE = Decimal("0.8")
"""The confidence from which the model counts as sure here. It may be lower than the threshold for
charging without a question, since a mark costs the shopper nothing."""

CHEAPER = Decimal("0.2")
"""The share by which the chosen price must be lower. Varieties of one kind differ by less."""


def suspicion(weighing: Weighing, sold: Prediction, confirmed_by: ConfirmedBy) -> str | None:
    """Why this confirmation deserves a second look, None where it does not.

    Args:
        weighing: as it was recognised, or confirmed before.
        sold: the item it is confirmed as, with its price.
        confirmed_by: who confirms it.
    """
    recognised = next((one for one in weighing.top_k if one.label == weighing.label), None)
    looked_at = (weighing.confirmed_by, weighing.confirmed_label)
    if (
        confirmed_by is not ConfirmedBy.SHOPPER
        or looked_at == (ConfirmedBy.ATTENDANT, sold.label)
        or recognised is None
        or recognised.label == sold.label
        or recognised.confidence < SURE
        or recognised.total is None
        or sold.total is None
        or recognised.currency != sold.currency
        or sold.total >= recognised.total * (1 - CHEAPER)
    ):
        return None
    return (
        f"The shopper chose {sold.label} for {sold.total} {sold.currency}; the model was "
        f"{recognised.confidence:.0%} sure of {recognised.label} for {recognised.total} "
        f"{recognised.currency}."
    )
