"""Nearest-neighbour search on PostgreSQL: pgvector's halfvec, by inner product."""

from typing import TYPE_CHECKING

import numpy as np

from omnilive.memory.base import Ref

if TYPE_CHECKING:
    from omnilive.memory.store import Store


class PgVectors:
    """The vectors of a session in PostgreSQL."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def put(self, table: str, id: int, start_s: float, vectors: np.ndarray) -> None:
        """Remember the (N, D) unit vectors of a row in place of older ones, in a transaction."""
        self._store.execute("DELETE FROM vector WHERE tab = ? AND id = ?", table, id)
        row = "INSERT INTO vector (tab, id, start_s, vec) VALUES (?, ?, ?, ?::halfvec)"
        self._store.execute_many(row, [(table, id, start_s, written(v)) for v in vectors])

    def search(self, vector: np.ndarray, until_s: float, limit: int) -> list[Ref]:
        """Return the rows nearest to the (D,) unit vector, best first; score is the cosine."""
        query = (
            "SELECT tab, id, max(-(vec <#> ?::halfvec)) AS score FROM vector WHERE start_s <= ? "
            "GROUP BY tab, id ORDER BY score DESC, tab, id LIMIT ?"
        )
        rows = self._store.rows(query, written(vector), until_s, limit)
        return [Ref(table, id, float(score)) for table, id, score in rows]


def written(vector: np.ndarray) -> str:
    """Return a vector as pgvector reads it; float16 comes back bit by bit."""
    return "[" + ",".join(map(str, vector.astype(np.float16).tolist())) + "]"


def read(text: str) -> np.ndarray:
    """Return the (D,) float16 vector that pgvector wrote."""
    return np.fromstring(text[1:-1], np.float32, sep=",").astype(np.float16)
