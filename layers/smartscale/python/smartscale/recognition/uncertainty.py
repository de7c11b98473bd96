"""How far a figure can be trusted: intervals for what was measured on a sample, and a paired test.

Everything is at the 95 % level, and the bootstraps are seeded: the same photos give the same text.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]

RESAMPLES = 1000
_SEED = 5
_Z = NormalDist().inv_cdf(0.975)
_BOUNDS = (2.5, 97.5)


def wilson(hits: int, n: int) -> Interval:
    """Wilson's score interval for the share `hits / n`; it stays sensible near 0 and 1.

    Source: E. B. Wilson, JASA 22 (1927); recommended by Brown, Cai and DasGupta (2001).
    """
    share, spread = hits / n, _Z * _Z / n
    middle = (share + spread / 2) / (1 + spread)
    half = _Z / (1 + spread) * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    # Rounding must not push a bound past the share itself where that is 0 or 1.
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))


def resampled(n: int) -> NDArray[np.int64]:
    """Indices that draw `n` photos with replacement, RESAMPLES times: shape (RESAMPLES, n)."""
    return np.random.default_rng(_SEED).integers(n, size=(RESAMPLES, n))


def percentiles(values: NDArray[np.float64]) -> Interval:
    """The interval that holds 95 % of bootstrapped values."""
    low, high = np.percentile(values, _BOUNDS)
    return float(low), float(high)


def centred(values: NDArray[np.float64], figure: float) -> Interval:
    """The 95 % interval, shifted so that the values' mean equals the figure; never below 0.

    For figures that drawing with replacement inflates, as it does every sum of absolute gaps.
    """
    low, high = percentiles(values - values.mean() + figure)
    return min(max(low, 0.0), figure), max(high, figure)


@dataclass(frozen=True)
class Paired:
    """Two models' outcomes on the same photos. A and B are the first and the second model."""

    n: int
    both: int
    only_a: int
    only_b: int
    neither: int
    difference: float
    """Share of B minus share of A, from -1 to 1."""
    interval: Interval
    """Paired bootstrap of `difference`."""
    p_value: float
    """Exact McNemar test, two-sided: how often models that are equally good would differ so."""


def compare_paired(a: Sequence[bool], b: Sequence[bool]) -> Paired | None:
    """Compare two models' outcomes on the same photos; None where there are no photos."""
    if not a:
        return None
    outcomes = list(zip(a, b, strict=True))
    only_a = sum(x and not y for x, y in outcomes)
    only_b = sum(y and not x for x, y in outcomes)
    both = sum(x and y for x, y in outcomes)
    n = len(outcomes)
    # Only the photos on which they differ move the difference: drawing photos with replacement is
    # drawing how many there are of each kind.
    kinds = np.array([only_a, only_b, n - only_a - only_b]) / n
    drawn = np.random.default_rng(_SEED).multinomial(n, kinds, size=RESAMPLES)
    return Paired(
        n=n,
        both=both,
        only_a=only_a,
        only_b=only_b,
        neither=n - both - only_a - only_b,
        difference=(only_b - only_a) / n,
        interval=percentiles((drawn[:, 1] - drawn[:, 0]) / n),
        p_value=mcnemar(only_a, only_b),
    )


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value for photos that only one of two models has right.

    Under equal models each of those photos is a fair coin, so the p-value is a binomial tail.

    Source: Q. McNemar, Psychometrika 12 (1947), in its exact form.
    """
    n = only_a + only_b
    tail = sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**n)))
