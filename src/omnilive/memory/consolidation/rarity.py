"""How often each word was noticed in a session, in bounded space and without keeping the words.

A count-min sketch (Cormack and Muthukrishnan, 2005) in the table `seen`: each word adds to one
counter in each of two rows of WIDTH, found by a hash; the smaller one is its count, or a little too
high. It holds no words, so that forgetting need not look here.
"""

import hashlib
import math
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from omnilive.memory.search.words import content_words
from omnilive.memory.store import Store

WIDTH = 8192  # counters in each row
_TOTAL = -1  # the bucket that counts texts


class Seen:
    """Counts in how many moments a word was; mirrors the table, and writes what changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counts: np.ndarray | None = None  # (2 * WIDTH,) int64
        self._total = 0
        self._touched: set[int] = set()

    def add(self, text: str) -> None:
        """Count the words of one moment; `save` stores the counts."""
        counts = self._loaded()
        self._total += 1
        for bucket in {b for word in content_words(text) for b in _buckets(word)}:
            counts[bucket] += 1
            self._touched.add(bucket)

    def rarity(self, word: str) -> float:
        """Return log2 of one in how many moments holds the word: 0 for what is always there."""
        counts = self._loaded()
        count = min(int(counts[bucket]) for bucket in _buckets(word))
        return math.log2((self._total + 1) / (min(count, self._total) + 1))

    def save(self) -> None:
        """Store what was counted, inside a transaction."""
        if not self._touched:
            return
        counts = self._loaded()
        row = (
            "INSERT INTO seen (bucket, n) VALUES (?, ?) "
            "ON CONFLICT (bucket) DO UPDATE SET n = excluded.n"
        )
        values = [(bucket, int(counts[bucket])) for bucket in sorted(self._touched)]
        self._store.execute_many(row, [(_TOTAL, self._total), *values])
        self._touched.clear()

    def reset(self) -> None:
        """Read the table again: what was counted has come to nothing."""
        self._counts = None
        self._touched.clear()

    def _loaded(self) -> np.ndarray:
        if self._counts is None:
            self._counts = np.zeros(2 * WIDTH, np.int64)
            rows: Iterable[tuple[int, int]] = self._store.rows("SELECT bucket, n FROM seen")
            counts = dict(rows)
            self._total = counts.pop(_TOTAL, 0)
            self._counts[list(counts)] = list(counts.values())
        return self._counts


@lru_cache(4096)
def _buckets(word: str) -> tuple[int, int]:
    code = hashlib.blake2b(word.encode(), digest_size=8).digest()
    first, second = int.from_bytes(code[:4]), int.from_bytes(code[4:])
    return first % WIDTH, WIDTH + second % WIDTH
