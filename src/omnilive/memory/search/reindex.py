"""Rebuilds what a session is searched by: vectors of the model in use, and words when wanted.

New vectors grow beside the old ones, in small transactions, and take their place at once when they
are whole: until then readers find by the old ones. Whatever ends it, the next run goes on.
"""

import contextlib
import fcntl
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from omnilive.core.errors import StoreError
from omnilive.memory.search.embed import Embedder
from omnilive.memory.search.vectors import EMBEDDER, MODEL, TABLES
from omnilive.memory.search.words import sentences
from omnilive.memory.store import Store

STATE = "reindex"  # a row of `meta`: how far a run came
BATCH = 128  # rows of a transaction
REMEMBERED = 4096  # sentences whose vectors are kept for when they come again


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What a run did: rows gone through, of which `embedded` were given vectors."""

    rows: int
    embedded: int
    model: str
    resumed: bool


@dataclass(slots=True)
class _State:
    model: int  # whose vectors grow; the one in use when only what lacks is added
    name: str
    words: bool
    table: str = TABLES[0]
    after: int = 0  # the last row that is done


def reindex(
    store: Store,
    embedder: Embedder | None,
    *,
    everything: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Reindexed:
    """Give every row vectors of the embedder's model; without an embedder, leave vectors alone.

    What has them already is left as it is, unless `everything` is to be made anew, words
    included. `progress` is told how many of how many rows are done. StoreError when another
    process is at it.
    """
    with _alone(store):
        return _Run(store, embedder, everything, progress).run()


class _Run:
    def __init__(
        self,
        store: Store,
        embedder: Embedder | None,
        everything: bool,
        progress: Callable[[int, int], None],
    ) -> None:
        self._store, self._embedder, self._progress = store, embedder, progress
        self._known: dict[str, np.ndarray] = {}
        self._done = self._embedded = 0
        left = store.meta().get(STATE)
        self._resumed = left is not None and self._fits(_State(**json.loads(left)), everything)
        self._state = (
            _State(**json.loads(left)) if left and self._resumed else self._new(everything)
        )

    def _fits(self, state: _State, everything: bool) -> bool:
        name = self._embedder.name if self._embedder is not None else ""
        return state.name == name and (state.words or not everything)

    def _new(self, everything: bool) -> _State:
        """Return where to begin: with a new model beside the old, or what the old one lacks."""
        model, stored = self._store.vectors.model()
        name = self._embedder.name if self._embedder is not None else ""
        if name and (everything or stored not in ("", name)):
            query = "SELECT coalesce(max(model), 0) FROM wording"
            model = max(model, int(self._store.value(query))) + 1
        return _State(model, name, everything)

    def run(self) -> Reindexed:
        self._clean()  # what an earlier run has left over
        with self._store.transaction():
            self._save()
        total = sum(self._store.value(f"SELECT count(*) FROM {table}") for table in TABLES)
        for table in TABLES[TABLES.index(self._state.table) :]:
            if table != self._state.table:
                self._state.table, self._state.after = table, 0
            query = f"SELECT count(*) FROM {table} WHERE id <= ?"
            self._done += self._store.value(query, self._state.after)
            while rows := self._rows():
                self._batch(rows)
                self._done += len(rows)
                self._progress(min(self._done, total), total)
        while not self._finish():
            pass
        self._clean()
        self._progress(total, total)
        return Reindexed(self._done, self._embedded, self._state.name, self._resumed)

    def _rows(self) -> list[tuple[int, float, str]]:
        query = (
            f"SELECT id, start_s, text FROM {self._state.table} WHERE id > ? ORDER BY id LIMIT ?"
        )
        return self._store.rows(query, self._state.after, BATCH)

    def _batch(self, rows: Sequence[tuple[int, float, str]]) -> None:
        table, last = self._state.table, rows[-1][0]
        lacking = self._lacking(table, [row[0] for row in rows])
        vectors = self._vectors_of([row[2] for row in rows if row[0] in lacking])
        with self._store.transaction():
            # Somebody may have changed or forgotten some of them meanwhile.
            marks = ", ".join("?" * len(rows))
            query = f"SELECT id, start_s, text FROM {table} WHERE id IN ({marks})"
            for id, start_s, text in self._store.rows(query, *(row[0] for row in rows)):
                if self._state.words:
                    self._store.index_again(table, id)
                if id in lacking and text in vectors:
                    self._add(table, id, start_s, text, vectors[text])
            self._state.after = last
            self._save()

    def _lacking(self, table: str, ids: Sequence[int]) -> set[int]:
        """Return those of the rows that have no vector of the model."""
        if self._embedder is None:
            return set()
        query = (
            f"SELECT DISTINCT v.id FROM vector v CROSS JOIN wording w WHERE v.tab = '{table}' "
            f"AND v.id IN ({', '.join('?' * len(ids))}) AND w.id = v.wording AND w.model = ?"
        )
        return set(ids) - {id for (id,) in self._store.rows(query, *ids, self._state.model)}

    def _vectors_of(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the (N, D) vectors of the sentences of each text."""
        parts = {text: sentences(text) for text in texts if text}
        wanted = dict.fromkeys(part for each in parts.values() for part in each)
        new = [part for part in wanted if part not in self._known]
        if new:
            assert self._embedder is not None
            self._known |= dict(zip(new, self._embedder.embed(new), strict=True))
        found = {text: np.stack([self._known[p] for p in each]) for text, each in parts.items()}
        while len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        return found

    def _add(self, table: str, id: int, start_s: float, text: str, vectors: np.ndarray) -> None:
        self._embedded += 1
        model = self._state.model
        self._store.vectors.add(model, table, id, start_s, vectors, sentences(text))

    def _save(self) -> None:
        self._store.set_meta(STATE, json.dumps(asdict(self._state)))

    def _finish(self) -> bool:
        """Let the new vectors take the place of the old, unless some are lacking yet."""
        with self._store.transaction():
            for table in TABLES if self._embedder is not None else ():
                rows = self._still_lacking(table)
                vectors = self._vectors_of([text for _, _, text in rows])
                for id, start_s, text in rows:
                    self._add(table, id, start_s, text, vectors[text])
                if len(rows) == BATCH:
                    return False  # others want to write, too
            if self._state.name:
                self._store.set_meta(MODEL, str(self._state.model))
                self._store.set_meta(EMBEDDER, self._state.name)
            self._store.execute("DELETE FROM meta WHERE key = ?", STATE)
        return True

    def _still_lacking(self, table: str) -> list[tuple[int, float, str]]:
        """Return rows that were written or changed since they were gone through."""
        query = (
            f"SELECT id, start_s, text FROM {table} t WHERE text != '' AND NOT EXISTS (SELECT 1 "
            f"FROM vector v JOIN wording w ON w.id = v.wording WHERE v.tab = '{table}' "
            "AND v.id = t.id AND w.model = ?) LIMIT ?"
        )
        return self._store.rows(query, self._state.model, BATCH)

    def _clean(self) -> None:
        """Delete vectors of models that are neither in use nor in the making."""
        keep = {self._store.vectors.model()[0]}
        if STATE in self._store.meta():
            keep.add(self._state.model)
        marks = ", ".join("?" * len(keep))
        query = f"SELECT id FROM wording WHERE model NOT IN ({marks}) LIMIT {BATCH}"
        while ids := [id for (id,) in self._store.rows(query, *keep)]:
            some = ", ".join("?" * len(ids))
            with self._store.transaction():
                self._store.execute(f"DELETE FROM vector WHERE wording IN ({some})", *ids)
                self._store.execute(f"DELETE FROM wording WHERE id IN ({some})", *ids)


@contextlib.contextmanager
def _alone(store: Store) -> Iterator[None]:
    """Hold the session's reindexing; the lock goes with the process, however it ends."""
    try:
        with open(store.folder / "reindex.lock", "w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise StoreError(
                    f"another process reindexes {store.folder.name!r}: let it finish, or stop it"
                ) from error
            yield
    except OSError as error:
        raise StoreError(f"cannot write in {store.folder}: {error.strerror}") from error
