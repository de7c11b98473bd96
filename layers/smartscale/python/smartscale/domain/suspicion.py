"""When a shopper's word deserves a second look: something cheap, where the model was sure of more.

It accuses nobody and changes no price: an attendant looks, and an attendant's word settles it. The
weight is no sign here. An odd one is often a cut piece or a second bag, and pieces that are charged
each are counted on the screen.
"""

from decimal import Decimal

from smartscale.domain.weighing import ConfirmedBy, Prediction, Weighing

SURE = Decimal("0.8")
"""The confidence from which the model counts as sure. It may be below what is charged without a
question: to be looked at is less than to be charged."""

CHEAPER = Decimal("0.2")
"""The share by which the price has to fall short: sorts of one kind hardly differ by more."""


def suspicion(weighing: Weighing, sold: Prediction, confirmed_by: ConfirmedBy) -> str | None:
    """Why this confirmation deserves a second look, None where it does not.

    Args:
        weighing: as it was recognised, or confirmed before.
        sold: what it is said to be now, priced.
        confirmed_by: who says so.
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
