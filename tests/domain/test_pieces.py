"""How many pieces there are, as far as their weight tells."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.errors import InvalidInput
from smartscale.domain.load import Load, parse_quantity
from smartscale.domain.pieces import IMPOSSIBLE, ODD, check_count, pieces_of
from smartscale.domain.pricing import price
from tests.examples import NOW, item

PEPPER = item(
    "Green-Bell-Pepper", plu="3120", unit="each", piece_kg_min="0.120", piece_kg_max="0.280",
    unit_price="0.89", sold_as="bulk",
)  # fmt: skip
MELON = item(
    "Melon", plu="4050", unit="each", piece_kg_min="0.700", piece_kg_max="2.000", sold_as="single"
)
UNKNOWN_WEIGHT = item("Bunch", plu="4051", unit="each")
KILOGRAMS = st.decimals("0.001", "30", places=3)


@pytest.mark.parametrize(
    ("kg", "suggested", "least", "most"),
    [
        ("0.702", 4, 3, 5),
        ("0.190", 1, 1, 1),
        ("0.050", 1, 1, 1),
        ("0.250", 1, 1, 2),
        ("30", 99, 99, 99),
    ],
    ids=["several", "one", "a cut one", "one or two", "more than can be sold at once"],
)
def test_the_weight_suggests_a_number(kg: str, suggested: int, least: int, most: int) -> None:
    pieces = pieces_of(PEPPER, Decimal(kg))
    assert (pieces.suggested, pieces.least, pieces.most) == (suggested, least, most)
    assert pieces.clear == (least == most)


def test_what_usually_comes_alone_is_one_wherever_one_can_weigh_so_much() -> None:
    assert pieces_of(MELON, Decimal("1.900")).clear
    two = pieces_of(MELON, Decimal("2.600"))
    assert (two.suggested, two.least, two.most) == (2, 2, 3)


def test_between_one_heavy_piece_and_two_light_ones_it_is_asked() -> None:
    even = item("Jar", plu="1", unit="each", piece_kg_min="0.350", piece_kg_max="0.370")
    pieces = pieces_of(even, Decimal("0.500"))
    assert (pieces.suggested, pieces.least, pieces.most, pieces.clear) == (1, 1, 2, False)


def test_without_the_weight_of_a_piece_it_is_asked() -> None:
    pieces = pieces_of(UNKNOWN_WEIGHT, Decimal("0.702"))
    assert (pieces.suggested, pieces.clear, pieces.at_most) == (1, False, 99)
    alone = item("Box", plu="4052", unit="each", sold_as="single")
    assert pieces_of(alone, Decimal("0.702")).clear


def test_too_many_pieces_are_refused_and_the_sentence_says_how_many_it_can_be() -> None:
    pieces = pieces_of(PEPPER, Decimal("0.702"))
    with pytest.raises(InvalidInput) as refused:
        check_count(PEPPER, pieces, 99, Decimal("0.702"))
    assert str(refused.value) == (
        "99 pieces of Green-Bell-Pepper cannot weigh 0.702 kg: one weighs 0.120 to 0.280 kg, so "
        "it is 3-5."
    )
    check_count(PEPPER, pieces, 11, Decimal("0.702"))


@given(KILOGRAMS)
def test_the_numbers_are_in_order_and_their_pieces_weigh_what_pieces_can(kg: Decimal) -> None:
    pieces = pieces_of(PEPPER, kg)
    assert 1 <= pieces.odd_below <= pieces.least <= pieces.suggested <= pieces.most
    assert pieces.most <= pieces.at_most <= 99
    if 1 < pieces.at_most < 99:
        assert kg / (pieces.at_most + 1) < Decimal("0.120") * IMPOSSIBLE
    if pieces.odd_below > 1:
        assert kg / (pieces.odd_below - 1) > Decimal("0.280") * ODD


@pytest.mark.parametrize(("sent", "charged"), [(None, 4), (4, 4), (3, 3), (1, 4), (99, 4)])
def test_a_number_that_does_not_go_with_the_weight_is_counted_by_the_weight(
    sent: int | None, charged: int
) -> None:
    load = Load(weight_kg=Decimal("0.702"), quantity=sent)
    sold = price(PEPPER, load, Decimal(1), NOW)
    assert (sold.quantity, sold.total) == (charged, Decimal("0.89") * charged)
    assert sold.needs_count == (sent not in {3, 4})


@pytest.mark.parametrize("text", ["0", "100", "000000001234", "0" * 5000 + "1", "²", "-1", "1.0"])
def test_what_is_no_number_of_pieces_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 99"):
        parse_quantity(text)
