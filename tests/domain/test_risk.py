"""The threshold follows what became of the shop's own answers, and has a bound."""

import random
from decimal import Decimal
from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.risk import AUDITED, ENOUGH, Answer, asking, audits, start

PACKAGE = Decimal("0.975")


def lived(
    *, shift: float, seed: int = 1, count: int = 1500, before: tuple[Answer, ...] = ()
) -> tuple[Answer, ...]:
    """The answers of a shop whose model is wrong more often than it says by `shift` (logits), as
    they come when the threshold is found anew after every hundred; the newest first."""
    rng = random.Random(seed)  # noqa: S311  no secret
    answers = list(before[::-1])
    threshold = float(PACKAGE)
    for number in range(count):
        if number % 100 == 0:
            threshold = float(asking(answers[::-1], PACKAGE).threshold)
        confidence = 1 - rng.betavariate(0.35, 2.5)
        doubt = min(max(1 - confidence, 1e-4), 1 - 1e-4)
        odds = exp(shift + log(doubt / (1 - doubt)))
        wrong = rng.random() < odds / (1 + odds)
        asked = confidence < threshold or rng.random() < AUDITED
        answers.append(Answer(confidence, asked, wrong if asked else None))
    return tuple(answers[::-1])


def test_a_shop_without_answers_takes_the_packages_threshold() -> None:
    assert asking([], PACKAGE).threshold == PACKAGE
    few = lived(shift=2, count=ENOUGH // 2)
    assert asking(few, PACKAGE).threshold == PACKAGE


def test_who_lets_fewer_be_wrong_is_asked_more_from_the_start() -> None:
    assert start(PACKAGE, Decimal("0.001")) > start(PACKAGE, Decimal("0.01")) == PACKAGE
    assert start(Decimal("0.5"), Decimal("0.2")) == Decimal("0.5")


def test_a_model_that_is_better_than_it_says_is_asked_about_less() -> None:
    found = asking(lived(shift=-1.5), PACKAGE)
    assert found.threshold < Decimal("0.95")
    assert found.bound is not None
    assert found.risk is not None
    assert found.risk < found.bound <= 0.01


def test_a_model_that_is_worse_than_it_says_is_asked_about_more() -> None:
    assert asking(lived(shift=1.5), PACKAGE).threshold > Decimal("0.99")


def test_it_follows_a_change_of_the_camera() -> None:
    good = lived(shift=-1)
    before = asking(good, PACKAGE).threshold
    changed = lived(shift=2, seed=2, count=300, before=good)
    assert asking(changed, PACKAGE).threshold > before + Decimal("0.02")


@pytest.mark.parametrize("wanted", ["0.005", "0.05"])
def test_the_bound_keeps_to_what_the_shop_wants(wanted: str) -> None:
    found = asking(lived(shift=0), PACKAGE, Decimal(wanted))
    assert found.bound is not None
    assert found.bound <= float(wanted)


def test_complaints_about_answers_that_passed_raise_the_risk_at_once() -> None:
    good = lived(shift=-1)
    complaints = tuple(Answer(0.9999, asked=False, wrong=True) for _ in range(20))
    found = asking(complaints + good, PACKAGE)
    assert found.bound is None or found.threshold == 1 or found.bound > 0.02


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.sampled_from([None, True, False]))))
def test_whatever_became_of_answers_there_is_a_threshold(
    lot: list[tuple[float, bool, bool | None]],
) -> None:
    found = asking([Answer(*one) for one in lot], PACKAGE)
    assert Decimal("0.5") <= found.threshold <= 1


def test_so_many_are_audited_as_should_be_and_always_the_same() -> None:
    ids = [f"job-{number}" for number in range(20_000)]
    chosen = [one for one in ids if audits(one)]
    assert len(chosen) / len(ids) == pytest.approx(float(AUDITED), rel=0.2)
    assert not any(audits(one, Decimal(0)) for one in ids)
    assert all(audits(one) for one in chosen)
