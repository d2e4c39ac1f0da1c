"""Full text on SQLite: FTS5 with Porter's stems; ranked by wordsearch.py."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from omnilive.memory.base import Ref
from omnilive.memory.search.tags import tags
from omnilive.memory.search.words import index_form, words
from omnilive.memory.search.wordsearch import search

if TYPE_CHECKING:
    from omnilive.memory.store import Store


class Fts5:
    """The word index of a session in SQLite."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def put(self, table: str, id: int, text: str) -> None:
        """Index a row's text in place of an older one, inside a transaction."""
        self._store.execute(f"DELETE FROM {table}_words WHERE rowid = ?", id)
        row = f"INSERT INTO {table}_words (rowid, words, tags) VALUES (?, ?, ?)"
        self._store.execute(row, id, index_form(text), tags_of(self._store, table, id))

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
        parts = [_any_of("words", group) for group in all_of]
        parts += [_any_of("tags", group) for group in tagged]
        some = f"AND rowid IN ({', '.join('?' * len(among))}) " if among else ""
        query = (
            f"SELECT rowid FROM {table}_words WHERE {table}_words MATCH ? {some}"
            "ORDER BY rowid DESC LIMIT ?"
        )
        rows = self._store.rows(query, " AND ".join(parts), *among, limit)
        return [id for (id,) in rows]

    def holding(self, all_of: Sequence[str], any_of: Sequence[str]) -> tuple[str, str] | None:
        """Return the condition that a fact's words begin so, and its one value; None for none."""
        parts = [part for term in all_of if (part := _beginning(term))]
        if some := [part for term in any_of if (part := _beginning(term))]:
            parts.append(f"({' OR '.join(some)})")
        if not parts:
            return None
        clause = "id IN (SELECT rowid FROM fact_words WHERE fact_words MATCH ?)"
        return clause, f"words : ({' AND '.join(parts)})"


def tags_of(store: "Store", table: str, id: int) -> str:
    """Return the tags of a stored row."""
    kind = "kind" if table == "fact" else "''"
    rows = store.rows(f"SELECT {kind}, start_s, end_s FROM {table} WHERE id = ?", id)
    return tags(*rows[0]) if rows else ""


def _any_of(column: str, group: Sequence[str]) -> str:
    quoted = " OR ".join(f'"{term}"' for term in group)
    return f"{column} : ({quoted})"


def _beginning(term: str) -> str:
    """Return the full-text form of words that begin so; "" when the term holds no word."""
    found = words(term)
    return f'"{" ".join(found)}"*' if found else ""
