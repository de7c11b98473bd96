"""Amounts of money: exact, and rounded as their currency is."""

from decimal import ROUND_HALF_UP, Decimal

_MINOR_DIGITS = {
    **dict.fromkeys(("CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
"""Currencies whose smallest unit is not a hundredth (ISO 4217, list one, "Mnr" column)."""

_PRICE_STEPS = {"CHF": Decimal("0.05")}
"""Currencies whose prices are rounded to a larger step than the smallest unit, because no smaller
coin exists and the label's price is what is paid. Sweden and Canada have no small coins either, but
keep cents in prices: there the till rounds the sum that is paid in cash."""


def to_cent(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's smallest unit."""
    digits = _MINOR_DIGITS.get(currency, 2)
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def to_price(amount: Decimal, currency: str) -> Decimal:
    """Round half up to an amount that a shop of the currency asks for."""
    step = _PRICE_STEPS.get(currency)
    if step is None:
        return to_cent(amount, currency)
    return to_cent((amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step, currency)
