"""Coarse classes: apple, whichever apple. `hierarchy.json` lists them with their labels.

The classes are the Grocery Store Dataset's (its `classes.csv`), with names that people also use.
A label that is not listed is a coarse class of its own.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from smartscale.domain.names import plain_name, spaced


@dataclass(frozen=True)
class CoarseClass:
    """A kind of produce, whatever its variety."""

    name: str


def coarse_of(label: str) -> CoarseClass:
    """The coarse class that a label belongs to."""
    alone = CoarseClass(" ".join(spaced(label).split()))
    return _by_label().get(plain_name(label), alone)


def find_coarse(name: str) -> CoarseClass | None:
    """The listed coarse class of that name, in whatever style, singular or plural."""
    return next((_by_name()[key] for key in spellings(name) if key in _by_name()), None)


def find_label(name: str, labels: Iterable[str]) -> str | None:
    """The label of that name, in whatever style, singular or plural."""
    known = {plain_name(label): label for label in labels}
    return next((known[key] for key in spellings(name) if key in known), None)


def spellings(name: str) -> Iterator[str]:
    """A plain name as it is, then as its plural and as what it may be the plural of."""
    plain = plain_name(name)
    yield from (plain, f"{plain}s")
    yield from (plain.removesuffix(ending) for ending in ("s", "es") if plain.endswith(ending))


@cache
def _by_label() -> dict[str, CoarseClass]:
    return {
        plain_name(label): CoarseClass(kind.name) for kind in _listed() for label in kind.labels
    }


@cache
def _by_name() -> dict[str, CoarseClass]:
    return {
        plain_name(name): CoarseClass(kind.name)
        for kind in _listed()
        for name in (kind.name, *kind.also)
    }


@dataclass(frozen=True)
class _Kind:
    """An entry of `hierarchy.json`; `also` is what else people call it."""

    name: str
    labels: list[str]
    also: list[str] = field(default_factory=list)


def _listed() -> list[_Kind]:
    text = (files("smartscale.recognition") / "hierarchy.json").read_text(encoding="utf-8")
    return [_Kind(**entry) for entry in json.loads(text)]
