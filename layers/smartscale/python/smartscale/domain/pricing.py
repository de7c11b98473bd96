"""What an item costs on the scale. Money and weight are `Decimal` throughout."""

from datetime import datetime
from decimal import Decimal

from smartscale.domain.catalogue import Item
from smartscale.domain.load import Load
from smartscale.domain.money import to_price
from smartscale.domain.weighing import Prediction, Unit


def tare_for(item: Item, load: Load) -> Decimal:
    """The tare in kg: what the shopper gave, else the item's own where it fits below the weight."""
    if load.tare_kg is not None:
        return load.tare_kg
    return item.tare_kg if item.tare_kg < load.weight_kg else Decimal("0.000")


def price(item: Item, load: Load, confidence: Decimal, at: datetime) -> Prediction:
    """Price a load as an item: unit price x net weight, or unit price x pieces.

    Args:
        item: what it is sold as.
        load: what the scale shows.
        confidence: the calibrated probability that it is this item, 0 to 1.
        at: the moment of the weighing, which decides the price that holds.

    Returns:
        The prediction with its total; without any price where none has started yet at `at`.
    """
    tare_kg = tare_for(item, load)
    net_kg = load.weight_kg - tare_kg
    quantity = load.quantity if item.unit is Unit.EACH else 1
    unit_price = item.unit_price_at(at)
    total = None
    if unit_price is not None:
        amount = unit_price * (quantity if item.unit is Unit.EACH else net_kg)
        total = to_price(amount, item.currency)
    return Prediction(
        label=item.label,
        confidence=confidence,
        plu=item.plu,
        names=item.names,
        unit=item.unit,
        unit_price=unit_price,
        quantity=quantity,
        tare_kg=tare_kg,
        net_kg=net_kg,
        total=total,
        currency=item.currency,
    )
