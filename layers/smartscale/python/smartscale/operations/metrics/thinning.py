"""Fewer values that stand for more of them."""

from collections import defaultdict
from collections.abc import Iterable


def thinned(values: Iterable[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most so many values with their counts that stand for more of them.

    Count and sum, so the average too, stay exact; a percentile is that of a neighbour at worst.

    Args:
        values: each with how often it was.
        most: how many may be left.

    Examples:
        >>> thinned([(1.0, 1), (0.0, 1), (1.0, 2)], 2)
        [(0.0, 1), (1.0, 3)]
        >>> thinned([(1.0, 1), (2.0, 1), (3.0, 2), (5.0, 2)], 2)
        [(2.25, 4.0), (5.0, 2.0)]
    """
    counts: dict[float, float] = defaultdict(int)
    for value, count in values:
        counts[value] += count
    if len(counts) <= most:
        return sorted(counts.items())
    share = sum(counts.values()) / most
    groups: list[tuple[float, float]] = []
    total = size = 0.0
    for value, count in sorted(counts.items()):
        total, size = total + value * count, size + count
        if size >= share:
            groups.append((total / size, size))
            total = size = 0.0
    return [*groups, (total / size, size)] if size else groups
