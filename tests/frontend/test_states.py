"""Every state that the API can answer has words at the kiosk, in each of its languages."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import smartscale.contract
from frontend.staff.catalogue import item_form, item_import
from frontend.staff.history import correction, weighings
from frontend.staff.models import labels, lessons, memory, serving, trial
from frontend.words import wording
from frontend.words.languages import SOURCE, load_languages
from smartscale.contract import document
from smartscale.contract.catalogue import ChangeKind, QualityClass, SoldAs
from smartscale.contract.memory import HeldBecause, MemoryProgress, Teacher
from smartscale.contract.models import ImportStep, Mapped, Mode, SwitchState, TrialState
from smartscale.contract.weighing import Act, ConfirmedBy, Status, Unit

DRAWN: Mapping[type[StrEnum], Mapping[Any, Any]] = {
    Act: correction.ACTS,
    ChangeKind: item_import.KINDS,
    ConfirmedBy: correction.CONFIRMERS,
    HeldBecause: lessons.REASONS,
    ImportStep: serving.STEPS,
    Mapped: labels.HOW,
    MemoryProgress: memory.STATES,
    Mode: trial.MODES,
    QualityClass: wording.QUALITIES,
    SoldAs: item_form.SOLD_AS,
    Status: weighings.STATES,
    SwitchState: serving.STATES,
    Teacher: lessons.TEACHERS,
    TrialState: trial.ENDS,
    Unit: item_form.UNITS,
}
PILLS = {"good", "ask", "bad", "plain"}
"""How a state is drawn; these are no words."""


def words(said: object) -> Iterator[str]:
    """The messages of an entry: one, or several, or one beside the kind of its pill."""
    for one in said if isinstance(said, tuple) else (said,):
        assert isinstance(one, str)
        if one not in PILLS:
            yield one


def enumerations(annotation: Any) -> Iterator[type[StrEnum]]:
    """The enumerations that a field may hold, however deep."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield annotation
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for field in annotation.model_fields.values():
            yield from enumerations(field.annotation)
    for inner in get_args(annotation):
        yield from enumerations(inner)


def documents() -> Iterator[type[document.Document]]:
    """Every document of the contract."""
    for module in iter_modules(smartscale.contract.__path__, "smartscale.contract."):
        held: ModuleType = __import__(module.name, fromlist=["_"])
        for one in vars(held).values():
            if isinstance(one, type) and issubclass(one, document.Document):
                yield one


def test_every_enumeration_of_the_contract_is_drawn() -> None:
    sent = {
        enumeration
        for one in documents()
        for field in one.model_fields.values()
        for enumeration in enumerations(field.annotation)
    }
    assert sent == set(DRAWN)


@pytest.mark.parametrize("enumeration", DRAWN, ids=lambda one: one.__name__)
def test_every_state_has_words_in_every_language(enumeration: type[StrEnum]) -> None:
    drawn = DRAWN[enumeration]
    assert set(enumeration) <= set(drawn)
    languages = load_languages()
    for state in enumeration:
        said = list(words(drawn[state]))
        assert said, state
        for code, language in languages.items():
            for message in said:
                known = code == SOURCE or message in language.messages._catalog  # type: ignore[attr-defined]
                assert known, f"{code} has no words for {enumeration.__name__}.{state.name}"
                assert language(message).strip()
