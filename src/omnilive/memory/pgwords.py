"""Full text on PostgreSQL: tsvector of Porter's stems with a GIN index, ranked like BM25."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from omnilive.core.events import Kind
from omnilive.memory.base import Ref
from omnilive.memory.words import words

if TYPE_CHECKING:
    from omnilive.memory.store import Store

LONGEST_BYTES = 1000  # of a word; PostgreSQL refuses those beyond 2,046
MOST_TERMS = 64  # of a query that are looked for


class PgWords:
    """The word index of a session in PostgreSQL."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def put(self, table: str, id: int, text: str) -> None:
        """Index a row's text in place of an older one, inside a transaction."""
        row = (
            f"INSERT INTO {table}_words (rowid, words) VALUES (?, to_tsvector('words', ?)) "
            "ON CONFLICT (rowid) DO UPDATE SET words = excluded.words"
        )
        self._store.execute(row, id, " ".join(_parts(text)))

    def search(
        self, terms: Iterable[str], until_s: float, limit: int, kinds: Sequence[Kind] = ()
    ) -> list[Ref]:
        """Return rows that hold any of the terms and began before `until_s`, best first."""
        queries = list(dict.fromkeys(" <-> ".join(p) for term in terms if (p := _parts(term))))
        if not queries:
            return []
        refs: list[Ref] = []
        for table in ("fact", "moment"):
            refs += self._search(table, queries[:MOST_TERMS], until_s, limit, kinds)
        return sorted(refs, key=lambda ref: -ref.score)[:limit]

    def _search(
        self, table: str, queries: list[str], until_s: float, limit: int, kinds: Sequence[Kind]
    ) -> list[Ref]:
        weights = self._weights(table, queries)
        wanted = tuple(kinds) if table == "fact" else ()
        narrowed = f"AND t.kind IN ({', '.join('?' * len(wanted))}) " if wanted else ""
        score = " + ".join(
            f"(w.words @@ to_tsquery('words', ?))::int * {weight:.6f}" for weight in weights
        )
        query = (
            f"SELECT t.id, ({score}) / (1 + 0.1 * ln(1 + length(w.words))) AS score "
            f"FROM {table}_words w JOIN {table} t ON t.id = w.rowid "
            f"WHERE w.words @@ to_tsquery('words', ?) AND t.start_s <= ? {narrowed}"
            "ORDER BY score DESC, t.id LIMIT ?"
        )
        any_of = " | ".join(f"({one})" for one in queries)
        rows = self._store.rows(query, *queries, any_of, until_s, *wanted, limit)
        return [Ref(table, id, float(score)) for id, score in rows]

    def _weights(self, table: str, queries: list[str]) -> list[float]:
        """Return how much each query tells: what is rare tells much (BM25's idf)."""
        one = f"(SELECT count(*) FROM {table}_words WHERE words @@ to_tsquery('words', ?))"
        counts = ", ".join([f"(SELECT count(*) FROM {table}_words)", *[one] * len(queries)])
        (row,) = self._store.rows(f"SELECT {counts}", *queries)
        total, *holding = row
        return [max(1e-6, math.log((total - n + 0.5) / (n + 0.5))) for n in holding]

    def holding(self, all_of: Sequence[str], any_of: Sequence[str]) -> tuple[str, str] | None:
        """Return the condition that a fact's words begin so, and its one value; None for none."""
        parts = [part for term in all_of if (part := _beginning(term))]
        if some := [part for term in any_of if (part := _beginning(term))]:
            parts.append(f"({' | '.join(some)})")
        if not parts:
            return None
        clause = "id IN (SELECT rowid FROM fact_words WHERE words @@ to_tsquery('words', ?))"
        return clause, " & ".join(parts)


def _parts(text: str) -> list[str]:
    """Return the words as FTS5 cuts them: letters and digits, without accents."""
    found: list[str] = []
    for word in words(text):
        plain = "".join(
            c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c)
        )
        found += [part for part in plain.split("'") if 0 < len(part.encode()) <= LONGEST_BYTES]
    return found


def _beginning(term: str) -> str:
    """Return the query for words that begin so; "" when the term holds no word."""
    parts = _parts(term)
    return f"({' <-> '.join(parts)}:*)" if parts else ""
