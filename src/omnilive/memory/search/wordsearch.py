"""Ranks rows by the words that they share with a query, at a cost that does not grow with them.

A word that half of all rows hold tells nothing, and reading all those rows would take seconds:
of each word the newest COMMON rows are looked at, and how many there are in all is estimated from
how close they lie. What a rare word finds is also checked for the common ones.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np

from omnilive.core.events import Kind
from omnilive.memory.base import Ref
from omnilive.memory.query import LONG_S
from omnilive.memory.search.tags import HOUR_S, cover, kind_tags
from omnilive.memory.search.words import words

if TYPE_CHECKING:
    from omnilive.memory.store import Store

COMMON = 600  # rows that are looked at for each word, the newest
MOST_TERMS = 32  # of a query that are looked for
BEST = 200  # candidates whose rows are read, at least
LASTING = 100  # things still open, or long, that are looked through one by one
BESIDE = 3  # common words that are looked for beside the rarest, those that tell most
LEADING = 20_000  # rows that a word may be in that others are looked for beside
_EVER = -1e11

# BM25 with every word counted once a row (rows are short): Robertson and Zaragoza, "The
# Probabilistic Relevance Framework", 2009, section 3.4, with its customary k1 and b.
_K1, _B = 1.2, 0.75
_USUAL = {"fact": 30, "moment": 100}  # characters of a row


class Postings(Protocol):
    """Which rows hold words, newest first: the part of full text that differs by database."""

    def ids(
        self,
        table: str,
        all_of: Sequence[Sequence[str]],
        tagged: Sequence[Sequence[str]],
        limit: int,
        among: Sequence[int] = (),
    ) -> list[int]:
        """Return the newest rows that hold one term of each group, and one tag of each group.

        A term is a word, or some in a row. With `among`, only of these rows.
        """
        ...  # fmt: skip


def search(
    store: "Store",
    postings: Postings,
    terms: Iterable[str],
    until_s: float,
    limit: int,
    *,
    since_s: float = -1e12,
    kinds: Sequence[Kind] = (),
    tables: Sequence[str] = ("fact", "moment"),
) -> list[Ref]:
    """Return rows that hold any of the terms and touch the span, best first.

    `kinds` narrows the facts; moments hold facts of every kind. The score is BM25's; `share` is
    how much of what the terms tell the row holds (1 when it holds every one).
    """
    wanted = list(dict.fromkeys(" ".join(found) for term in terms if (found := words(term))))
    if len(wanted) > MOST_TERMS:
        wanted = sorted(wanted, key=lambda term: -len(term))[:MOST_TERMS]  # long ones are rare
    refs: list[Ref] = []
    for table in tables if wanted and limit > 0 else ():
        one = _Search(store, postings, table, since_s, until_s, kinds if table == "fact" else ())
        refs += one.best(wanted, limit)
    return sorted(refs, key=lambda ref: -ref.score)[:limit]


class _Search:
    """One search of one table."""

    def __init__(
        self, store: "Store", postings: Postings, table: str, since_s: float, until_s: float,
        kinds: Sequence[Kind],
    ) -> None:  # fmt: skip
        self._store, self._postings, self._table = store, postings, table
        self._since_s, self._until_s, self._kinds = since_s, until_s, kinds
        self._lasting = self._read_lasting() if table == "fact" and since_s > _EVER else []
        self._tagged = [kind_tags(kinds)] if kinds else []
        if times := self._times():
            self._tagged.append(times)

    def _times(self) -> list[str]:
        """Return the tags of the span, none when it leaves nothing out."""
        newest_s = self._store.value(f"SELECT max(start_s) FROM {self._table}") or 0.0
        if self._since_s <= _EVER and self._until_s > newest_s - HOUR_S:
            return []
        since_s = self._since_s - LONG_S if self._since_s > _EVER else 0.0
        return cover(since_s, min(self._until_s, newest_s))

    def best(self, terms: Sequence[str], limit: int) -> list[Ref]:
        """Return the best rows, best first."""
        held = {term: self._holding(term) for term in terms}
        count = self._store.value(f"SELECT max(id) FROM {self._table}") or 0
        holding = {term: _estimate(ids, count) for term, ids in held.items()}
        weights = {term: _weight(number, count) for term, number in holding.items()}
        if leading := _leading(holding):
            others = [t for t, ids in held.items() if len(ids) >= COMMON and t not in leading]
            others.sort(key=lambda term: -weights[term])
            self._look_beside(leading, others[:BESIDE], held)
        found = [np.array(ids, np.int64) for ids in held.values()]
        shares = [np.full(len(ids), weights[term]) for term, ids in held.items()]
        ids_N, places = np.unique(np.concatenate(found), return_inverse=True)
        sums_N = np.bincount(places, np.concatenate(shares))
        best = np.lexsort((-ids_N, -sums_N))[: max(4 * limit, BEST)]
        order = ids_N[best].tolist()
        scores = dict(zip(order, sums_N[best].tolist(), strict=True))
        lengths = self._lengths(order)
        all_told = sum(weights.values())
        refs = [
            Ref(self._table, id, scores[id] * self._shortness(lengths[id]), scores[id] / all_told)
            for id in order
            if id in lengths
        ]
        return sorted(refs, key=lambda ref: -ref.score)[:limit]

    def _look_beside(
        self, leading: Sequence[str], others: Sequence[str], held: dict[str, list[int]]
    ) -> None:
        """Add the rows, however old, that hold one of the other terms beside a leading one."""
        first = leading[0]
        is_rare = len(held[first]) < COMMON
        for term in others:
            beside = self._ids([leading, [term]])
            held[term] = [*{*held[term], *beside}]
            if not is_rare:
                held[first] = [*{*held[first], *beside}]

    def _holding(self, term: str) -> list[int]:
        ids = self._ids([[term]])
        if self._lasting:
            more = self._postings.ids(self._table, [[term]], [], LASTING, self._lasting)
            return list(dict.fromkeys([*ids, *more]))
        return ids

    def _ids(self, all_of: Sequence[Sequence[str]]) -> list[int]:
        return self._postings.ids(self._table, all_of, self._tagged, COMMON)

    def _read_lasting(self) -> list[int]:
        """Return the facts that lasted into the span, which they may not be tagged with."""
        start_s = self._store.dialect.aside("start_s")
        query = (
            f"SELECT id FROM fact WHERE open AND {start_s} <= ? "
            f"UNION SELECT id FROM fact WHERE end_s - start_s > {LONG_S} AND end_s >= ? "
            f"AND {start_s} <= ? LIMIT ?"
        )
        values = (self._until_s, self._since_s, self._until_s, LASTING)
        return [id for (id,) in self._store.rows(query, *values)]

    def _lengths(self, ids: Sequence[int]) -> dict[int, int]:
        """Return how long the text of each row is that touches the span."""
        if not ids:
            return {}
        aside = self._store.dialect.aside
        kind = aside("kind")
        some = f" AND {kind} IN ({', '.join('?' * len(self._kinds))})" if self._kinds else ""
        query = (
            f"SELECT id, length(text) FROM {self._table} WHERE id IN "
            f"({', '.join('?' * len(ids))}) AND {aside('start_s')} <= ? "
            f"AND {aside('end_s')} >= ?{some}"
        )
        values = (*ids, self._until_s, self._since_s, *self._kinds)
        return dict(self._store.rows(query, *values))

    def _shortness(self, length: int) -> float:
        return (_K1 + 1) / (1 + _K1 * (1 - _B + _B * length / _USUAL[self._table]))


def _leading(holding: Mapping[str, float]) -> list[str]:
    """Return the rare terms, or else the rarest: common ones are looked for beside these."""
    known = {term: number for term, number in holding.items() if number}
    rare = [term for term, number in known.items() if number < COMMON]
    rarest = [term for term in known if known[term] == min(known.values()) <= LEADING]
    return rare or rarest[:1]


def _estimate(ids: Sequence[int], count: int) -> float:
    """Return how many rows hold a term whose newest ones are `ids`."""
    if len(ids) < COMMON:
        return len(ids)
    return count * len(ids) / (max(ids) - min(ids) + 1)


def _weight(holding: float, count: int) -> float:
    """Return how much a term tells: BM25's idf, as of Lucene, which is never negative."""
    return math.log(1 + max(0.0, count - holding + 0.5) / (holding + 0.5)) + 1e-6
