"""Full text on PostgreSQL: tsvector of Porter's stems and of tags, with a GIN index.

Ranked by wordsearch.py.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from omnilive.memory.base import Ref
from omnilive.memory.search.fulltext import tags_of
from omnilive.memory.search.words import words
from omnilive.memory.search.wordsearch import search

if TYPE_CHECKING:
    from omnilive.memory.store import Store

LONGEST_BYTES = 1000  # of a word; PostgreSQL refuses those beyond 2,046
TAG = "#"  # begins a tag, and no word


class PgWords:
    """The word index of a session in PostgreSQL."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def put(self, table: str, id: int, text: str) -> None:
        """Index a row's text in place of an older one, inside a transaction."""
        row = (
            f"INSERT INTO {table}_words (rowid, words) VALUES (?, to_tsvector('words', ?) "
            "|| array_to_tsvector(string_to_array(?, ' '))) "
            "ON CONFLICT (rowid) DO UPDATE SET words = excluded.words"
        )
        tags = " ".join(TAG + tag for tag in tags_of(self._store, table, id).split())
        self._store.execute(row, id, " ".join(_parts(text)), tags)

    def search(
        self, terms: Iterable[str], until_s: float, limit: int, **narrowed: Any
    ) -> list[Ref]:
        """Return rows that hold any of the terms, best first: see wordsearch.search."""
        return search(self._store, self, terms, until_s, limit, **narrowed)

    def ids(
        self, table: str, all_of: Sequence[Sequence[str]], tagged: Sequence[Sequence[str]],
        limit: int, among: Sequence[int] = (),
    ) -> list[int]:  # fmt: skip
        """Return the newest rows that hold one term and tag of each group: see Postings."""
        groups = [[" <-> ".join(parts) for t in group if (parts := _parts(t))] for group in all_of]
        if not all(groups):
            return []
        wanted = " & ".join(f"({' | '.join(f'({one})' for one in group)})" for group in groups)
        condition, values = "to_tsquery('words', ?)", [wanted]
        for group in tagged:
            condition += " && ?::tsquery"
            values.append(" | ".join(f"'{TAG}{tag}'" for tag in group))
        some = f"AND rowid IN ({', '.join('?' * len(among))}) " if among else ""
        query = (
            f"SELECT rowid FROM {table}_words WHERE words @@ ({condition}) {some}"
            "ORDER BY rowid DESC LIMIT ?"
        )
        return [id for (id,) in self._store.rows(query, *values, *among, limit)]

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
