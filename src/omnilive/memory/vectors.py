"""Exact nearest-neighbour search over the vectors of one session, kept in memory by block."""

from collections.abc import Callable
from typing import Any

import numpy as np

from omnilive.memory.base import Ref


class VectorCache:
    """Mirrors the vector table; each row is read once, when a search first needs it."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._refs: list[tuple[str, int]] = []
        self._places: dict[tuple[str, int], int] = {}
        self._starts = np.zeros(0, np.float64)
        self._matrix = np.zeros((0, 0), np.float32)  # (N, D)
        self._seen = 0

    def refresh(self, rows: Callable[..., list[Any]]) -> None:
        """Read the rows that came, or came anew, since the last time."""
        self._read(rows)
        if rows("SELECT count(*) FROM vector")[0][0] != len(self._refs):  # some were forgotten
            self._clear()
            self._read(rows)

    def _read(self, rows: Callable[..., list[Any]]) -> None:
        query = "SELECT seq, tab, id, start_s, vec FROM vector WHERE seq > ? ORDER BY seq"
        new: list[tuple[float, np.ndarray]] = []
        for seq, table, id, start_s, vec in rows(query, self._seen):
            self._seen = seq
            vector = np.frombuffer(vec, np.float16).astype(np.float32)
            if (place := self._places.get((table, id))) is not None:
                self._matrix[place], self._starts[place] = vector, start_s
                continue
            self._places[table, id] = len(self._refs)
            self._refs.append((table, id))
            new.append((start_s, vector))
        if new:
            block = np.stack([vector for _, vector in new])
            old = self._matrix if len(self._matrix) else np.zeros((0, block.shape[1]), np.float32)
            self._matrix = np.concatenate([old, block])
            self._starts = np.concatenate([self._starts, [start_s for start_s, _ in new]])

    def nearest(self, vector: np.ndarray, until_s: float, limit: int) -> list[Ref]:
        """Return the `limit` best rows by cosine among those that began before `until_s`."""
        if not self._refs:
            return []
        scores = self._matrix @ vector.astype(np.float32)
        scores[self._starts > until_s] = -2.0
        best = np.argsort(-scores)[:limit]
        found = [i for i in best if scores[i] > -2.0]
        return [Ref(self._refs[i][0], self._refs[i][1], float(scores[i])) for i in found]
