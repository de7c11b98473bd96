"""Intervals and the paired test do what a reader of a report takes for granted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.recognition.uncertainty import compare_paired, mcnemar, wilson

counts = st.integers(0, 300)
pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


@given(counts, counts)
def test_an_interval_holds_its_share(hits: int, misses: int) -> None:
    if hits + misses:
        low, high = wilson(hits, hits + misses)
        assert 0 <= low <= hits / (hits + misses) <= high <= 1
        assert low < high


def test_wilsons_interval_is_the_textbooks() -> None:
    # R: binom::binom.confint(9, 10, methods = "wilson")
    assert wilson(9, 10) == pytest.approx((0.59585, 0.98212), abs=1e-5)


def test_more_photos_make_a_narrower_interval() -> None:
    few, many = wilson(8, 10), wilson(800, 1000)

    assert many[1] - many[0] < few[1] - few[0]


@given(counts, counts)
def test_mcnemar_takes_no_side(only_a: int, only_b: int) -> None:
    p = mcnemar(only_a, only_b)

    assert 0 < p <= 1
    assert p == mcnemar(only_b, only_a)


@given(counts, counts)
def test_a_larger_lead_is_less_likely_chance(only_a: int, lead: int) -> None:
    assert mcnemar(only_a, only_a + lead + 1) <= mcnemar(only_a, only_a + lead)


def test_mcnemar_is_exact() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(0, 5) == 2 / 2**5
    assert mcnemar(1, 5) == pytest.approx(2 * (1 + 6) / 2**6)
    assert mcnemar(2000, 2500) < 1e-12  # and no overflow


@given(pairs)
def test_a_comparison_is_its_own_mirror_image(outcomes: list[tuple[bool, bool]]) -> None:
    a, b = zip(*outcomes, strict=True)
    there, back = compare_paired(a, b), compare_paired(b, a)

    assert there is not None
    assert back is not None
    assert there.difference == pytest.approx((sum(b) - sum(a)) / len(a))
    assert there.difference == -back.difference
    assert there.p_value == back.p_value
    assert (there.only_a, there.both) == (back.only_b, back.both)
    assert there.both + there.only_a + there.only_b + there.neither == there.n
    assert there.interval[0] <= there.difference <= there.interval[1]


def test_without_photos_there_is_no_comparison() -> None:
    assert compare_paired([], []) is None
