"""The number of a label: an EAN-13 that holds the item and its price, weight or count."""

from dataclasses import dataclass
from decimal import Decimal

from barcode.ean import EuropeanArticleNumber13

from frontend.labels.profiles import Layout, Measure, Profile

_TWO_MINUS = (0, 2, 4, 6, 8, 9, 1, 3, 5, 7)
_THREE = (0, 3, 6, 9, 2, 5, 8, 1, 4, 7)
_FIVE_PLUS = (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)
_FIVE_MINUS = (0, 5, 9, 4, 8, 3, 7, 2, 6, 1)
"""Weighted products: GS1 General Specifications, section 7.9.2, https://ref.gs1.org/standards/genspecs/."""


class DoesNotFit(ValueError):
    """The value does not fit the profile's barcode; the text says which values would."""


@dataclass(frozen=True)
class Sold:
    """What a label is about. `net_kg` is kilograms; `by_piece` items have a `quantity`."""

    plu: str
    by_piece: bool
    quantity: int
    net_kg: Decimal
    total: Decimal


def number(sold: Sold, profile: Profile) -> str:
    """The thirteen digits.

    Raises:
        DoesNotFit: item or measure have more digits than the profile has places.

    >>> from frontend.labels.profiles import PROFILES
    >>> bananas = Sold("4011", False, 1, net_kg=Decimal("0.500"), total=Decimal("1.25"))
    >>> number(bananas, PROFILES["de"])
    '2240111001253'
    """
    layouts = profile.by_piece if sold.by_piece else profile.by_weight
    if not layouts:
        raise DoesNotFit(
            f"Profile {profile.code} has no number for goods that are sold by the piece."
        )
    refusals: list[str] = []
    for layout in layouts:
        try:
            return _number(sold, layout)
        except DoesNotFit as refusal:
            refusals.append(str(refusal))
    raise DoesNotFit(refusals[0] if len(layouts) == 1 else " ".join(refusals))


def _number(sold: Sold, layout: Layout) -> str:
    if len(sold.plu) > layout.item_digits:
        raise DoesNotFit(
            f"PLU {sold.plu} has more than the {layout.item_digits} digits that the number has for "
            "the item."
        )
    value = _value(sold, layout)
    check = measure_check_digit(value) if layout.checked else ""
    payload = f"{layout.prefix}{sold.plu.zfill(layout.item_digits)}{check}{value}"
    return str(EuropeanArticleNumber13(payload).get_fullcode())


def _value(sold: Sold, layout: Layout) -> str:
    measures = {
        Measure.PRICE: sold.total,
        Measure.WEIGHT: sold.net_kg,
        Measure.COUNT: Decimal(sold.quantity),
    }
    measure = measures[layout.measure]
    units = measure.scaleb(layout.decimals)
    if units != units.to_integral_value() or not 0 < units < 10**layout.value_digits:
        most = Decimal(10**layout.value_digits - 1).scaleb(-layout.decimals)
        raise DoesNotFit(
            f"A {layout.measure} of {measure} does not fit: prefix {layout.prefix} holds "
            f"{Decimal(1).scaleb(-layout.decimals)} to {most}."
        )
    return f"{int(units):0{layout.value_digits}d}"


def measure_check_digit(value: str) -> str:
    """The check digit of a price or weight of four or five digits.

    Raises:
        ValueError: the value has another length.

    >>> measure_check_digit("00125")
    '1'
    """
    digits = [int(digit) for digit in value]
    if len(digits) == 4:  # noqa: PLR2004 - the specification has a rule for four and one for five
        four = (_TWO_MINUS, _TWO_MINUS, _THREE, _FIVE_MINUS)
        return str(3 * _weighted(digits, four) % 10)
    if len(digits) == 5:  # noqa: PLR2004
        five = (_FIVE_PLUS, _TWO_MINUS, _FIVE_MINUS, _FIVE_PLUS, _TWO_MINUS)
        return str(_FIVE_MINUS.index(-_weighted(digits, five) % 10))
    raise ValueError(f"{value!r} has neither four nor five digits")


def _weighted(digits: list[int], weights: tuple[tuple[int, ...], ...]) -> int:
    return sum(weight[digit] for weight, digit in zip(weights, digits, strict=True))


def modules(digits: str) -> str:
    """The bars of a number: `1` a bar, `0` a space, `G` a bar of a guard, which is longer.

    >>> modules("2240111001253")[:14]
    'G0G00100110100'
    """
    return str(EuropeanArticleNumber13(digits, guardbar=True).build()[0])
