"""Exact nearest-neighbour search over the vectors of one session, kept in memory by block."""

from collections.abc import Callable
from typing import Any

import numpy as np

from omnilive.memory.base import Ref


class VectorCache:
    """Mirrors the vector table; new rows are read once, when a search needs them."""

    def __init__(self) -> None:
        self._refs: list[tuple[str, int]] = []
        self._starts = np.zeros(0, np.float64)
        self._matrix = np.zeros((0, 0), np.float32)  # (N, D)
        self._seen: dict[str, int] = {}

    def refresh(self, rows: Callable[..., list[Any]]) -> None:
        """Read the rows that came since the last time."""
        for table in ("fact", "moment"):
            query = "SELECT id, start_s, vec FROM vector WHERE tab = ? AND id > ? ORDER BY id"
            new = rows(query, table, self._seen.get(table, 0))
            if not new:
                continue
            self._seen[table] = new[-1][0]
            block = np.stack([np.frombuffer(vec, np.float16) for _, _, vec in new])
            self._refs += [(table, id) for id, _, _ in new]
            self._starts = np.concatenate([self._starts, [start for _, start, _ in new]])
            old = self._matrix if len(self._matrix) else np.zeros((0, block.shape[1]), np.float32)
            self._matrix = np.concatenate([old, block.astype(np.float32)])

    def nearest(self, vector: np.ndarray, until_s: float, limit: int) -> list[Ref]:
        """Return the `limit` best rows by cosine among those that began before `until_s`."""
        if not self._refs:
            return []
        scores = self._matrix @ vector.astype(np.float32)
        scores[self._starts > until_s] = -2.0
        best = np.argsort(-scores)[:limit]
        found = [i for i in best if scores[i] > -2.0]
        return [Ref(self._refs[i][0], self._refs[i][1], float(scores[i])) for i in found]
