"""Finds the nearest sentences in SQLite: sketches of one bit a dimension in memory, then exactly.

Each vector is stored as int8 with a scale. Its sketch (the signs, 48 bytes for 384 dimensions) is
mirrored in memory with the time that its sentence was first noted. A search counts the bits that
differ (XOR and population count), adds up the query's values by the signs of the best ROUGH times
as many as it wants, and compares what is best by then exactly with what is stored.
Sketches are also stored in blocks of BLOCK sentences, so that a new process need not read every
vector. They are derived data: a block goes as soon as one of its sentences does (see schema.py),
and its rest is then read from the vectors.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from omnilive.memory.store import Store

BLOCK = 1024  # sentences whose sketches are stored together
EXACT, EXACT_OF, MOST_EXACT = 400, 1000, 1500  # sentences compared exactly, see exactly()
ROUGH = 8  # times as many are chosen by counting bits, and then compared by their signs
STEP = 1 << 16  # sketches compared at once: they stay in the processor's cache
PAGE = 4096  # vectors read at once
_GROW = 1.25
_SCALE = np.dtype("<f4")

# Shape legend: N sentences, D width, W 64-bit words of a sketch (D / 64, rounded up).


def quantise(vectors_ND: np.ndarray) -> list[bytes]:
    """Return each vector as a float32 scale and D int8; off by at most half a scale.

    The greatest component is rounded to float16 first: what was restored and kept as float16,
    as PostgreSQL does, is quantised to the very same bytes.
    """
    top_N1 = np.abs(vectors_ND.astype(np.float16)).max(axis=1, keepdims=True).astype(np.float32)
    scale_N1 = (np.maximum(top_N1, 1e-12) / 127).astype(_SCALE)
    steps_ND = np.rint(vectors_ND / scale_N1).astype(np.int8)
    rows = zip(scale_N1, steps_ND, strict=True)
    return [scale.tobytes() + steps.tobytes() for scale, steps in rows]


def restore(blobs: Sequence[bytes]) -> np.ndarray:
    """Return the (N, D) float32 vectors of what `quantise` made."""
    scale_N, steps_ND = _read(blobs)
    return steps_ND * scale_N[:, None]


def products(blobs: Sequence[bytes], vector: np.ndarray) -> np.ndarray:
    """Return the (N,) inner products of what `quantise` made with a (D,) vector."""
    scale_N, steps_ND = _read(blobs)
    # Not `@`: the threads of BLAS would go on spinning for longer than all else here takes.
    return np.einsum("nd,d->n", steps_ND, vector.astype(np.float32)) * scale_N


def _read(blobs: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray]:
    raw = np.frombuffer(b"".join(blobs), np.uint8).reshape(len(blobs), -1)
    scale_N = np.ascontiguousarray(raw[:, :4]).view(_SCALE)[:, 0]
    return scale_N, raw[:, 4:].view(np.int8).astype(np.float32)


def exactly(count: int) -> int:
    """Return how many of so many sentences are compared exactly, after their sketches."""
    return min(MOST_EXACT, EXACT + count // EXACT_OF)


def sketch(vectors_ND: np.ndarray) -> np.ndarray:
    """Return the signs of each dimension as bits: (N, W) uint64."""
    bits = np.packbits(vectors_ND > 0, axis=1)
    padded = np.zeros((len(bits), -(-bits.shape[1] // 8) * 8), np.uint8)
    padded[:, : bits.shape[1]] = bits
    return padded.view(np.uint64)


class Sketches:
    """The nearest sentences of one model's vectors; new ones are read when a search needs them."""

    mark, shown = "?", "w.vec"

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._asked: tuple[Any, ...] = ()  # the last search
        self._found: list[tuple[int, float]] = []
        self._clear(0)

    def encode(self, vectors_ND: np.ndarray) -> list[Any]:
        """Return the values to store for unit vectors."""
        return list(quantise(vectors_ND))

    def decode(self, values: Sequence[Any]) -> np.ndarray:
        """Return the (N, D) vectors of what was stored."""
        return restore(values)

    def best(
        self, model: int, vector: np.ndarray, since_s: float, until_s: float, extra: Sequence[int]
    ) -> list[tuple[int, float]]:
        """Return the sentences nearest to the (D,) unit vector and their cosines, best first.

        Of those that were noted in the span, as far as is known here, and of the `extra` ones.
        """
        self.refresh(model)
        if not self._count or self._bits_WN.shape[0] != -(-len(vector) // 64):
            return []
        asked = (vector.tobytes(), since_s, until_s, tuple(extra), self._count, model)
        if asked != self._asked:  # facts and moments are often asked for one after the other
            places = self._nearest(vector, since_s, until_s, extra)
            ids = np.sort(self._ids[places])
            found = self._exact(ids.tolist(), vector)
            if len(found) < len(ids):
                self._drop(np.setdiff1d(ids, [id for id, _ in found]))
            self._asked, self._found = asked, sorted(found, key=lambda pair: -pair[1])
        return self._found

    def note_added(self, model: int, id: int) -> None:
        """Store a block of sketches when it is full; inside the transaction that added `id`."""
        if id % BLOCK == 0:
            seal(self._store, model, id)

    def note_again(self, id: int) -> None:
        """Let every mirror know that a sentence was noted again: its time says nothing now."""
        newest = "(SELECT seq FROM sqlite_sequence WHERE name = 'wording')"
        self._store.execute(f"UPDATE wording SET again = {newest} WHERE id = ?", id)

    # the mirror

    def _clear(self, model: int) -> None:
        self._model, self._count, self._again, self._checked = model, 0, 0, BLOCK
        self._asked = ()
        self._ids = np.zeros(0, np.int64)
        self._starts = np.zeros(0, np.float64)  # infinite: gone
        self._often = np.zeros(0, np.bool_)  # noted more than once: its time says nothing
        self._bits_WN = np.zeros((0, 0), np.uint64)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the mirror takes."""
        arrays = (self._ids, self._starts, self._often, self._bits_WN)
        return sum(array.nbytes for array in arrays)

    def refresh(self, model: int) -> None:
        """Read what came since the last time. Inside a transaction, which may be undone: all."""
        is_open = self._store.in_transaction
        if model != self._model or is_open or self._is_mostly_gone():
            self._clear(model)
        if not self._count:
            self._read_blocks()
        self._read_rest()
        query = "SELECT id FROM wording WHERE again >= ? AND +model = ?"
        often = [id for (id,) in self._store.rows(query, self._again, model)]
        places = self._places(np.array(often, np.int64))
        if not self._often[places].all():
            self._often[places], self._asked = True, ()
        self._again = int(self._ids[self._count - 1]) if self._count else 0
        if is_open:
            self._model = 0  # read anew next time

    def _is_mostly_gone(self) -> bool:
        if self._count <= _GROW * self._checked:
            return False
        self._checked = self._count
        query = "SELECT count(*) FROM wording WHERE model = ?"
        return self._store.rows(query, self._model)[0][0] < self._count / 2

    def _read_blocks(self) -> None:
        query = "SELECT ids, starts, bits FROM sketch WHERE model = ? ORDER BY last"
        blocks = self._store.rows(query, self._model)
        if not blocks:
            return
        ids, starts, bits = (b"".join(part) for part in zip(*blocks, strict=True))
        ids_N = np.frombuffer(ids, np.int64)
        bits_NW = np.frombuffer(bits, np.uint64).reshape(len(ids_N), -1)
        self._add(ids_N, np.frombuffer(starts, np.float64), bits_NW)
        for first, last in self._gaps():
            self._read(first, last)
        order = np.argsort(self._ids[: self._count])
        self._ids[: self._count] = self._ids[order]
        self._starts[: self._count] = self._starts[order]
        self._bits_WN[:, : self._count] = self._bits_WN[:, order]

    def _gaps(self) -> list[tuple[int, int]]:
        """Return the ranges of ids below the last block for which there is no block any more."""
        query = "SELECT first, last FROM sketch WHERE model = ? ORDER BY last"
        gaps, end = [], 0
        for first, last in self._store.rows(query, self._model):
            if first > end + 1:
                gaps.append((end, first - 1))
            end = last
        return gaps

    def _read_rest(self) -> None:
        newest = int(self._ids[self._count - 1]) if self._count else 0
        self._read(newest, 1 << 62)

    def _read(self, after: int, last: int) -> None:
        query = (
            "SELECT id, start_s, vec FROM wording WHERE +model = ? AND id > ? AND id <= ? "
            "ORDER BY id LIMIT ?"
        )
        while rows := self._store.rows(query, self._model, after, last, PAGE):
            ids, starts, blobs = zip(*rows, strict=True)
            self._add(np.array(ids), np.array(starts), sketch(restore(blobs)))
            after = ids[-1]

    def _add(self, ids: np.ndarray, starts: np.ndarray, bits_NW: np.ndarray) -> None:
        first, last = self._count, self._count + len(ids)
        if last > len(self._ids):
            self._reserve(int(last * _GROW) + BLOCK, bits_NW.shape[1])
        self._ids[first:last], self._starts[first:last] = ids, starts
        self._often[first:last] = False
        self._bits_WN[:, first:last] = bits_NW.T
        self._count = last

    def _reserve(self, capacity: int, width: int) -> None:
        bits_WN = np.zeros((width, capacity), np.uint64)
        bits_WN[:, : self._count] = self._bits_WN[:, : self._count] if self._count else 0
        self._bits_WN = bits_WN
        for name in ("_ids", "_starts", "_often"):
            old = getattr(self, name)
            new = np.zeros(capacity, old.dtype)
            new[: self._count] = old[: self._count]
            setattr(self, name, new)

    def _places(self, ids: np.ndarray) -> np.ndarray:
        """Return where these ids are mirrored; those that are not are left out."""
        places = np.searchsorted(self._ids[: self._count], ids)
        places = places[places < self._count]
        return places[np.isin(self._ids[places], ids)]

    def _drop(self, ids: np.ndarray) -> None:
        """Overlook what is gone: a row that was replaced, merged or forgotten."""
        places = self._places(ids)
        self._starts[places], self._often[places] = np.inf, False
        self._bits_WN[:, places] = 0

    # the search

    def _nearest(
        self, vector: np.ndarray, since_s: float, until_s: float, extra: Sequence[int]
    ) -> np.ndarray:
        """Return the places of the sentences whose sketches differ least."""
        starts = self._starts[: self._count]
        wanted = starts <= until_s
        if since_s > -1e11:
            wanted &= (starts >= since_s) | self._often[: self._count]
            wanted[self._places(np.array(extra, np.int64))] = True
        places = np.flatnonzero(wanted)
        exact = exactly(len(places))
        bits_WN = self._bits_WN[:, : self._count]
        if len(places) > ROUGH * exact:
            some_WN = bits_WN if len(places) == self._count else bits_WN[:, places]
            differences = _differences(some_WN, sketch(vector[None])[0])
            places = places[_least(differences, ROUGH * exact)]
        if len(places) > exact:
            scores = _by_signs(bits_WN[:, places], vector)
            places = places[np.argpartition(-scores, exact)[:exact]]
        return places

    def _exact(self, ids: list[int], vector: np.ndarray) -> list[tuple[int, float]]:
        if not ids:
            return []
        marks = ", ".join("?" * len(ids))
        rows = self._store.rows(f"SELECT id, vec FROM wording WHERE id IN ({marks})", *ids)
        if not rows:
            return []
        cosines = products([blob for _, blob in rows], vector)
        return [(id, float(cosine)) for (id, _), cosine in zip(rows, cosines, strict=True)]


def seal(store: "Store", model: int, last: int) -> None:
    """Store the sketches of the sentences after the last block, up to the id `last`, as one."""
    end = "SELECT coalesce(max(last), 0) FROM sketch WHERE model = ?"
    first = store.rows(end, model)[0][0] + 1
    rows = store.rows(
        "SELECT id, start_s, vec FROM wording WHERE +model = ? AND id >= ? AND id <= ? ORDER BY id",
        model, first, last,
    )  # fmt: skip
    if not rows:
        return
    ids, starts, blobs = zip(*rows, strict=True)
    bits = sketch(restore(blobs)).tobytes()
    values = (np.array(ids, np.int64).tobytes(), np.array(starts, np.float64).tobytes(), bits)
    store.execute("INSERT INTO sketch VALUES (?, ?, ?, ?, ?, ?)", last, first, model, *values)


def _differences(bits_WN: np.ndarray, query_W: np.ndarray) -> np.ndarray:
    """Return in how many bits each sketch differs: (N,) uint16."""
    count = bits_WN.shape[1]
    differences = np.empty(count, np.uint16)
    for first in range(0, count, STEP):
        part_WN = bits_WN[:, first : first + STEP]
        total = np.bitwise_count(part_WN[0] ^ query_W[0]).astype(np.uint16)
        for word, wanted in zip(part_WN[1:], query_W[1:], strict=True):
            total += np.bitwise_count(word ^ wanted)
        differences[first : first + STEP] = total
    return differences


def _least(differences: np.ndarray, wanted: int) -> np.ndarray:
    """Return the places of the least values; the later ones where they are equal."""
    most = int(np.searchsorted(np.cumsum(np.bincount(differences)), wanted))
    below = np.flatnonzero(differences < most)
    equal = np.flatnonzero(differences == most)
    return np.concatenate([below, equal[len(equal) - (wanted - len(below)) :]])


def _by_signs(bits_WN: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """Return the sum of the vector's values where a sketch has a one, by tables of bytes: (N,)."""
    bytes_NB = np.ascontiguousarray(bits_WN.T).view(np.uint8)
    values = np.zeros(8 * bytes_NB.shape[1], np.float32)
    values[: len(vector)] = vector
    patterns = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    table_B256 = values.reshape(-1, 8) @ patterns.T.astype(np.float32)
    scores = np.zeros(len(bytes_NB), np.float32)
    for sums, column in zip(table_B256, bytes_NB.T, strict=True):
        scores += sums[column]
    return scores
