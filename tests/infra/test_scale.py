"""The simulation of many kiosks loses nothing, repeats itself, and has a source for each limit."""

from dataclasses import replace

import pytest

from benchmarks.scale import LIMITS, Setup, simulate
from infra.sizing.workload import Usage

USAGE = Usage(kiosks=300)
AMPLE = Setup("ample", requests_a_second=2000, burst=2000, batches=20)


def test_the_same_seed_gives_the_same_figures_and_another_does_not() -> None:
    seen = [simulate(AMPLE, USAGE, 2, 2.0, 0, seed) for seed in (1, 1, 2)]
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize("kept", [0, 5])
def test_what_is_turned_away_is_answered_by_its_kiosk_and_comes_later(kept: int) -> None:
    few = Setup("few", requests_a_second=2, burst=2, batches=2)
    seen = simulate(few, USAGE, 3, 2.0, kept, 1)
    assert seen.turned_away > 0
    assert seen.here > 0
    assert seen.left > 0
    ample = simulate(AMPLE, USAGE, 3, 2.0, kept, 1)
    assert (ample.turned_away, ample.here) == (0, 0)
    assert ample.kept == kept * USAGE.kiosks


def test_what_was_kept_is_all_stored_and_the_time_is_told() -> None:
    quiet = replace(USAGE, kiosks=100)
    seen = simulate(AMPLE, quiet, 4, 0.0, 5, 1)
    assert (seen.kept, seen.waits, seen.left) == (500, [], 0)
    assert 30 < seen.late_s < 120, "kiosks look for their service within 45 seconds"


def test_every_limit_comes_near_and_has_its_source_and_a_plan() -> None:
    seen = simulate(AMPLE, USAGE, 2, 2.0, 0, 1)
    assert set(seen.most) == set(LIMITS)
    assert {name for name in LIMITS if not seen.most[name]} <= {"Lambda, new instances"}
    for limit in LIMITS.values():
        assert (
            limit.source.startswith("https://docs.aws.amazon.com/") or limit.source == "see above"
        )
        assert limit.plan
