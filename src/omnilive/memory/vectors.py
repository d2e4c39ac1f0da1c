"""Exact nearest-neighbour search over the vectors of one session, mirrored in memory."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from omnilive.memory.base import Ref

if TYPE_CHECKING:
    from omnilive.memory.store import Store

BLOCK = 1024  # rows by which the mirror grows
SENTENCES = 4  # that a row has at most, as a rule


class VectorMirror:
    """The vectors of a session in SQLite: float16 rows, and their mirror in memory."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._cache = VectorCache()

    def put(self, table: str, id: int, start_s: float, vectors: np.ndarray) -> None:
        """Remember the (N, D) unit vectors of a row in place of older ones, in a transaction."""
        row = "INSERT INTO vector (tab, id, start_s, vec) VALUES (?, ?, ?, ?)"
        self._store.execute("DELETE FROM vector WHERE tab = ? AND id = ?", table, id)
        blobs = [vector.tobytes() for vector in vectors.astype(np.float16)]
        self._store.execute_many(row, [(table, id, start_s, blob) for blob in blobs])

    def search(self, vector: np.ndarray, until_s: float, limit: int) -> list[Ref]:
        """Return the rows nearest to the (D,) unit vector, best first; score is the cosine."""
        self._cache.refresh(self._store.rows)
        return self._cache.nearest(vector, until_s, limit)


class VectorCache:
    """Mirrors the vector table; new rows are read once, when a search needs them."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._refs: list[tuple[str, int]] = []
        self._places: dict[tuple[str, int], list[int]] = {}
        self._starts = np.zeros(0, np.float64)
        self._matrix = np.zeros((0, 0), np.float32)  # (capacity, D)
        self._last_row = 0
        self._alive = 0  # places that hold the newest wording of something

    def refresh(self, rows: Callable[..., list[Any]]) -> None:
        """Read the rows that came, or came anew, since the last time."""
        self._read(rows)
        if rows("SELECT count(*) FROM vector")[0][0] != self._alive:  # some were forgotten
            self._clear()
            self._read(rows)

    def _read(self, rows: Callable[..., list[Any]]) -> None:
        query = "SELECT row, tab, id, start_s, vec FROM vector WHERE row > ? ORDER BY row"
        new = rows(query, self._last_row)
        if not new:
            return
        self._last_row = new[-1][0]
        first = len(self._refs)
        block = np.stack([np.frombuffer(vec, np.float16) for *_, vec in new])
        self._reserve(first + len(new), block.shape[1])
        for _, table, id, _, _ in new:
            for place in self._places.pop((table, id), []):
                self._starts[place] = np.inf  # an older wording
                self._alive -= 1
        for place, (_, table, id, _, _) in enumerate(new, first):
            self._places.setdefault((table, id), []).append(place)
        self._matrix[first : first + len(new)] = block
        self._starts[first : first + len(new)] = [start_s for _, _, _, start_s, _ in new]
        self._refs += [(table, id) for _, table, id, _, _ in new]
        self._alive += len(new)

    def nearest(self, vector: np.ndarray, until_s: float, limit: int) -> list[Ref]:
        """Return the `limit` best rows by cosine that began before `until_s`, each once."""
        count = len(self._refs)
        if not count:
            return []
        scores = self._matrix[:count] @ vector.astype(np.float32)
        scores[self._starts[:count] > until_s] = -2.0
        best: dict[tuple[str, int], float] = {}
        for i in _descending(scores, SENTENCES * limit):
            if scores[i] <= -2.0 or len(best) == limit:
                break
            best.setdefault(self._refs[i], float(scores[i]))
        return [Ref(table, id, score) for (table, id), score in best.items()]

    def _reserve(self, count: int, width: int) -> None:
        capacity = -(-count // BLOCK) * BLOCK
        if capacity <= len(self._matrix):
            return
        matrix, starts = np.zeros((capacity, width), np.float32), np.zeros(capacity, np.float64)
        used = len(self._refs)
        if used:
            matrix[:used], starts[:used] = self._matrix[:used], self._starts[:used]
        self._matrix, self._starts = matrix, starts


def _descending(scores: np.ndarray, likely: int) -> Iterator[int]:
    """Yield all places by falling score, before that the `likely` best without sorting all."""
    if likely < len(scores):
        top = np.argpartition(-scores, likely)[:likely]
        yield from top[np.argsort(-scores[top])].tolist()
    yield from np.argsort(-scores).tolist()
