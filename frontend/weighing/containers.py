"""The containers that the shop gives out, whose weight is known."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from frontend.weighing.flow import NOTHING
from frontend.words.languages import N_

GIVEN_OUT = "Paper bag=0.006; Mesh bag=0.010; Tray=0.025; Box=0.060; Jar=0.250"
"""An example; a shop weighs its own containers."""
_KNOWN = (N_("Paper bag"), N_("Mesh bag"), N_("Tray"), N_("Box"), N_("Jar"))
"""Names that the catalogues translate. Other names are shown as the shop has written them."""
_HEAVIEST_KG = Decimal(5)
_MOST = 12
_LONGEST_NAME = 40
_GRAM = Decimal("0.001")


@dataclass(frozen=True)
class Container:
    """A container and what it weighs empty, in kg."""

    name: str
    """A message of the catalogues, or the shop's own word."""
    tare_kg: Decimal


def read_containers(text: str) -> tuple[Container, ...]:
    """Read containers as the operator writes them: `Paper bag=0.006; Box=0.060`.

    Raises:
        ValueError: one has no name, or no weight above 0 and up to 5 kg with at most 3 decimals;
            or there are more than 12.
    """
    found = tuple(map(_read, filter(None, (part.strip() for part in text.split(";")))))
    if len(found) > _MOST:
        raise ValueError(f"use at most {_MOST} containers")
    if len(set(_names(found))) < len(found):
        raise ValueError("give each container a name of its own")
    return found


def _read(text: str) -> Container:
    name, _, figure = (part.strip() for part in text.partition("="))
    try:
        kg = Decimal(figure)
    except InvalidOperation:
        kg = NOTHING
    right = kg.is_finite() and 0 < kg <= _HEAVIEST_KG and kg == kg.quantize(_GRAM)
    if not 0 < len(name) <= _LONGEST_NAME or not right:
        raise ValueError("use names with kilograms, such as Paper bag=0.006; Box=0.060")
    return Container(name, kg.quantize(_GRAM))


def _names(containers: Iterable[Container]) -> Iterable[str]:
    return (one.name.casefold() for one in containers)
