"""The arithmetic that benchmarks share: means of scores, chance, and how sure a share is."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from omnilive_lab.bench.base import Item, Row

Which = Literal["official", "strict"]
Z95, Z99 = 1.959963984540054, 2.5758293035489004  # two-sided quantiles of the normal distribution


def values(rows: Iterable[Row], which: Which) -> list[float]:
    """Return the scores that there are: what was skipped, unscored or failed has none."""
    found = (getattr(row.score, which) for row in rows if row.score.status == "scored")
    return [value for value in found if value is not None]


def mean(numbers: Iterable[float | None]) -> float | None:
    """Return the mean of those that are not None; None when there is none."""
    known = [number for number in numbers if number is not None]
    return math.fsum(known) / len(known) if known else None


def percent(share: float | None) -> float | None:
    """Return 100 times a share."""
    return None if share is None else 100.0 * share


def split(rows: Sequence[Row], key: Callable[[Item], str]) -> dict[str, list[Row]]:
    """Return the rows by what `key` says of their item, in order of first appearance."""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(key(row.item), []).append(row)
    return parts


def accuracy(rows: Iterable[Row], which: Which) -> float | None:
    """Return the per cent that is right (micro: each item counts the same)."""
    return percent(mean(values(rows, which)))


def accuracies(
    rows: Sequence[Row], key: Callable[[Item], str], which: Which
) -> dict[str, float | None]:
    """Return the per cent that is right, for each part."""
    return {name: accuracy(part, which) for name, part in split(rows, key).items()}


def chance(items: Iterable[Item]) -> list[float]:
    """Return, for each item with labels, how likely a blind guess is right."""
    return [1.0 / len(item.labels) for item in items if item.labels]


def guess_interval(shares: Sequence[float], z: float = Z99) -> tuple[float, float, float]:
    """Return (expected share, lowest, highest) of right guesses, by the normal approximation.

    Each guess is right with its own probability p, so the sum has variance sum p (1 - p).
    """
    count = len(shares)
    expected = math.fsum(shares) / count
    deviation = math.sqrt(math.fsum(p * (1 - p) for p in shares)) / count
    return expected, max(0.0, expected - z * deviation), min(1.0, expected + z * deviation)


def wilson(right: float, count: int, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval of a share (E. B. Wilson, 1927): 95 % by default."""
    share, square = right / count, z * z / count
    centre = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    return max(0.0, centre - half), min(1.0, centre + half)


def rounded(figures: Mapping[str, float | None], digits: int = 4) -> dict[str, float | None]:
    """Return the figures as they are written down."""
    return {name: None if v is None else round(v, digits) for name, v in figures.items()}
