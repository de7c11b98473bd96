"""Marks confirmations that an attendant should check: the model was sure, and the shopper chose a
cheaper item; or the shopper counted far fewer pieces than weigh so much.

The mark accuses nobody and changes no price; an attendant's confirmation removes it. A weight that
is too light is no mark: it is often a cut piece.
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
    if confirmed_by is ConfirmedBy.SHOPPER and not _was_looked_at(weighing, sold):
        return _too_few(sold) or _cheaper(weighing, sold)
    return None


def _was_looked_at(weighing: Weighing, sold: Prediction) -> bool:
    """Whether an attendant has said the same before."""
    return weighing.confirmed_by is ConfirmedBy.ATTENDANT and (
        (weighing.confirmed_label, weighing.quantity) == (sold.label, sold.quantity)
    )


def _too_few(sold: Prediction) -> str | None:
    pieces = sold.pieces
    if pieces is None or sold.quantity >= pieces.odd_below or sold.net_kg is None:
        return None
    return (
        f"The shopper counted {sold.quantity} of {sold.label} for {sold.net_kg} kg; by their "
        f"weight there are {pieces.least} or more."
    )


def _cheaper(weighing: Weighing, sold: Prediction) -> str | None:
    recognised = next((one for one in weighing.top_k if one.label == weighing.label), None)
    if (
        recognised is None
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
