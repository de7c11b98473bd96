"""What the API refuses of staff and shoppers, in the languages of the kiosk.

The API speaks English. With each refusal it sends the message and its values, and the message is
looked up in the kiosk's translations.
"""

import re

from frontend.words.languages import N_, Language
from smartscale.contract.problem import Fault

REFUSALS = (
    N_("label {text} must be a name such as Granny-Smith."),
    N_(
        "plu {text} must be a PLU code of 1 to 5 digits without leading zeros, such as "
        "4011, 94011 or 81."
    ),
    N_("unit_price {text} must be a price such as 2.49."),
    N_("{field} {text} must be kilograms with at most 3 decimals, such as 0.120."),
    N_("currency {text} must be a code of ISO 4217, such as EUR."),
    N_("{label} is an answer of the model, not an item to sell."),
    N_("{field} {text} must be one of: {choices}."),
    N_("unit_price must be above 0."),
    N_("unit_price {price} has more decimals than {currency}: such as {right}."),
    N_("tare_kg must be below {limit}."),
    N_("valid_to must be after valid_from."),
    N_("piece_kg_min must be above 0 and at most piece_kg_max, and that at most {limit}."),
    N_("origin {text} must be a country's code of two letters in ISO 3166, such as ES for Spain."),
    N_("variety {text} must be a name of at most 60 letters, such as Elstar."),
    N_("best_before_days {text} must be a number of days from 0 to {limit}, such as 5."),
    N_("names must hold at least an English name, as en."),
    N_("The name in {language} must be one line of at most {limit} letters."),
    N_("{text} is not a date: write it as 2026-11-25 or 2026-11-25T08:00:00Z."),
    N_("The year of {text} must be from {first} to {last}."),
    N_("There is {label} already: change that one."),
    N_("PLU {plu} comes twice."),
    N_("{label} comes twice."),
    N_(
        "{label} comes twice: rows of one item may differ in unit_price, valid_from and "
        "valid_to alone."
    ),
    N_("the number of fields differs from the header's."),
    N_("not valid CSV: {reason}."),
    N_("The catalogue file lacks the columns: {columns}."),
    N_("These columns come twice: {columns}."),
    N_("A column has no name."),
    N_("The column {column} is not known: is it {near}?"),
    N_("The column {column} is not known."),
    N_("The file is not UTF-8 text: in Excel, save it as `CSV UTF-8`."),
    N_("And {n} lines more."),
    N_("PLU {plu} is taken by {other}."),
    N_("{label} has no price after its offer: give its usual price in a row without valid_to."),
    N_("The catalogue was changed meanwhile: look at the preview again."),
    N_("{label} was changed meanwhile: look at it again."),
    N_(
        "{quantity} pieces of {label} cannot weigh {net_kg} kg: one weighs {least} to {most} kg, "
        "so it is {likely}."
    ),
)
"""The messages of the domain, so that they are extracted and translated. A message of a newer API
that is not here is shown in English."""


FIELDS = {
    "plu": N_("PLU number"),
    "unit_price": N_("Unit price"),
    "tare_kg": N_("Usual tare"),
    "piece_kg_min": N_("A piece weighs at least"),
    "piece_kg_max": N_("A piece weighs at most"),
    "origin": N_("Origin"),
    "variety": N_("Variety"),
    "best_before_days": N_("Keeps for days (empty: no date printed)"),
    "label": N_("Label"),
}
"""What the form calls the fields that the API names."""
_NAMED = re.compile(rf"\b({'|'.join(FIELDS)})\b")


def _with_titles(sentence: str, t: Language) -> str:
    return _NAMED.sub(lambda found: f"“{t(FIELDS[str(found[0])])}”", sentence)


def fault_words(fault: Fault, t: Language) -> str:
    """One fault as staff read it, with its line where it is one of a file.

    >>> from frontend.words.languages import load_languages
    >>> fault = Fault(
    ...     line=3,
    ...     detail="PLU 4011 comes twice.",
    ...     message="PLU {plu} comes twice.",
    ...     values={"plu": "4011"},
    ... )
    >>> fault_words(fault, load_languages()["de"])
    'Zeile 3: PLU 4011 kommt zweimal vor.'
    """
    sentence = fault.detail
    if fault.message in REFUSALS:
        sentence = t(fault.message, **fault.values)
    if fault.line is None:
        # Of one item, in a form; what is said of a file names its columns.
        of_item = fault.message.startswith(("{field}", *FIELDS))
        return _with_titles(sentence, t) if of_item else sentence
    return t("line {line}: {sentence}", line=fault.line, sentence=sentence)
