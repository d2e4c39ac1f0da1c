"""Finds the nearest sentences in PostgreSQL: pgvector's halfvec, exactly or by HNSW.

What was noted in a short span is compared exactly; more is searched through an index
(hierarchical small worlds), which goes on looking until enough of it is in the span.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from omnilive.memory.search.sketches import quantise, restore

if TYPE_CHECKING:
    from omnilive.memory.store import Store

EXACT_ROWS = 20_000  # sentences noted in the span up to which all of them are compared
WANTED = 400  # sentences that a search yields, at most
INDEX_FROM = 1024  # sentences, as an index of fewer is slower than none
WIDEST = 4000  # dimensions that HNSW takes
_EVER = -1e11
_ITERATIVE = (0, 8)  # the version of pgvector that can go on looking


class PgNearest:
    """The nearest sentences of one model's vectors, found by the server."""

    mark, shown = "?::halfvec", "w.vec::text"

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._version: tuple[int, ...] = ()

    def encode(self, vectors_ND: np.ndarray) -> list[Any]:
        """Return the values to store for unit vectors."""
        # Through the same 8 bits as on SQLite, so that an export is equal whichever way it goes.
        return [written(vector) for vector in restore(quantise(vectors_ND))]

    def decode(self, values: Sequence[Any]) -> np.ndarray:
        """Return the (N, D) vectors of what was stored."""
        return np.stack([read(value) for value in values]).astype(np.float32)

    def note_added(self, model: int, id: int) -> None:
        """Make the index as soon as it is worth its keep."""
        if id % INDEX_FROM == 0:
            make_index(self._store, model)

    def note_again(self, id: int) -> None:
        """Note that the time of a sentence says nothing now."""
        self._store.execute("UPDATE wording SET again = 1 WHERE id = ?", id)

    def best(
        self, model: int, vector: np.ndarray, since_s: float, until_s: float, extra: Sequence[int]
    ) -> list[tuple[int, float]]:
        """Return the sentences nearest to the (D,) unit vector and their cosines, best first."""
        query = "SELECT vector_dims(vec) FROM wording WHERE model = ? LIMIT 1"
        if self._store.value(query, model) != len(vector):
            return []
        span, values = "TRUE", []
        if since_s > _EVER or until_s < self._newest_s():
            span = "(start_s BETWEEN ? AND ? OR again IS NOT NULL"
            values = [max(since_s, -1e12), until_s]
            if extra:
                span += f" OR id IN ({', '.join('?' * len(extra))})"
                values += extra
            span += ")"
        exactly = self._is_small(since_s, until_s)
        self._set_up()
        near = f"vec <#> {self.mark}" if exactly else f"vec::halfvec({len(vector)}) <#> {self.mark}"
        query = (
            f"SELECT id, -({near}) FROM wording WHERE model = {model} AND {span} "
            f"ORDER BY {near} LIMIT {WANTED}"
        )
        asked = written(vector)
        rows = self._store.rows(query, asked, *values, asked)
        return sorted(((id, float(cosine)) for id, cosine in rows), key=lambda pair: -pair[1])

    def _newest_s(self) -> float:
        return self._store.value("SELECT max(start_s) FROM wording") or 0.0

    def _is_small(self, since_s: float, until_s: float) -> bool:
        """Tell whether so few sentences were noted in the span that all can be compared."""
        query = (
            "SELECT count(*) FROM (SELECT 1 FROM wording WHERE start_s BETWEEN ? AND ? "
            f"LIMIT {EXACT_ROWS}) AS few"
        )
        return self._store.value(query, max(since_s, -1e12), until_s) < EXACT_ROWS

    def _set_up(self) -> None:
        """Let HNSW look closely; settings of a connection, which may be a new one each time."""
        if not self._version:
            query = "SELECT extversion FROM pg_extension WHERE extname = 'vector'"
            self._version = tuple(map(int, str(self._store.value(query)).split(".")[:2]))
        settings = {"hnsw.ef_search": str(WANTED)}
        if self._version >= _ITERATIVE:
            settings |= {"hnsw.iterative_scan": "relaxed_order"}
        calls = ", ".join(f"set_config('{k}', '{v}', FALSE)" for k, v in settings.items())
        self._store.rows(f"SELECT {calls}")


def make_index(store: "Store", model: int) -> None:
    """Index the vectors of a model, unless they are; inside a transaction."""
    width = store.value("SELECT vector_dims(vec) FROM wording WHERE model = ? LIMIT 1", model)
    if width and width <= WIDEST:
        store.execute(
            f"CREATE INDEX IF NOT EXISTS wording_near_{model} ON wording USING hnsw "
            f"((vec::halfvec({width})) halfvec_ip_ops) WHERE model = {model}"
        )


def written(vector: np.ndarray) -> str:
    """Return a vector as pgvector reads it; float16 comes back bit by bit."""
    return "[" + ",".join(map(str, vector.astype(np.float16).tolist())) + "]"


def read(text: str) -> np.ndarray:
    """Return the (D,) float16 vector that pgvector wrote."""
    return np.fromstring(text[1:-1], np.float32, sep=",").astype(np.float16)
