"""What a shop declares of its produce: origin, class, variety, and how long it keeps.

Regulation (EU) 1308/2013, article 76, and the marketing standards under it want country of origin,
class and, of some kinds, the variety shown where fruit and vegetables are sold.
"""

import re
from enum import StrEnum
from typing import Any, Self

from iso3166 import countries_by_alpha2
from pydantic import BaseModel, ConfigDict

from smartscale.domain.errors import InvalidInput

MOST_DAYS = 730
_VARIETY = re.compile(r"[^\x00-\x1f\x7f]{1,60}")
_DAYS = re.compile(r"[0-9]{1,3}", re.ASCII)


class QualityClass(StrEnum):
    """The classes of the European marketing standards."""

    EXTRA = "extra"
    FIRST = "I"
    SECOND = "II"


_CLASSES = {one.casefold(): one for one in QualityClass}


class Declaration(BaseModel):
    """What is declared of a product; None where nothing is."""

    model_config = ConfigDict(frozen=True)

    origin: str | None = None
    """The country it was grown in, by its code of two letters in ISO 3166-1."""
    quality_class: QualityClass | None = None
    variety: str | None = None
    best_before_days: int | None = None
    """How many days after it was packed it keeps; 0 is the same day. None: no date is printed."""

    @classmethod
    def read(
        cls,
        *,
        origin: str = "",
        quality_class: str = "",
        variety: str = "",
        best_before_days: str = "",
    ) -> Self:
        """Read a declaration from text; an empty one leaves its field unset.

        Raises:
            InvalidInput: a field is not what it has to be; the message names it.

        >>> Declaration.read(origin="es", quality_class="i", best_before_days="5").declared
        {'origin': 'ES', 'quality_class': <QualityClass.FIRST: 'I'>, 'best_before_days': 5}
        """
        found: dict[str, Any] = {}
        if origin:
            found["origin"] = origin.upper()
            if origin.upper() not in countries_by_alpha2:
                raise InvalidInput(
                    "origin {text} must be a country's code of two letters in ISO 3166, such as "
                    "ES for Spain.",
                    text=repr(origin[:40]),
                )
        if quality_class:
            found["quality_class"] = _CLASSES.get(quality_class.casefold())
            if found["quality_class"] is None:
                raise InvalidInput(
                    "{field} {text} must be one of: {choices}.",
                    field="quality_class",
                    text=repr(quality_class[:40]),
                    choices=", ".join(QualityClass),
                )
        if variety:
            found["variety"] = variety.strip()
            if not _VARIETY.fullmatch(variety.strip()):
                raise InvalidInput(
                    "variety {text} must be a name of at most 60 letters, such as Elstar.",
                    text=repr(variety[:40]),
                )
        if best_before_days:
            if not _DAYS.fullmatch(best_before_days) or int(best_before_days) > MOST_DAYS:
                raise InvalidInput(
                    "best_before_days {text} must be a number of days from 0 to {limit}, such as "
                    "5.",
                    text=repr(best_before_days[:40]),
                    limit=MOST_DAYS,
                )
            found["best_before_days"] = int(best_before_days)
        return cls(**found)

    @property
    def declared(self) -> dict[str, Any]:
        """The fields that are declared."""
        values = {name: getattr(self, name) for name in Declaration.model_fields}
        return {name: value for name, value in values.items() if value is not None}
