"""Weight as evidence: it decides between items that the model finds about equally likely.

Eighty grams may be a satsuma or a lime, but hardly an orange. The weight only breaks near-ties: it
swaps the probabilities of two items and never raises one, so no answer becomes surer by it.
`benchmarks/weight_prior.py` measures what that brings and what a misleading weight costs.
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

from smartscale.domain.catalogue import Catalogue, Item, SoldAs
from smartscale.domain.load import Load
from smartscale.domain.prediction import NO_ITEM, Scored
from smartscale.domain.pricing import tare_for

NEAR_TIE = Decimal(2)
"""Items whose probabilities differ by more than this factor are never swapped."""

CUT = Decimal("0.8")
"""The least fit of a load lighter than one piece, since a piece may be cut: half a melon."""

MOST_SINGLES = 3
"""How many of an item that usually comes one at a time are on the scale at most."""

_FITS = Decimal(1)


def break_near_ties(scores: Sequence[Scored], load: Load, catalogue: Catalogue) -> list[Scored]:
    """The scores, most probable first, with near-ties between items broken by the weight.

    Args:
        scores: the model's, each label once.
        load: what the scale shows.
        catalogue: what one piece of each item weighs; an item that it does not know fits any load.

    Returns:
        The same labels and the same probabilities, of which items have swapped some. An item
        overtakes another only where their probabilities differ by at most the factor `NEAR_TIE`;
        an answer that is no item stays where it is.

    >>> from datetime import UTC, datetime
    >>> limes = Item.parse(
    ...     label="Lime",
    ...     plu="4048",
    ...     category="fruit",
    ...     names={"en": "Limes"},
    ...     unit="each",
    ...     unit_price="0.39",
    ...     currency="EUR",
    ...     piece_kg_min="0.050",
    ...     piece_kg_max="0.110",
    ...     valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    ... )
    >>> oranges = Item.parse(
    ...     label="Orange",
    ...     plu="4384",
    ...     category="fruit",
    ...     names={"en": "Oranges"},
    ...     unit="kg",
    ...     unit_price="2.99",
    ...     currency="EUR",
    ...     piece_kg_min="0.150",
    ...     piece_kg_max="0.330",
    ...     valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    ... )
    >>> scores = [Scored("Orange", Decimal("0.45")), Scored("Lime", Decimal("0.41"))]
    >>> catalogue = Catalogue([oranges, limes])
    >>> [score.label for score in break_near_ties(scores, Load.parse("0.080"), catalogue)]
    ['Lime', 'Orange']
    >>> [score.label for score in break_near_ties(scores, Load.parse("0.240"), catalogue)]
    ['Orange', 'Lime']
    """
    as_the_model_says = sorted(scores, key=lambda score: score.confidence, reverse=True)

    def support(score: Scored) -> Decimal:
        # A clear answer stays, however badly its weight fits.
        return score.confidence * max(fit(catalogue.find(score.label), load), 1 / NEAR_TIE)

    items = [score for score in as_the_model_says if score.label not in NO_ITEM]
    as_the_weight_says = iter(sorted(items, key=support, reverse=True))
    return [
        score
        if score.label in NO_ITEM
        else Scored(next(as_the_weight_says).label, score.confidence)
        for score in as_the_model_says
    ]


def fit(item: Item | None, load: Load) -> Decimal:
    """How well a load is a whole number of an item's pieces, above 0 and at most 1.

    It is 1 within the range of any number of pieces, and where nothing is known of them; outside it
    is the net weight over the nearest range's end, or that end over the net weight.

    >>> from datetime import UTC, datetime
    >>> oranges = Item.parse(
    ...     label="Orange",
    ...     plu="4384",
    ...     category="fruit",
    ...     names={"en": "Oranges"},
    ...     unit="kg",
    ...     unit_price="2.99",
    ...     currency="EUR",
    ...     piece_kg_min="0.150",
    ...     piece_kg_max="0.330",
    ...     valid_from=datetime(2026, 1, 1, tzinfo=UTC),
    ... )
    >>> fit(oranges, Load.parse("0.240")), fit(oranges, Load.parse("0.500"))
    (Decimal('1'), Decimal('1'))
    >>> fit(oranges, Load.parse("0.080"))
    Decimal('0.8')
    >>> fit(None, Load.parse("0.080"))
    Decimal('1')
    """
    if item is None or item.piece_kg_min is None or item.piece_kg_max is None:
        return _FITS
    net_kg = load.weight_kg - tare_for(item, load)
    if net_kg <= 0:
        return _FITS
    least, most = item.piece_kg_min, item.piece_kg_max
    if load.quantity is not None and load.quantity > 1:  # a scale that does not count may send 1
        pieces = {load.quantity}
    else:
        filled = int((net_kg / most).to_integral_value(ROUND_FLOOR))
        pieces = {max(filled, 1), filled + 1}
        if item.sold_as is SoldAs.SINGLE:
            pieces = {min(count, MOST_SINGLES) for count in pieces}
    whole = max(min(_FITS, net_kg / (n * least), n * most / net_kg) for n in pieces)
    may_be_cut = net_kg < least and item.sold_as is not SoldAs.BULK
    return max(whole, CUT) if may_be_cut else whole
