"""What every document of the API has in common."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema


class Document(BaseModel):
    """A document of the API. An older reader ignores fields that a newer service adds."""

    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


def _not_binary(value: object) -> object:
    if isinstance(value, float):
        raise ValueError("must be text such as 2.49: a binary float is not exact")  # noqa: TRY004
    return value


Exact = Annotated[
    Decimal,
    BeforeValidator(_not_binary),
    PlainSerializer(lambda amount: f"{amount:f}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string"}),
]
"""An amount of money or a weight in kilograms: text such as `2.49` on the wire, else a Decimal. Its
decimals are those that were sent, so that `0.500` stays `0.500`."""


FALLBACK_LANGUAGE = "en"
"""The language of a name where the requested language has none."""


def in_language(names: dict[str, str], language: str, otherwise: str | None) -> str:
    """The name in a language, else in English, else the given fallback.

    >>> in_language({"en": "Bananas", "de": "Bananen"}, "fr", "Banana")
    'Bananas'
    """
    return names.get(language) or names.get(FALLBACK_LANGUAGE) or otherwise or ""
