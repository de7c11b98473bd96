"""How sure an answer must be to pass without a question, by what became of the shop's own answers.

The shop says how many of the answers that pass may be wrong. How often an answer of some confidence
is wrong in this shop is a curve of two numbers, fitted to the answers that somebody has checked:
those that were asked about, and a small random share of the others, which are asked about so that
the estimate stays honest (an audit). The model's own claim, that 0.98 is wrong twice in a hundred,
is what the curve starts from, so it takes few answers to correct it and many to contradict it. Old
answers count less and less, so it follows a new camera or another season.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

WANTED = Decimal("0.01")
"""The share of the answers that pass unasked that may be wrong, unless the shop says otherwise."""
LEAST_WANTED, MOST_WANTED = Decimal("0.001"), Decimal("0.2")
AUDITED = Decimal("0.02")
"""The share of the answers that would pass but are asked about."""
ENOUGH = 30
"""Fewer checked answers say less than the model's own package."""
HALF_LIFE = 400
"""After so many further weighings an answer counts half as much."""
WINDOW = 3_000
"""How many of the newest weighings are looked at: what is older counts for nothing."""
SURENESS = 1.64
"""Standard deviations between the estimate and its bound: nineteen times in twenty the risk is
lower."""

_SHIFT, _SLOPE = 0.5, 0.25
"""How far off the model's claim is in a new shop: standard deviations of the curve's numbers."""
_STEPS = 12
_GRID = (
    *(0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.88, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97),
    *(0.975, 0.98, 0.985, 0.99, 0.9925, 0.995, 0.9975, 0.999, 0.9995),
)
_NEVER = Decimal(1)
"""A threshold that next to nothing reaches: everything is asked about."""
_SUREST = 1e-4
_BUCKETS = 1_000_000


@dataclass(frozen=True)
class Answer:
    """An answer that names an item, and what became of it."""

    confidence: float
    asked: bool
    wrong: bool | None
    """None where nobody has said: it passed, and nobody complained."""


@dataclass(frozen=True)
class Asking:
    """From which confidence on answers pass, and what that risks."""

    threshold: Decimal
    risk: float | None
    """The share of the passing answers that is wrong, as far as one can tell."""
    bound: float | None
    """What that share hardly exceeds."""
    checked: int
    """How many answers the estimate rests on."""


def start(package: Decimal, wanted: Decimal) -> Decimal:
    """The threshold before a shop has answers of its own.

    A package's threshold is for one wrong answer in a hundred; the errors above a threshold fall
    about as its distance from certainty does.

    >>> start(Decimal("0.96"), Decimal("0.01")), start(Decimal("0.96"), Decimal("0.005"))
    (Decimal('0.9600'), Decimal('0.9800'))
    """
    return (1 - (1 - package) * wanted / WANTED).quantize(Decimal("0.0001")).max(Decimal("0.5"))


def audits(job_id: str, share: Decimal = AUDITED) -> bool:
    """Whether a weighing is asked about although its answer could pass; by chance, but the same
    whichever worker looks at it."""
    digest = hashlib.sha256(f"audit {job_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % _BUCKETS < share * _BUCKETS


def asking(answers: Sequence[Answer], package: Decimal, wanted: Decimal = WANTED) -> Asking:
    """The lowest threshold whose risk stays within what is wanted, its bound included.

    Args:
        answers: the shop's, newest first, all of the model that serves.
        package: the threshold that the model's package comes with.
        wanted: the share of the passing answers that may be wrong.
    """
    weighed = [(one, 0.5 ** (place / HALF_LIFE)) for place, one in enumerate(answers[:WINDOW])]
    checked = [
        (one.confidence, bool(one.wrong), weight)
        for one, weight in weighed
        if one.asked and one.wrong is not None
    ]
    begin = start(package, wanted)
    curve = _Curve.fitted(checked)
    here = _risk(curve, weighed, float(begin))
    if len(checked) < ENOUGH:
        return Asking(begin, *here, len(checked))
    for threshold in _GRID:
        risk, bound = _risk(curve, weighed, threshold)
        if bound is not None and bound <= wanted:
            return Asking(Decimal(str(threshold)), risk, bound, len(checked))
    return Asking(_NEVER, None, None, len(checked))


@dataclass(frozen=True)
class _Curve:
    """How often an answer is wrong: the logistic function of `shift + slope * x`, where `x` is the
    logit of what the model itself says of being wrong."""

    shift: float
    slope: float
    covariance: tuple[float, float, float]
    """Of both numbers: shift with itself, with slope, slope with itself."""

    @classmethod
    def fitted(cls, checked: Iterable[tuple[float, bool, float]]) -> "_Curve":
        """The curve of checked answers: confidence, whether it was wrong, and its weight."""
        seen = [(_doubt(confidence), wrong, weight) for confidence, wrong, weight in checked]
        shift, slope = 0.0, 1.0
        covariance = (_SHIFT**2, 0.0, _SLOPE**2)
        for _ in range(_STEPS):
            to_shift, to_slope = -shift / _SHIFT**2, (1 - slope) / _SLOPE**2
            a, b, c = 1 / _SHIFT**2, 0.0, 1 / _SLOPE**2
            for x, wrong, weight in seen:
                p = _logistic(shift + slope * x)
                left, spread = weight * (wrong - p), weight * p * (1 - p)
                to_shift += left
                to_slope += left * x
                a, b, c = a + spread, b + spread * x, c + spread * x * x
            determinant = a * c - b * b
            covariance = c / determinant, -b / determinant, a / determinant
            shift += max(-1.0, min(1.0, covariance[0] * to_shift + covariance[1] * to_slope))
            slope += max(-0.5, min(0.5, covariance[1] * to_shift + covariance[2] * to_slope))
        return cls(shift, slope, covariance)

    def wrong(self, confidence: float) -> tuple[float, float, float]:
        """How often an answer is wrong, and how that changes with shift and slope."""
        x = _doubt(confidence)
        p = _logistic(self.shift + self.slope * x)
        return p, p * (1 - p), p * (1 - p) * x


def _risk(
    curve: _Curve, weighed: Sequence[tuple[Answer, float]], threshold: float
) -> tuple[float | None, float | None]:
    """The share of wrong answers from a threshold up, and its bound; None where there are none."""
    passing = [(one, weight) for one, weight in weighed if one.confidence >= threshold]
    mass = sum(weight for _, weight in passing)
    if not mass:
        return None, None
    sums = [0.0, 0.0, 0.0]
    for one, weight in passing:
        for at, part in enumerate(curve.wrong(one.confidence)):
            sums[at] += weight * part / mass
    risk, by_shift, by_slope = sums
    v, w, u = curve.covariance
    variance = by_shift**2 * v + 2 * by_shift * by_slope * w + by_slope**2 * u
    # Those that passed and were complained of are wrong for certain, whatever the curve says.
    complained = sum(weight for one, weight in passing if one.wrong and not one.asked) / mass
    risk = max(risk, complained)
    return risk, risk + SURENESS * math.sqrt(variance)


def _doubt(confidence: float) -> float:
    """The logit of the model's own claim of being wrong."""
    doubt = min(max(1 - confidence, _SUREST), 1 - _SUREST)
    return math.log(doubt / (1 - doubt))


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))
