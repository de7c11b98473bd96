"""What a scale shows: gross weight, tare, pieces, and which scale it is."""

import re
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict

from smartscale.domain.errors import InvalidInput

MAX_WEIGHT_KG = Decimal(30)
MAX_QUANTITY = 99
DEFAULT_SCALE_ID = "unknown-scale"

_KILOGRAMS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?", re.ASCII)
_QUANTITY = re.compile(r"[0-9]{1,9}", re.ASCII)
_SCALE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


class Load(BaseModel):
    """What the scale shows: gross weight, the tare the shopper asked for, and how many pieces.

    `tare_kg` is None when nobody gave one: then the item's own tare from the catalogue applies.
    `quantity` is None when nobody counted: then the weight suggests a number.
    """

    model_config = ConfigDict(frozen=True)

    weight_kg: Decimal
    tare_kg: Decimal | None = None
    quantity: int | None = None

    @classmethod
    def parse(
        cls, weight: str | None, tare: str | None = None, quantity: str | int | None = None
    ) -> Self:
        """Read a load from text.

        Raises:
            InvalidInput: weight is not above 0 and at most 30 kg with at most 3 decimals, tare is
                not below the weight, or quantity is not a whole number from 1 to 99.
        """
        if weight is None or not weight.strip():
            raise InvalidInput("The weight is missing: send it in kilograms, such as 0.450.")
        weight_kg = _kilograms("weight", weight)
        if weight_kg <= 0:
            raise InvalidInput("The weight must be above 0 kg.")
        if weight_kg > MAX_WEIGHT_KG:
            raise InvalidInput(f"The weight must be at most {MAX_WEIGHT_KG} kg.")
        tare_kg = None
        if tare is not None and tare.strip():
            tare_kg = _kilograms("tare", tare)
            if tare_kg >= weight_kg:
                raise InvalidInput(
                    f"The tare ({tare_kg} kg) must be below the weight ({weight_kg} kg)."
                )
        counted = None if quantity is None or quantity == "" else parse_quantity(quantity)
        return cls(weight_kg=weight_kg, tare_kg=tare_kg, quantity=counted)


def _kilograms(what: str, text: str) -> Decimal:
    text = text.strip()
    if not _KILOGRAMS.fullmatch(text):
        raise InvalidInput(
            f"The {what} {text[:40]!r} is not a weight: send kilograms as a plain decimal number "
            "with at most 3 decimals, such as 0.450."
        )
    return Decimal(text).quantize(Decimal("0.001"))


def parse_quantity(quantity: str | int) -> int:
    """A number of pieces.

    Raises:
        InvalidInput: it is not a whole number from 1 to 99.
    """
    text = str(quantity).strip()
    if not _QUANTITY.fullmatch(text) or not 1 <= int(text) <= MAX_QUANTITY:
        raise InvalidInput(f"The quantity must be a whole number from 1 to {MAX_QUANTITY}.")
    return int(text)


def parse_scale_id(scale_id: str | None) -> str:
    """The scale a weighing comes from.

    Raises:
        InvalidInput: it holds other characters than letters, digits, `.`, `_`, `-`.
    """
    if scale_id is None or not scale_id.strip():
        return DEFAULT_SCALE_ID
    if not _SCALE_ID.fullmatch(scale_id.strip()):
        raise InvalidInput(
            "The scale id must be 1 to 64 letters, digits, dots, dashes or underscores."
        )
    return scale_id.strip()
