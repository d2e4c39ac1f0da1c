"""Remarks against a reference by their times alone: for models that show no logits.

A remark and a reference belong together when they are close and in the same order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """How remarks fit the reference. `pairs` holds (index said, index wanted)."""

    pairs: tuple[tuple[int, int], ...]
    said: int
    wanted: int
    error_s: float | None  # mean distance within the pairs

    @property
    def recall(self) -> float | None:
        """Share of the reference that was said in time."""
        return len(self.pairs) / self.wanted if self.wanted else None

    @property
    def precision(self) -> float | None:
        """Share of what was said that belongs to the reference."""
        return len(self.pairs) / self.said if self.said else None

    @property
    def f1(self) -> float | None:
        """Twice the pairs by all that was said and wanted."""
        both = self.said + self.wanted
        return 2 * len(self.pairs) / both if both else None


def match_remarks(said_s: Sequence[float], wanted_s: Sequence[float], within_s: float) -> Timing:
    """Pair times in order, at most `within_s` apart: as many as can be, then as close as can be.

    Both sequences rise. Time and memory grow with the product of their lengths.
    """
    rows, columns = len(said_s), len(wanted_s)
    # best[i][j]: (pairs made, minus their distance) of the first i said and j wanted
    best = [[(0, 0.0)] * (columns + 1) for _ in range(rows + 1)]
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            best[i][j] = max(best[i - 1][j], best[i][j - 1])
            distance = abs(said_s[i - 1] - wanted_s[j - 1])
            if distance <= within_s:
                count, cost = best[i - 1][j - 1]
                best[i][j] = max(best[i][j], (count + 1, cost - distance))
    pairs, i, j = [], rows, columns
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    apart = [abs(said_s[a] - wanted_s[b]) for a, b in pairs]
    error_s = math.fsum(apart) / len(apart) if apart else None
    return Timing(tuple(reversed(pairs)), rows, columns, error_s)
