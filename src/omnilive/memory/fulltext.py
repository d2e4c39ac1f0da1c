"""Full text on SQLite: FTS5 with Porter's stems, ranked by BM25."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from omnilive.core.events import Kind
from omnilive.memory.base import Ref
from omnilive.memory.words import index_form, words

if TYPE_CHECKING:
    from omnilive.memory.store import Store


class Fts5:
    """The word index of a session in SQLite."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def put(self, table: str, id: int, text: str) -> None:
        """Index a row's text in place of an older one, inside a transaction."""
        self._store.execute(f"DELETE FROM {table}_words WHERE rowid = ?", id)
        row = f"INSERT INTO {table}_words (rowid, words) VALUES (?, ?)"
        self._store.execute(row, id, index_form(text))

    def search(
        self, terms: Iterable[str], until_s: float, limit: int, kinds: Sequence[Kind] = ()
    ) -> list[Ref]:
        """Return rows that hold any of the terms and began before `until_s`, best first."""
        quoted = ['"' + term.replace('"', '""') + '"' for term in terms if term.strip()]
        if not quoted:
            return []
        refs: list[Ref] = []
        for table in ("fact", "moment"):
            wanted = tuple(kinds) if table == "fact" else ()
            narrowed = f"AND t.kind IN ({', '.join('?' * len(wanted))}) " if wanted else ""
            query = (
                f"SELECT t.id, -bm25({table}_words) FROM {table}_words w JOIN {table} t "
                f"ON t.id = w.rowid WHERE {table}_words MATCH ? AND t.start_s <= ? "
                f"{narrowed}ORDER BY bm25({table}_words) LIMIT ?"
            )
            rows = self._store.rows(query, " OR ".join(quoted), until_s, *wanted, limit)
            refs += [Ref(table, id, score) for id, score in rows]
        return sorted(refs, key=lambda ref: -ref.score)[:limit]

    def holding(self, all_of: Sequence[str], any_of: Sequence[str]) -> tuple[str, str] | None:
        """Return the condition that a fact's words begin so, and its one value; None for none."""
        parts = [part for term in all_of if (part := _beginning(term))]
        if some := [part for term in any_of if (part := _beginning(term))]:
            parts.append(f"({' OR '.join(some)})")
        if not parts:
            return None
        clause = "id IN (SELECT rowid FROM fact_words WHERE fact_words MATCH ?)"
        return clause, " AND ".join(parts)


def _beginning(term: str) -> str:
    """Return the full-text form of words that begin so; "" when the term holds no word."""
    found = words(term)
    return f'"{" ".join(found)}"*' if found else ""
