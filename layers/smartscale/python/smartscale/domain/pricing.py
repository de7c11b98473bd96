"""What an item costs on the scale. Money and weight are `Decimal` throughout."""

from datetime import datetime
from decimal import Decimal

from smartscale.domain.catalogue import Item
from smartscale.domain.load import Load
from smartscale.domain.money import to_price
from smartscale.domain.pieces import check_count, pieces_of
from smartscale.domain.weighing import Prediction, Unit, Weighing

_KG_PER_UNIT = {
    Unit.KG: Decimal(1),
    Unit.HUNDRED_GRAMS: Decimal("0.1"),
    Unit.LB: Decimal("0.45359237"),
}
"""Exact: the pound is defined so, by the international yard and pound agreement of 1959."""


def tare_for(item: Item, load: Load) -> Decimal:
    """The tare in kg: what the shopper gave, else the item's own where it fits below the weight.

    >>> from datetime import UTC
    >>> bananas = Item.parse(
    ...     label="Banana",
    ...     plu="4011",
    ...     category="fruit",
    ...     names={"en": "Bananas"},
    ...     unit="kg",
    ...     unit_price="2.49",
    ...     currency="EUR",
    ...     tare_kg="0.005",
    ...     valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    ... )
    >>> tare_for(bananas, Load.parse("0.500"))
    Decimal('0.005')
    >>> tare_for(bananas, Load.parse("0.500", tare="0.020"))
    Decimal('0.020')
    """
    if load.tare_kg is not None:
        return load.tare_kg
    return item.tare_kg if item.tare_kg < load.weight_kg else Decimal("0.000")


def charged_pieces(unit: Unit, quantity: int | None) -> int:
    """How many pieces are charged: what is sold by weight is charged as one, as is what nobody
    counted.

    >>> charged_pieces(Unit.EACH, 3), charged_pieces(Unit.KG, 3)
    (3, 1)
    """
    return quantity if quantity is not None and unit is Unit.EACH else 1


def total(
    unit: Unit, unit_price: Decimal, net_kg: Decimal, quantity: int, currency: str
) -> Decimal:
    """What a load costs: unit price x net weight in the price's unit, or unit price x pieces.

    It is rounded once, at the end, half up to the currency's smallest coin.

    >>> total(Unit.KG, Decimal("2.49"), Decimal("0.500"), 1, "EUR")
    Decimal('1.25')
    >>> total(Unit.EACH, Decimal("1.29"), Decimal("0.500"), 3, "EUR")
    Decimal('3.87')
    >>> total(Unit.LB, Decimal("0.69"), Decimal("0.500"), 1, "USD")
    Decimal('0.76')
    >>> total(Unit.HUNDRED_GRAMS, Decimal("1.99"), Decimal("0.125"), 1, "EUR")
    Decimal('2.49')
    """
    if unit is Unit.EACH:
        return to_price(unit_price * quantity, currency)
    # Multiplied first: that is exact, and of the quotient the context keeps 28 digits, far more
    # than would move it across half a coin.
    return to_price(unit_price * net_kg / _KG_PER_UNIT[unit], currency)


def price(item: Item, load: Load, confidence: Decimal, at: datetime) -> Prediction:
    """Price a load as an item.

    Pieces that nobody counted are counted by their weight, and so are they where the number does
    not go with the weight.

    Args:
        item: what it is sold as.
        load: what the scale shows.
        confidence: the calibrated probability that it is this item, 0 to 1.
        at: the moment of the weighing, which decides the price that holds.

    Returns:
        The prediction with its total; without any price where none has started yet at `at`.

    >>> from datetime import UTC
    >>> bananas = Item.parse(
    ...     label="Banana",
    ...     plu="4011",
    ...     category="fruit",
    ...     names={"en": "Bananas"},
    ...     unit="kg",
    ...     unit_price="2.49",
    ...     currency="EUR",
    ...     tare_kg="0.005",
    ...     valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    ... )
    >>> at = datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
    >>> priced = price(bananas, Load.parse("0.505"), Decimal("0.97"), at)
    >>> priced.net_kg, priced.total
    (Decimal('0.500'), Decimal('1.25'))
    """
    tare_kg = tare_for(item, load)
    net_kg = load.weight_kg - tare_kg
    pieces = pieces_of(item, net_kg) if item.unit is Unit.EACH else None
    quantity, counted = 1, False
    if pieces is not None:
        counted = load.quantity is not None and pieces.can_be(load.quantity)
        quantity = load.quantity if counted and load.quantity else pieces.suggested
    unit_price, offer = item.unit_price_at(at), item.offer_at(at)
    return Prediction(
        label=item.label,
        confidence=confidence,
        plu=item.plu,
        names=item.names,
        unit=item.unit,
        unit_price=unit_price,
        quantity=quantity,
        pieces=pieces,
        counted=counted,
        tare_kg=tare_kg,
        net_kg=net_kg,
        total=None
        if unit_price is None
        else total(item.unit, unit_price, net_kg, quantity, item.currency),
        currency=item.currency,
        unit_price_before=offer and offer.price_before,
        offer_until=offer and offer.until,
        **item.declared,
    )


def price_sale(
    weighing: Weighing, item: Item, quantity: int | None, *, charged: bool = False
) -> Prediction:
    """Price a weighing as the item that a person says it is.

    The service prices a confirmation by this rule, and so does a kiosk that works without the
    service.

    Args:
        weighing: what was weighed; the prices are those of its moment.
        item: what the person says it is.
        quantity: how many pieces the person counted; None leaves as many as were counted before,
            of another item only where they go with its weight.
        charged: whether a kiosk has already charged it; then nothing is refused.

    Raises:
        Conflict: the weighing failed.
        InvalidInput: so many pieces cannot weigh that.

    >>> from datetime import UTC
    >>> from smartscale.domain.weighing import Status
    >>> bananas = Item.parse(
    ...     label="Banana",
    ...     plu="4011",
    ...     category="fruit",
    ...     names={"en": "Bananas"},
    ...     unit="kg",
    ...     unit_price="2.49",
    ...     currency="EUR",
    ...     tare_kg="0.005",
    ...     valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    ... )
    >>> weighing = Weighing(
    ...     job_id="20261128T093000Z-1",
    ...     upload_key="uploads/20261128T093000Z-1.jpg",
    ...     scale_id="till-2",
    ...     status=Status.DONE,
    ...     created_at=datetime(2026, 11, 28, 9, 30, tzinfo=UTC),
    ...     completed_at=datetime(2026, 11, 28, 9, 30, tzinfo=UTC),
    ...     load=Load.parse("0.505"),
    ... )
    >>> sold = price_sale(weighing, bananas, None)
    >>> sold.confidence, sold.total
    (Decimal('0'), Decimal('1.25'))
    """
    confidences = {prediction.label: prediction.confidence for prediction in weighing.top_k}
    confidence = confidences.get(item.label, Decimal(0))
    sold = price(
        item,
        weighing.load_to_sell(quantity, charged=charged),
        confidence,
        at=weighing.created_at,
    )
    if sold.pieces is None or sold.net_kg is None or sold.unit is None:
        return sold
    if quantity is not None and not charged:
        check_count(item, sold.pieces, quantity, sold.net_kg)
    said = quantity
    if said is None and weighing.counted and item.label == weighing.sold_label:
        said = weighing.quantity
    if said is None or sold.unit_price is None:
        return sold
    # A person may count otherwise than the weight does.
    return sold.model_copy(
        update={
            "quantity": said,
            "counted": True,
            "total": total(sold.unit, sold.unit_price, sold.net_kg, said, item.currency),
        }
    )
