"""How figures are written for people, and how figures that people type are read."""

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from babel.dates import format_date, format_datetime, format_skeleton
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit
from iso3166 import countries_by_alpha2

from frontend.api.catalogue import plain
from frontend.words.languages import N_, Language
from smartscale.contract.catalogue import CatalogueItem
from smartscale.contract.weighing import MAX_WEIGHT_KG, Prediction, QualityClass, Result, Unit

NOT_A_SHARE = N_("Please enter a share in percent, for example 5")

MAX_DECIMALS = 3
ZERO = Decimal("0.000")
EM_DASH = "—"
ELLIPSIS = "…"

_CODE_BESIDE_FIGURE = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Z])")
_COMMIT = re.compile(r"[0-9a-f]{12,64}", re.ASCII)
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s*%?", re.ASCII)
_KILOGRAMS = re.compile(r"([+-]?)(\d+(?:[.,]\d*)?|[.,]\d+)(?:\s*kg)?", re.ASCII | re.IGNORECASE)

NOT_A_WEIGHT = N_("Please enter the weight in kilograms, for example 0.5")
NOT_ABOVE_ZERO = N_("The weight must be above 0 kg")
TOO_HEAVY = N_("This scale weighs up to 30 kg")
TOO_PRECISE = N_("Please use at most three decimals, for example 0.125")
NOT_A_TARE = N_("Please enter the tare in kilograms, for example 0.02, or leave it empty")
TARE_TOO_HEAVY = N_("The tare must be less than the weight")

_WORDS = (
    (0.9, N_("Very sure")),
    (0.7, N_("Quite sure")),
    (0.5, N_("Not quite sure")),
    (0.0, N_("Not sure")),
)
"""From which confidence on which words hold."""

_CATEGORIES = {
    "fruit": N_("Fruit"),
    "vegetables": N_("Vegetables"),
    "herbs": N_("Herbs"),
    "nuts": N_("Nuts"),
}
"""Categories of the catalogue that ships; a shop's own are shown as it has written them."""

QUALITIES = {
    QualityClass.EXTRA: N_("Class Extra"),
    QualityClass.FIRST: N_("Class I"),
    QualityClass.SECOND: N_("Class II"),
}

_NO_ITEM = {"unknown": N_("Unknown item"), "empty": N_("Empty scale")}
NOT_KNOWN = N_("I don't know this item")
NOTHING_THERE = N_("There is nothing on the scale")


class BadFigure(ValueError):
    """What somebody typed is no weight or tare; the text is a message of the catalogue."""


def read_weight(text: str) -> Decimal:
    """A gross weight in kg as people type it: `0.5`, `0,5`, `.5`, `0.5 kg`.

    Raises:
        BadFigure: it is not above 0 and at most 30 kg with at most 3 decimals.

    >>> read_weight("0,5 kg")
    Decimal('0.500')
    """
    weight = _kilograms(text, NOT_A_WEIGHT)
    if weight <= 0:
        raise BadFigure(NOT_ABOVE_ZERO)
    if weight > MAX_WEIGHT_KG:
        raise BadFigure(TOO_HEAVY)
    return weight.quantize(ZERO)


def read_tare(text: str, weight_kg: Decimal | None) -> Decimal | None:
    """A tare in kg; None when there is none.

    Raises:
        BadFigure: it is no weight, or not below the gross weight where that is known.

    >>> read_tare("0.02", weight_kg=Decimal("0.500"))
    Decimal('0.020')
    >>> read_tare("", weight_kg=Decimal("0.500")) is None
    True
    """
    if not text.strip():
        return None
    tare = _kilograms(text, NOT_A_TARE)
    if tare < 0:
        raise BadFigure(NOT_A_TARE)
    if tare >= (MAX_WEIGHT_KG if weight_kg is None else weight_kg):
        raise BadFigure(TARE_TOO_HEAVY)
    return tare.quantize(ZERO)


def _kilograms(text: str, otherwise: str) -> Decimal:
    found = _KILOGRAMS.fullmatch(text.strip())
    if found is None:
        raise BadFigure(otherwise)
    sign, digits = found.groups()
    whole, _, decimals = digits.replace(",", ".").partition(".")
    if len(decimals.rstrip("0")) > MAX_DECIMALS:
        raise BadFigure(TOO_PRECISE)
    return Decimal(f"{sign}{whole or 0}.{decimals.rstrip('0') or 0}")


def read_percent(text: str) -> Decimal:
    """A share between 0 and 1 from percent.

    Raises:
        BadFigure: it is no such share.

    >>> read_percent("12,5 %")
    Decimal('0.125')
    """
    found = _PERCENT.fullmatch(text.strip())
    share = Decimal(found[1].replace(",", ".")) / 100 if found else None
    if share is None or share > 1:
        raise BadFigure(NOT_A_SHARE)
    return share


def money(amount: Decimal, currency: str, language: Language) -> str:
    r"""An amount as the language writes it: `€1.25`, `1,25 €`. A unit price may have more decimals.

    The figures are those of the API: its amounts are rounded already, and are only shown here.

    >>> from frontend.words.languages import load_languages
    >>> money(Decimal("1.25"), "EUR", load_languages()["en"])
    '€1.25'
    >>> money(Decimal("1.25"), "EUR", load_languages()["de"])
    '1,25\xa0€'
    """
    text = format_currency(amount, currency, locale=language.locale, decimal_quantization=False)
    # Currencies without a sign of their own stand off from the figure (CLDR's
    # alphaNextToNumber, which Babel does not use yet).
    return _CODE_BESIDE_FIGURE.sub("\u00a0", text)


def kilograms(weight: Decimal, language: Language) -> str:
    r"""A weight with three decimals, as scales show it: `0.500 kg`.

    >>> from frontend.words.languages import load_languages
    >>> kilograms(Decimal("0.5"), load_languages()["en"])
    '0.500\xa0kg'
    >>> kilograms(Decimal("0.5"), load_languages()["de"])
    '0,500\xa0kg'
    """
    # A figure without its unit is no weight.
    return _measured(weight, "mass-kilogram", "0.000", language)


def kilogram_sign(language: Language) -> str:
    """How the language writes the unit: `kg`, `кг`.

    >>> from frontend.words.languages import load_languages
    >>> kilogram_sign(load_languages()["en"])
    'kg'
    >>> kilogram_sign(load_languages()["ru"])
    'кг'
    """
    return sign("mass-kilogram", language)


def sign(unit: str, language: Language) -> str:
    """What CLDR writes behind a figure of a unit: `ms`, in Russian `мс`.

    >>> from frontend.words.languages import load_languages
    >>> sign("duration-millisecond", load_languages()["ru"])
    'мс'
    """
    one = format_unit(1, unit, length="short", locale=language.locale)
    return one.replace("1", "").strip()


def editable(weight: Decimal, language: Language) -> str:
    """A weight as one would type it: `0.500`, in German `0,500`.

    >>> from frontend.words.languages import load_languages
    >>> editable(Decimal("0.5"), load_languages()["de"])
    '0,500'
    """
    return format_decimal(weight, "0.000", locale=language.locale)


def retyped(text: str, language: Language) -> str:
    """A weight that was typed, as one would type it in another language; else what was typed.

    >>> from frontend.words.languages import load_languages
    >>> retyped("0.5 kg", load_languages()["de"])
    '0,500'
    >>> retyped("half", load_languages()["de"])
    'half'
    """
    try:
        weight = _kilograms(text, NOT_A_WEIGHT)
    except BadFigure:
        return text
    return editable(weight, language)


def percent(share: float, language: Language) -> str:
    """A share as whole percent: `93%`; what is there but is less than one is `<1%`.

    >>> from frontend.words.languages import load_languages
    >>> percent(0.93, load_languages()["en"]), percent(0.004, load_languages()["en"])
    ('93%', '<1%')
    """
    if 0 < share < 0.01:  # noqa: PLR2004 - one percent
        return f"<{format_percent(0.01, locale=language.locale)}"
    return format_percent(share, locale=language.locale)


def rate(share: float, language: Language) -> str:
    """A share with one decimal where it has one: `12.5%`.

    >>> from frontend.words.languages import load_languages
    >>> rate(0.125, load_languages()["en"])
    '12.5%'
    """
    return format_percent(round(share, 3), locale=language.locale, decimal_quantization=False)


def confidence(share: float, language: Language, *, asks: bool = False) -> str:
    """A confidence in words; nobody who has to ask is very sure.

    >>> from frontend.words.languages import load_languages
    >>> confidence(0.97, load_languages()["en"])
    'Very sure'
    >>> confidence(0.97, load_languages()["en"], asks=True)
    'Quite sure'
    """
    words_from = _WORDS[1:] if asks else _WORDS
    return language(next(words for least, words in words_from if share >= least))


def item_name(label: str | None, name: str | None, language: Language) -> str:
    """The name of an answer, also of those that are no item.

    >>> from frontend.words.languages import load_languages
    >>> item_name("Lime", "Limetten", load_languages()["de"])
    'Limetten'
    >>> item_name("unknown", None, load_languages()["de"])
    'Unbekannter Artikel'
    """
    message = _NO_ITEM.get(label or "")
    return language(message) if message else name or label or ""


def category(name: str, language: Language) -> str:
    """A category of the catalogue.

    >>> from frontend.words.languages import load_languages
    >>> category("fruit", load_languages()["fr"])
    'Fruits'
    >>> category("mushrooms", load_languages()["fr"])
    'Mushrooms'
    """
    message = _CATEGORIES.get(name)
    return language(message) if message else name.capitalize()


def unit_price(
    price: Decimal | None, currency: str | None, unit: Unit | None, language: Language
) -> str:
    """What a kilogram, a pound, 100 g or a piece costs: `€2.49/kg`, `€0.99/100 g`, `€1.29 each`.

    >>> from frontend.words.languages import load_languages
    >>> unit_price(Decimal("2.49"), "EUR", Unit.KG, load_languages()["en"])
    '€2.49/kg'
    >>> unit_price(Decimal("1.29"), "EUR", Unit.EACH, load_languages()["en"])
    '€1.29 each'
    """
    if price is None or currency is None or unit is None:
        return language("no price yet")
    amount = money(price, currency, language)
    match unit:
        case Unit.EACH:
            return language("{price} each", price=amount)
        case Unit.KG:
            return f"{amount}/{kilogram_sign(language)}"
        case Unit.LB:
            return f"{amount}/{sign('mass-pound', language)}"
        case Unit.HUNDRED_GRAMS:
            return f"{amount}/{_measured(100, 'mass-gram', '0', language)}"


def item_price(item: CatalogueItem, language: Language) -> str:
    """What an item of the catalogue costs.

    >>> from frontend.words.languages import load_languages
    >>> limes = CatalogueItem.model_construct(
    ...     unit=Unit.EACH, unit_price=Decimal("0.39"), currency="EUR"
    ... )
    >>> item_price(limes, load_languages()["en"])
    '€0.39 each'
    """
    return unit_price(item.unit_price, item.currency, item.unit, language)


def prediction_price(prediction: Prediction, language: Language) -> str:
    """What a kilogram or a piece of a prediction costs.

    >>> from frontend.words.languages import load_languages
    >>> limes = Prediction.model_construct(
    ...     label="Lime",
    ...     name="Limes",
    ...     unit=Unit.EACH,
    ...     unit_price=Decimal("0.39"),
    ...     quantity=3,
    ...     total=Decimal("1.17"),
    ...     currency="EUR",
    ... )
    >>> prediction_price(limes, load_languages()["en"])
    '3 × €0.39 each'
    """
    each = unit_price(prediction.unit_price, prediction.currency, prediction.unit, language)
    if prediction.unit is Unit.EACH and prediction.quantity > 1:
        return f"{prediction.quantity} × {_isolated(each, language)}"
    return each


def total(prediction: Prediction, language: Language) -> str:
    """What this weighing would cost as this prediction.

    >>> from frontend.words.languages import load_languages
    >>> limes = Prediction.model_construct(
    ...     label="Lime",
    ...     name="Limes",
    ...     unit=Unit.EACH,
    ...     unit_price=Decimal("0.39"),
    ...     quantity=3,
    ...     total=Decimal("1.17"),
    ...     currency="EUR",
    ... )
    >>> total(limes, load_languages()["en"])
    '€1.17'
    """
    if prediction.total is None or prediction.currency is None:
        return language("no price yet")
    return money(prediction.total, prediction.currency, language)


def price(result: Result, language: Language) -> str:
    """What a weighing costs, a dash when it has no price.

    >>> from frontend.words.languages import load_languages
    >>> bananas = Result.model_construct(
    ...     label="Banana",
    ...     name="Bananas",
    ...     net_kg=Decimal("0.500"),
    ...     unit=Unit.KG,
    ...     unit_price=Decimal("2.49"),
    ...     price=Decimal("1.25"),
    ...     currency="EUR",
    ... )
    >>> price(bananas, load_languages()["en"])
    '€1.25'
    """
    if result.price is None or result.currency is None:
        return EM_DASH
    return money(result.price, result.currency, language)


def spoken(result: Result, language: Language) -> str:
    r"""An answer as a screen reader says it.

    >>> from frontend.words.languages import load_languages
    >>> bananas = Result.model_construct(
    ...     label="Banana",
    ...     name="Bananas",
    ...     net_kg=Decimal("0.500"),
    ...     unit=Unit.KG,
    ...     unit_price=Decimal("2.49"),
    ...     price=Decimal("1.25"),
    ...     currency="EUR",
    ... )
    >>> spoken(bananas, load_languages()["en"])
    'Bananas, 0.500\xa0kg, €1.25'
    """
    message = {"unknown": NOT_KNOWN, "empty": NOTHING_THERE}.get(result.sold_label or "")
    if message:
        return language(message)
    if result.unit is Unit.EACH:
        each = unit_price(result.unit_price, result.currency, result.unit, language)
        amount = f"{result.quantity or 1} × {each}"
    else:
        amount = net_weight(result, language)
    return f"{result.name}, {amount}, {price(result, language)}"


def recognised(result: Result, language: Language) -> str:
    """What a weighing was taken for, and that one's price: `recognised as Mango, €3.98`.

    For whoever checks a weighing that was sold as something else.

    >>> from frontend.words.languages import load_languages
    >>> limes = Prediction.model_construct(
    ...     label="Lime",
    ...     name="Limes",
    ...     unit=Unit.EACH,
    ...     unit_price=Decimal("0.39"),
    ...     quantity=3,
    ...     total=Decimal("1.17"),
    ...     currency="EUR",
    ... )
    >>> weighing = Result.model_construct(label="Lime", top_k=(limes,), confirmed_label="Lemon")
    >>> recognised(weighing, load_languages()["en"])
    'recognised as Limes, €1.17'
    """
    answer = next((one for one in result.top_k if one.label == result.label), None)
    if answer is None:
        return ""
    return language(
        "recognised as {name}, {price}", name=answer.name, price=total(answer, language)
    )


def calculation(result: Result, language: Language) -> str:
    r"""How the price came about: `€2.49/kg × 0.500 kg = €1.25`.

    >>> from frontend.words.languages import load_languages
    >>> bananas = Result.model_construct(
    ...     label="Banana",
    ...     name="Bananas",
    ...     net_kg=Decimal("0.500"),
    ...     unit=Unit.KG,
    ...     unit_price=Decimal("2.49"),
    ...     price=Decimal("1.25"),
    ...     currency="EUR",
    ... )
    >>> calculation(bananas, load_languages()["en"])
    '€2.49/kg × 0.500\xa0kg = €1.25'
    """
    each = unit_price(result.unit_price, result.currency, result.unit, language)
    if result.unit is Unit.EACH:
        factors = (str(result.quantity or 1), each)
    else:
        factors = (each, net_weight(result, language))
    first, second, outcome = (
        _isolated(part, language) for part in (*factors, price(result, language))
    )
    return f"{first} × {second} = {outcome}"


def _isolated(figure: str, language: Language) -> str:
    """A figure that keeps its own order of signs inside a line that runs from right to left."""
    return f"\u2068{figure}\u2069" if language.direction == "rtl" else figure


def net_weight(result: Result, language: Language) -> str:
    r"""The net weight, a dash when there is none.

    >>> from frontend.words.languages import load_languages
    >>> bananas = Result.model_construct(
    ...     label="Banana",
    ...     name="Bananas",
    ...     net_kg=Decimal("0.500"),
    ...     unit=Unit.KG,
    ...     unit_price=Decimal("2.49"),
    ...     price=Decimal("1.25"),
    ...     currency="EUR",
    ... )
    >>> net_weight(bananas, load_languages()["en"])
    '0.500\xa0kg'
    """
    return EM_DASH if result.net_kg is None else kilograms(result.net_kg, language)


def load(result: Result, language: Language) -> str:
    r"""What was on the scale: its net weight, and of what is sold by the piece how many.

    >>> from frontend.words.languages import load_languages
    >>> peppers = Result.model_construct(
    ...     label="Green-Bell-Pepper", net_kg=Decimal("0.702"), unit=Unit.EACH, quantity=4
    ... )
    >>> load(peppers, load_languages()["en"])
    '4 pieces · 0.702\xa0kg'
    """
    weight = net_weight(result, language)
    if result.unit is not Unit.EACH:
        return weight
    return f"{language.plural('{n} piece', '{n} pieces', result.quantity or 1)} · {weight}"


def clock_time(moment: datetime, language: Language) -> str:
    """A moment on the shop's clock: `25 Nov, 14:05`.

    >>> from frontend.words.languages import load_languages
    >>> from datetime import UTC
    >>> clock_time(datetime(2026, 11, 28, 14, 5, tzinfo=UTC), load_languages()["en"])
    'Nov 28, 14:05'
    """
    local = moment.astimezone(language.zone)
    day = format_skeleton("MMMd", local, locale=language.locale)
    return f"{day}, {format_datetime(local, 'HH:mm', locale=language.locale)}"


def day(moment: date, language: Language) -> str:
    """A day: `25 Nov`.

    >>> from frontend.words.languages import load_languages
    >>> day(date(2026, 11, 28), load_languages()["en"])
    'Nov 28'
    >>> day(date(2026, 11, 28), load_languages()["de"])
    '28. Nov.'
    """
    return format_skeleton("MMMd", moment, locale=language.locale)


def day_and_time(moment: datetime, language: Language) -> str:
    """A moment on the shop's clock that may be far away: `1 Dec 2026, 06:00`.

    >>> from frontend.words.languages import load_languages
    >>> from datetime import UTC
    >>> day_and_time(datetime(2026, 12, 1, 6, 0, tzinfo=UTC), load_languages()["en"])
    'Dec 1, 2026, 06:00'
    """
    local = moment.astimezone(language.zone)
    day = format_skeleton("yMMMd", local, locale=language.locale)
    return f"{day}, {format_datetime(local, 'HH:mm', locale=language.locale)}"


def full_day(moment: date, language: Language) -> str:
    """A day with its year: `28 Nov 2026`.

    >>> from frontend.words.languages import load_languages
    >>> full_day(date(2026, 11, 28), load_languages()["de"])
    '28.11.2026'
    """
    return format_date(moment, "medium", locale=language.locale)


def offer_until(until: datetime, language: Language) -> str:
    """Until when an offer holds: its last day, where it ends with a day of the shop.

    >>> from frontend.words.languages import load_languages
    >>> from datetime import UTC
    >>> offer_until(datetime(2026, 12, 6, tzinfo=UTC), load_languages()["en"])
    'Offer until Dec 5, 2026'
    >>> offer_until(datetime(2026, 12, 5, 18, tzinfo=UTC), load_languages()["en"])
    'Offer until Dec 5, 2026, 18:00'
    """
    local = until.astimezone(language.zone)
    if local.time() == time():
        end = full_day(local.date() - timedelta(days=1), language)
    else:
        end = day_and_time(until, language)
    return language("Offer until {time}", time=end)


def country(code: str, language: Language) -> str:
    """The name of a country by its code in ISO 3166-1.

    >>> from frontend.words.languages import load_languages
    >>> country("ES", load_languages()["de"])
    'Spanien'
    """
    return str(language.locale.territories.get(code, code))


def countries(language: Language) -> dict[str, str]:
    """The names of all countries by their codes, in the order of the language's alphabet.

    >>> from frontend.words.languages import load_languages
    >>> next(iter(countries(load_languages()["de"]).items()))
    ('AF', 'Afghanistan')
    """
    named = {code: country(code, language) for code in countries_by_alpha2}
    return dict(sorted(named.items(), key=lambda one: plain(one[1])))


def quality(quality_class: QualityClass, language: Language) -> str:
    """A class of the European marketing standards.

    >>> from frontend.words.languages import load_languages
    >>> quality(QualityClass.FIRST, load_languages()["de"])
    'Klasse I'
    """
    return language(QUALITIES[quality_class])


def declared(shown: CatalogueItem | Result, language: Language) -> str:
    """Origin, variety and class of produce, as a price sign has them: `Spain · Gala · Class I`.

    >>> from frontend.words.languages import load_languages
    >>> pears = Result.model_construct(origin="IT", quality_class=QualityClass.FIRST)
    >>> declared(pears, load_languages()["en"])
    'Italy · Class I'
    """
    said = (
        shown.origin and country(shown.origin, language),
        shown.variety,
        shown.quality_class and quality(shown.quality_class, language),
    )
    return " · ".join(filter(None, said))


def offer(shown: CatalogueItem | Result, language: Language) -> str | None:
    """What an offer is lower than, and until when it holds; None where there is none.

    >>> from frontend.words.languages import load_languages
    >>> from datetime import UTC
    >>> limes = Result.model_construct(
    ...     unit=Unit.EACH,
    ...     unit_price_before=Decimal("0.49"),
    ...     offer_until=datetime(2026, 12, 6, tzinfo=UTC),
    ...     currency="EUR",
    ... )
    >>> offer(limes, load_languages()["en"])
    'Offer until Dec 5, 2026 · was €0.49 each'
    """
    if shown.unit_price_before is None or shown.offer_until is None:
        return None
    before = unit_price(shown.unit_price_before, shown.currency, shown.unit, language)
    return f"{offer_until(shown.offer_until, language)} · {language('was {price}', price=before)}"


def milliseconds(duration: float | None, language: Language) -> str:
    r"""A latency: `84 ms`, from a second on `1.2 s`.

    >>> from frontend.words.languages import load_languages
    >>> milliseconds(84, load_languages()["en"]), milliseconds(1234, load_languages()["en"])
    ('84\xa0ms', '1.2\xa0sec')
    """
    if duration is None:
        return EM_DASH
    if duration < 1000:  # noqa: PLR2004 - a second
        return _measured(duration, "duration-millisecond", "#,##0", language)
    return _measured(duration / 1000, "duration-second", "0.0", language)


def _measured(value: float | Decimal, unit: str, form: str, language: Language) -> str:
    """A figure that keeps to its unit."""
    text = format_unit(value, unit, length="short", format=form, locale=language.locale)
    return text.replace(" ", "\u00a0")


def revision(name: str) -> str:
    """A revision as one says it: a commit by its first digits.

    >>> revision("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"), revision("v2.1")
    ('9f86d08188', 'v2.1')
    """
    return name[:10] if _COMMIT.fullmatch(name) else name


def decimal(number: float, language: Language) -> str:
    """A number with up to two decimals.

    >>> from frontend.words.languages import load_languages
    >>> decimal(0.456, load_languages()["de"])
    '0,46'
    """
    return format_decimal(round(number, 2), locale=language.locale)


def count(number: int, language: Language) -> str:
    """A number with the language's grouping.

    >>> from frontend.words.languages import load_languages
    >>> count(12_345, load_languages()["en"])
    '12,345'
    >>> count(12_345, load_languages()["de"])
    '12.345'
    """
    return format_decimal(number, locale=language.locale)
