"""How many pieces lie on the scale, as far as their weight tells, for what is sold by the piece."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from smartscale.domain.catalogue import Item, SoldAs
from smartscale.domain.errors import InvalidInput
from smartscale.domain.load import MAX_QUANTITY
from smartscale.domain.weighing import Pieces

ODD = Decimal("1.25")
"""A piece that would weigh more than so many times the most a piece usually weighs is odd: there
are likely more of them than were counted."""

IMPOSSIBLE = Decimal("0.5")
"""No piece weighs less than this share of the least a piece usually weighs."""


def pieces_of(item: Item, net_kg: Decimal) -> Pieces:
    """How many pieces of an item weigh so much.

    A load lighter than one piece is one piece, since it may be cut. Of what usually comes one at a
    time, it is one wherever one can weigh so much. Without the weight of a piece nothing is known.

    >>> from datetime import UTC, datetime
    >>> peppers = Item.parse(
    ...     label="Green-Bell-Pepper",
    ...     plu="3120",
    ...     category="vegetables",
    ...     names={"en": "Green peppers"},
    ...     unit="each",
    ...     unit_price="0.89",
    ...     currency="EUR",
    ...     piece_kg_min="0.120",
    ...     piece_kg_max="0.280",
    ...     valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    ... )
    >>> four = pieces_of(peppers, Decimal("0.702"))
    >>> four.suggested, (four.least, four.most), four.clear
    (4, (3, 5), False)
    >>> pieces_of(peppers, Decimal("0.190")).clear
    True
    """
    single = item.sold_as is SoldAs.SINGLE
    if item.piece_kg_min is None or item.piece_kg_max is None:
        return Pieces(
            suggested=1, least=1, most=1 if single else MAX_QUANTITY, at_most=MAX_QUANTITY,
            clear=single,
        )  # fmt: skip
    lightest, heaviest = item.piece_kg_min, item.piece_kg_max
    fewest = _whole(net_kg / heaviest, ROUND_CEILING)
    many = _whole(net_kg / lightest, ROUND_FLOOR)
    # Between the heaviest one and the lightest two there may be a gap: it is one or the other.
    least, most = min(fewest, many), max(fewest, many)
    if single and fewest == 1:
        most = 1
    likely = _whole(2 * net_kg / (lightest + heaviest), ROUND_HALF_UP)
    return Pieces(
        suggested=min(max(likely, least), most),
        least=least,
        most=most,
        at_most=max(_whole(net_kg / (lightest * IMPOSSIBLE), ROUND_FLOOR), most),
        odd_below=_whole(net_kg / (heaviest * ODD), ROUND_CEILING),
        clear=least == most,
    )


def check_count(item: Item, pieces: Pieces, quantity: int, net_kg: Decimal) -> None:
    """Refuse more pieces than can weigh so little.

    Raises:
        InvalidInput: they would be lighter than pieces of the item are.
    """
    if quantity <= pieces.at_most:
        return
    likely = str(pieces.least) if pieces.clear else f"{pieces.least}-{pieces.most}"
    raise InvalidInput(
        "{quantity} pieces of {label} cannot weigh {net_kg} kg: one weighs {least} to {most} kg, "
        "so it is {likely}.",
        quantity=quantity,
        label=item.label,
        net_kg=net_kg,
        least=item.piece_kg_min,
        most=item.piece_kg_max,
        likely=likely,
    )


def _whole(pieces: Decimal, rounding: str) -> int:
    """A number of pieces that can be sold: from 1 to 99."""
    return min(max(int(pieces.to_integral_value(rounding)), 1), MAX_QUANTITY)
