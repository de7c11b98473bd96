"""Amounts of money: exact, and rounded as their currency is."""

from decimal import ROUND_HALF_UP, Decimal

from iso4217 import Currency

from smartscale.domain.errors import InvalidInput

_MINOR_DIGITS = {
    str(found.code): found.exponent for found in Currency if found.exponent is not None
}
"""Decimals of each currency's smallest unit."""

_PRICE_STEPS = {"CHF": Decimal("0.05")}
"""Currencies whose prices are rounded to a larger step than the smallest unit, because no smaller
coin exists and the label's price is what is paid. Sweden and Canada have no small coins either, but
keep cents in prices: there the till rounds the sum that is paid in cash."""


def check_currency(code: str) -> str:
    """The code of a currency in which prices can be asked, from ISO 4217.

    Raises:
        InvalidInput: ISO 4217 has no such code, or it is not one of money, such as XAU for gold.

    Examples:
        >>> check_currency("EUR")
        'EUR'
        >>> check_currency("EURO")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        smartscale.domain.errors.InvalidInput: currency 'EURO' must be a code of ISO 4217, ...
    """
    if code not in _MINOR_DIGITS:
        raise InvalidInput(
            "currency {text} must be a code of ISO 4217, such as EUR.", text=repr(code[:40])
        )
    return code


def to_cent(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's smallest unit.

    Examples:
        >>> to_cent(Decimal("1.005"), "EUR")
        Decimal('1.01')
        >>> to_cent(Decimal("1234.5"), "RWF")
        Decimal('1235')
    """
    # What was stored before codes were checked may name a currency that there is not.
    digits = _MINOR_DIGITS.get(currency, 2)
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def to_price(amount: Decimal, currency: str) -> Decimal:
    """Round half up to an amount that a shop of the currency asks for.

    Examples:
        >>> to_price(Decimal("1.2345"), "EUR")
        Decimal('1.23')
        >>> to_price(Decimal("1.23"), "CHF")
        Decimal('1.25')
    """
    step = _PRICE_STEPS.get(currency)
    if step is None:
        return to_cent(amount, currency)
    return to_cent((amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step, currency)
