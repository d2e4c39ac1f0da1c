"""What the rows of a session mean: a vector for each distinct sentence, and which rows say it.

Most percepts repeat ("a person"): a sentence and its vector are stored once (`wording`), and a
row refers to each of its sentences (`vector`). Vectors are those of one model, whose name is kept
(`embedder` in `meta`): those of another are neither taken nor searched until `reindex`.
"""

import hashlib
import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from omnilive.core.events import Kind
from omnilive.memory.base import Ref
from omnilive.memory.query import LONG_S

if TYPE_CHECKING:
    from omnilive.memory.store import Store

TABLES = ("fact", "moment")
EMBEDDER, MODEL = "embedder", "vector_model"  # rows of `meta`: a name, and a number of ours
NEWEST = 8  # rows that say the very same sentence, at most, the newest
TOGETHER = 64  # sentences whose rows are looked up in one statement
LONG = 500  # things that last and began before the span, at most
_EVER = -1e11

logger = logging.getLogger(__name__)


class Nearest(Protocol):
    """Keeps the vectors of sentences and finds the nearest: see sketches.py and pgvector.py."""

    mark: str  # how a statement takes a vector
    shown: str  # the column of a vector, in the form in which `decode` takes it

    def encode(self, vectors_ND: np.ndarray) -> list[Any]:
        """Return the values to store for unit vectors."""
        ...

    def decode(self, values: Sequence[Any]) -> np.ndarray:
        """Return the (N, D) vectors of what was stored."""
        ...

    def best(
        self, model: int, vector: np.ndarray, since_s: float, until_s: float, extra: Sequence[int]
    ) -> list[tuple[int, float]]:
        """Return the sentences nearest to the (D,) unit vector and their cosines, best first.

        Of those that were noted in the span, or a bit more, and of the `extra` ones.
        """
        ...

    def note_added(self, model: int, id: int) -> None:
        """Do what is due when a sentence was added; inside the transaction that added it."""
        ...

    def note_again(self, id: int) -> None:
        """Do what is due when a sentence is noted for the second time, in a transaction."""
        ...


class Vectors:
    """The vectors of one session."""

    def __init__(self, store: "Store", nearest: Nearest) -> None:
        self._store, self._nearest = store, nearest
        self._has_warned = False

    @property
    def nearest(self) -> Nearest:
        """What keeps the vectors themselves."""
        return self._nearest

    def model(self) -> tuple[int, str]:
        """Return the number and name of the model whose vectors are searched: 1, "" for none."""
        rows = self._store.rows(
            "SELECT key, value FROM meta WHERE key IN (?, ?)", EMBEDDER, MODEL
        )  # fmt: skip
        found = dict(rows)
        return int(found.get(MODEL, 1)), found.get(EMBEDDER, "")

    def takes(self, name: str) -> bool:
        """Tell whether vectors of this model can be stored and searched; say once if not."""
        stored = self.model()[1]
        if stored in ("", name) or not name:
            return True
        if not self._has_warned:
            self._has_warned = True
            logger.warning(
                "%s holds vectors of %s, not of %s: it is searched by words only until "
                "`omnilive memory reindex`", self._store.folder.name, stored, name,
            )  # fmt: skip
        return False

    def put(
        self,
        table: str,
        id: int,
        start_s: float,
        vectors: np.ndarray,
        texts: Sequence[str] = (),
        name: str = "",
    ) -> None:
        """Remember the (N, D) unit vectors of a row in place of older ones, in a transaction.

        `texts` are their sentences, by which those are known again; `name` is the model's. What
        is of another model than the rest is left out.
        """
        self._store.execute("DELETE FROM vector WHERE tab = ? AND id = ?", table, id)
        if not self.takes(name):
            return
        model, stored = self.model()
        if not stored and name:
            self._store.set_meta(EMBEDDER, name)
        self.add(model, table, id, start_s, vectors, texts)

    def add(
        self,
        model: int,
        table: str,
        id: int,
        start_s: float,
        vectors: np.ndarray,
        texts: Sequence[str] = (),
    ) -> None:
        """Remember vectors of some model beside what a row has."""
        values = self._nearest.encode(np.asarray(vectors, np.float32))
        for i, value in enumerate(values):
            said = texts[i].encode() if texts else np.asarray(vectors[i], np.float16).tobytes()
            wording = self._wording(model, digest(said), start_s, value)
            row = "INSERT INTO vector (wording, start_s, tab, id) VALUES (?, ?, ?, ?)"
            self._store.execute(f"{row} ON CONFLICT DO NOTHING", wording, start_s, table, id)

    def merge(self, table: str, id: int, other: int, shares: tuple[float, float]) -> None:
        """Let a row mean what it and another mean together, by their shares: one vector for all.

        The model takes the mean over the words of a text, so that the mean of two texts' vectors is
        near to the vector of both in one; nothing has to be embedded.
        """
        model, _ = self.model()
        means = [
            (self._mean(model, table, row), s) for row, s in zip((id, other), shares, strict=True)
        ]
        total = sum((share * mean for mean, share in means if mean is not None), np.zeros(1))
        length = float(np.linalg.norm(total))
        if length < 1e-6:
            return
        start_s = float(self._store.value(f"SELECT start_s FROM {table} WHERE id = ?", id))
        self._store.execute("DELETE FROM vector WHERE tab = ? AND id = ?", table, id)
        self.add(model, table, id, start_s, total[None] / length)

    def _mean(self, model: int, table: str, id: int) -> np.ndarray | None:
        query = (
            f"SELECT {self._nearest.shown} FROM vector v JOIN wording w ON w.id = v.wording "
            "WHERE v.tab = ? AND v.id = ? AND w.model = ?"
        )
        values = [value for (value,) in self._store.rows(query, table, id, model)]
        return self._nearest.decode(values).mean(axis=0) if values else None

    def copy(self, table: str, id: int, copy: int, start_s: float) -> None:
        """Let the row `copy`, which begins at `start_s`, say what the row `id` says."""
        query = "SELECT wording FROM vector WHERE tab = ? AND id = ?"
        for (wording,) in self._store.rows(query, table, id):
            row = "INSERT INTO vector (wording, start_s, tab, id) VALUES (?, ?, ?, ?)"
            self._store.execute(row, wording, start_s, table, copy)
            self._nearest.note_again(wording)

    def _wording(self, model: int, digest: int, start_s: float, value: Any) -> int:
        """Return the id of a sentence, which is stored when it is new."""
        query = "SELECT id, again FROM wording WHERE model = ? AND digest = ?"
        if rows := self._store.rows(query, model, digest):
            id, again = rows[0]
            if again is None:
                self._nearest.note_again(id)
            return id
        row = (
            "INSERT INTO wording (model, digest, start_s, vec) "
            f"VALUES (?, ?, ?, {self._nearest.mark}) RETURNING id"
        )
        id = int(self._store.rows(row, model, digest, start_s, value)[0][0])
        self._nearest.note_added(model, id)
        return id

    def search(
        self,
        vector: np.ndarray,
        until_s: float,
        limit: int,
        *,
        since_s: float = -1e12,
        kinds: Sequence[Kind] = (),
        tables: Sequence[str] = TABLES,
    ) -> list[Ref]:
        """Return the rows nearest to the (D,) unit vector, best first; score is the cosine.

        Of those that began before `until_s` and lasted until `since_s` at least; `kinds` narrows
        the facts. Of many rows that say the very same, the NEWEST ones.
        """
        extra = self._long(since_s, until_s) if since_s > _EVER else []
        earliest_s = since_s - LONG_S if since_s > _EVER else since_s
        model, _ = self.model()
        best = self._nearest.best(model, vector, earliest_s, until_s, extra)
        found: dict[tuple[str, int], float] = {}
        for first in range(0, len(best), TOGETHER):
            cosines = dict(best[first : first + TOGETHER])
            rows = self._saying(list(cosines), until_s, tables)
            known = self._wanted({(tab, id) for _, tab, id in rows}, since_s, until_s, kinds)
            for wording, tab, id in sorted(rows, key=lambda row: -cosines[row[0]]):
                if (tab, id) in known:
                    found.setdefault((tab, id), cosines[wording])
            if len(found) >= limit:
                break
        refs = [Ref(tab, id, cosine) for (tab, id), cosine in found.items()]
        return refs[:limit]

    def _saying(
        self, wordings: Sequence[int], until_s: float, tables: Sequence[str]
    ) -> list[tuple[int, str, int]]:
        """Return (sentence, table, id) of the newest rows that say each of the sentences."""
        some = f"AND tab = '{tables[0]}' " if len(tables) == 1 else ""
        one = (
            "SELECT * FROM (SELECT wording, tab, id FROM vector WHERE wording = ? "
            f"AND start_s <= ? {some}ORDER BY start_s DESC LIMIT {NEWEST}) AS one"
        )
        values = [value for wording in wordings for value in (wording, until_s)]
        return self._store.rows(" UNION ALL ".join([one] * len(wordings)), *values)

    def _wanted(
        self, refs: Iterable[tuple[str, int]], since_s: float, until_s: float, kinds: Sequence[Kind]
    ) -> set[tuple[str, int]]:
        """Return those of the rows that are in the span and of one of the kinds."""
        if since_s <= _EVER and not kinds:
            return set(refs)
        return {
            (table, id)
            for table in TABLES
            for id in in_span(
                self._store, table, [id for tab, id in refs if tab == table], since_s, until_s,
                kinds,
            )
        }  # fmt: skip

    def _long(self, since_s: float, until_s: float) -> list[int]:
        """Return the sentences of what lasts into the span but began well before it."""
        start_s = self._store.dialect.aside("start_s")
        query = " UNION ".join(
            f"SELECT v.wording FROM (SELECT id FROM {table} WHERE end_s - start_s > {LONG_S} "
            f"AND end_s >= ? AND {start_s} < ? AND {start_s} <= ? LIMIT {LONG}) AS long "
            f"CROSS JOIN vector v WHERE v.tab = '{table}' AND v.id = long.id"  # in this order
            for table in TABLES
        )
        values = (since_s, since_s - LONG_S, until_s) * len(TABLES)
        return [id for (id,) in self._store.rows(query, *values)]


def digest(said: bytes) -> int:
    """Return 64 bits by which a sentence is known again."""
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest(), "big", signed=True)


def in_span(
    store: "Store", table: str, ids: Sequence[int], since_s: float, until_s: float,
    kinds: Sequence[Kind],
) -> list[int]:  # fmt: skip
    """Return those of the ids whose rows touch the span; `kinds` narrows the facts."""
    if not ids:
        return []
    kinds = tuple(kinds) if table == "fact" else ()
    aside = store.dialect.aside
    some = f" AND {aside('kind')} IN ({', '.join('?' * len(kinds))})" if kinds else ""
    query = (
        f"SELECT id FROM {table} WHERE id IN ({', '.join('?' * len(ids))}) "
        f"AND {aside('start_s')} <= ? AND {aside('end_s')} >= ?{some}"
    )
    return [id for (id,) in store.rows(query, *ids, until_s, since_s, *kinds)]
