"""How each country puts a price or a weight into an EAN-13 that is valid in one shop only.

The numbers begin with a prefix that GS1 keeps for restricted circulation. Where the national GS1
organisation has fixed what follows, the table says what it says; elsewhere GS1 leaves it to the
retailer, and the table has the common form of five digits for the item and five for the measure.
The shop's tills have to be set to the same.
"""

from dataclasses import dataclass
from enum import StrEnum


class Measure(StrEnum):
    """What a number carries beside the item."""

    PRICE = "price"
    WEIGHT = "weight"
    """Net kilograms."""
    COUNT = "count"


@dataclass(frozen=True)
class Layout:
    """Prefix, item, perhaps a check digit of the measure, and the measure: twelve digits."""

    prefix: str
    item_digits: int
    measure: Measure
    value_digits: int
    decimals: int
    checked: bool = False
    """Whether a check digit of the measure stands before it."""


@dataclass(frozen=True)
class Profile:
    """A country's numbers: for goods by weight and by the piece the layouts, the finest first.

    Where there is more than one, the first that holds the value exactly is taken.
    """

    code: str
    country: str
    by_weight: tuple[Layout, ...]
    by_piece: tuple[Layout, ...]
    source: str


def _price(
    prefix: str, item: int, value: int, decimals: int = 2, *, checked: bool = False
) -> Layout:
    return Layout(prefix, item, Measure.PRICE, value, decimals, checked)


def _weight(
    prefix: str, item: int, value: int, decimals: int = 3, *, checked: bool = False
) -> Layout:
    return Layout(prefix, item, Measure.WEIGHT, value, decimals, checked)


_GERMANY = "https://www.gs1-germany.de/fileadmin/gs1/fachpublikationen/globale-artikelnummer-gtin-in-der-anwendung.pdf"
_DENMARK = "https://www.gs1.dk/om-gs1/overblik-over-gs1-standarder/gtin-13-pris"
_SWEDEN = "https://gs1.se/en/support/how-do-i-create-my-variable-weight-numbers/"
_BALTIC = "https://gs1lv.org/img/upload/ENG.Variable%20measure_in_Latvia.pdf"
_GENERAL = "https://ref.gs1.org/standards/genspecs/ (section 2.1.12, left to the retailer)"

_NORDIC_PRICES = (_price("20", 6, 4, 2), _price("21", 6, 4, 1), _price("22", 6, 4, 0))
_NORDIC_WEIGHTS = (_weight("23", 6, 4, 3), _weight("24", 6, 4, 2), _weight("25", 6, 4, 1))
_GERMAN_PRICE = (_price("22", 4, 5, checked=True),)
_DANISH_PRICE = (_price("21", 4, 6),)
_BRITISH_PRICE = (_price("20", 5, 4, checked=True),)
_AMERICAN_PRICE = (_price("02", 5, 4, checked=True),)


def _own_price(code: str, country: str, prefix: str) -> Profile:
    layout = (_price(prefix, 5, 5),)
    return Profile(code, country, layout, layout, _GENERAL)


_TABLE = (
    Profile("de", "Germany", _GERMAN_PRICE, _GERMAN_PRICE, _GERMANY),
    Profile(
        "de-weight",
        "Germany, weight in the number",
        (_weight("28", 4, 5, checked=True),),
        (Layout("25", 4, Measure.COUNT, 5, 0, checked=True),),
        _GERMANY,
    ),
    Profile("dk", "Denmark", _DANISH_PRICE, _DANISH_PRICE, _DENMARK),
    Profile("dk-weight", "Denmark, weight in the number", (_weight("26", 4, 6),), (), _DENMARK),
    Profile("ee", "Estonia", _NORDIC_WEIGHTS, (), _BALTIC),
    _own_price("es", "Spain", "20"),
    Profile(
        "fi",
        "Finland",
        _NORDIC_WEIGHTS,
        (),
        "https://gs1.fi/en/instructions/gs1-company-prefix/how-identify-product-gtin",
    ),
    _own_price("fr", "France", "21"),
    Profile(
        "gb",
        "United Kingdom",
        _BRITISH_PRICE,
        _BRITISH_PRICE,
        "https://www.gs1uk.org/support-training/help-to-use-and-implement-gs1-standards/barcode-variable-measure-items",
    ),
    _own_price("ch", "Switzerland", "21"),
    Profile("lt", "Lithuania", _NORDIC_WEIGHTS, (), _BALTIC),
    Profile("lv", "Latvia", _NORDIC_WEIGHTS, (), _BALTIC),
    Profile("no", "Norway", _NORDIC_PRICES, _NORDIC_PRICES, f"as Sweden: {_SWEDEN}"),
    Profile(
        "ru",
        "Russia, weight in the number",
        (_weight("22", 5, 5),),
        (Layout("23", 5, Measure.COUNT, 5, 0),),
        _GENERAL,
    ),
    Profile("se", "Sweden", _NORDIC_PRICES, _NORDIC_PRICES, _SWEDEN),
    Profile("se-weight", "Sweden, weight in the number", _NORDIC_WEIGHTS, (), _SWEDEN),
    Profile(
        "us",
        "United States and Canada: UPC-A of number system 2, written as EAN-13",
        _AMERICAN_PRICE,
        _AMERICAN_PRICE,
        "https://ref.gs1.org/standards/genspecs/ (sections 2.1.12 and 7.9)",
    ),
)
PROFILES = {profile.code: profile for profile in _TABLE}
