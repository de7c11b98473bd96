"""Who asks a candidate follows from names alone, and its limits are what ends it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.errors import Conflict
from smartscale.domain.trial import Limits, Mode, Tallies, Tally, Trial, TrialState
from smartscale.domain.weighing import ModelRef
from tests.examples import NOW

MODEL = ModelRef(id="them/vgg", revision="a1")
NAMES = st.text(min_size=1, max_size=40)
SHARES = st.decimals("0.01", 1, places=2)
COUNTS = st.integers(0, 10_000)
TALLIES = st.builds(
    Tally,
    answers=COUNTS,
    errors=COUNTS,
    low_confidence=COUNTS,
    confidence=st.decimals(0, 10_000, places=4),
    latency_ms=st.decimals(0, 10_000, places=1),
)


def trial(mode: Mode = Mode.CANARY, share: str | Decimal = "0.2", **limits: object) -> Trial:
    return Trial(
        number=1,
        model=MODEL,
        against=ModelRef(id="builtin", revision="1"),
        mode=mode,
        share=Decimal(share),
        limits=Limits.model_validate(limits),
        started_at=NOW,
    )


@given(NAMES, SHARES, SHARES)
def test_a_scale_of_a_small_share_stays_in_a_larger_one(
    name: str, one: Decimal, two: Decimal
) -> None:
    small, large = sorted((one, two))
    assert trial(share=small).answers_for(name) <= trial(share=large).answers_for(name)
    assert trial(Mode.SHADOW, small).shadows(name) <= trial(Mode.SHADOW, large).shadows(name)


@given(NAMES)
def test_everything_is_all_scales_and_all_weighings(name: str) -> None:
    assert trial(share="1").answers_for(name)
    assert trial(Mode.SHADOW, "1").shadows(name)


@given(NAMES)
def test_a_shadow_answers_for_no_scale_and_a_canary_shadows_nothing(name: str) -> None:
    assert not trial(Mode.SHADOW, "1").answers_for(name)
    assert not trial(Mode.CANARY, "1").shadows(name)


@given(NAMES, st.sampled_from([state for state in TrialState if state is not TrialState.RUNNING]))
def test_nobody_asks_a_candidate_whose_trial_has_ended(name: str, state: TrialState) -> None:
    assert not trial(share="1").ended(state, NOW).answers_for(name)
    assert not trial(Mode.SHADOW, "1").ended(state, NOW).shadows(name)


@pytest.mark.parametrize("share", ["0.05", "0.2", "0.5"])
def test_the_share_is_about_the_share(share: str) -> None:
    chosen = sum(trial(share=share).answers_for(f"till-{n}") for n in range(4000))
    assert abs(chosen / 4000 - float(share)) < 0.03


def test_another_model_is_tried_on_other_scales() -> None:
    other = trial().model_copy(update={"model": ModelRef(id="them/vgg", revision="b2")})
    names = [f"till-{n}" for n in range(100)]
    assert [trial().answers_for(name) for name in names] != [
        other.answers_for(name) for name in names
    ]


@given(TALLIES, TALLIES, TALLIES)
def test_tallies_add_up_in_any_order(one: Tally, two: Tally, three: Tally) -> None:
    assert (one + two) + three == (three + one) + two
    both = Tallies(active=one, compared=1) + Tallies(candidate=two, compared=2, agreed=1)
    assert (both.active, both.candidate, both.compared, both.agreed) == (one, two, 3, 1)


@given(TALLIES)
def test_rates_are_shares_of_what_was_asked_and_answered(tally: Tally) -> None:
    assert tally.asked == tally.answers + tally.errors
    assert (tally.error_rate is None) == (tally.asked == 0)
    assert (tally.low_confidence_rate is None) == (tally.answers == 0)
    if tally.error_rate is not None:
        assert 0 <= tally.error_rate <= 1


@given(TALLIES, SHARES, SHARES, st.integers(1, 20_000))
def test_a_candidate_is_judged_by_its_limits_and_not_too_early(
    tally: Tally, errors: Decimal, low: Decimal, minimum: int
) -> None:
    limited = trial(error_rate=errors, low_confidence_rate=low, minimum_answers=minimum)
    beyond = (tally.error_rate or 0) > errors or (tally.low_confidence_rate or 0) > low
    assert (limited.verdict(tally) is not None) == (beyond and tally.asked >= minimum)


@pytest.mark.parametrize(
    ("tally", "said"),
    [
        (Tally(answers=8, errors=2), "20 % errors in 10 weighings; the limit is 5 %."),
        (
            Tally(answers=30, low_confidence=25),
            "83.3 % answers with low confidence in 30 weighings; the limit is 80 %.",
        ),
    ],
)
def test_a_verdict_says_why(tally: Tally, said: str) -> None:
    assert trial(minimum_answers=10).verdict(tally) == said


def test_at_the_limit_is_within_the_limit() -> None:
    limited = trial(error_rate="0.1", minimum_answers=10)
    assert limited.verdict(Tally(answers=9, errors=1)) is None
    assert limited.verdict(Tally(answers=8, errors=2)) is not None


def test_a_trial_ends_once() -> None:
    ended = trial().ended(TrialState.STOPPED, NOW)
    assert (ended.state, ended.ended_at) == (TrialState.STOPPED, NOW)
    with pytest.raises(Conflict, match="the last one is stopped"):
        ended.ended(TrialState.PROMOTED, NOW)


@pytest.mark.parametrize("share", ["0", "-0.1", "1.01", "NaN"])
def test_a_share_is_more_than_nothing_and_at_most_everything(share: str) -> None:
    with pytest.raises(ValueError, match="share"):
        trial(share=share)
