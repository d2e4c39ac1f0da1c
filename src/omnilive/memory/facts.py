"""The facts of a store: what was perceived, each a row whose end moves on while it is open."""

import json
from collections.abc import Sequence
from typing import Any

from omnilive.core.events import Kind, Percept
from omnilive.memory.base import Fact
from omnilive.memory.databases.database import WordIndex
from omnilive.memory.databases.statements import Statements
from omnilive.memory.query import COLUMNS, FactQuery

_FACT = f"SELECT {COLUMNS} FROM fact"


class Facts(Statements):
    """Writes and finds facts, with their words."""

    words: WordIndex

    def put_fact(self, key: str, percept: Percept) -> int:
        """Add a percept, or replace the one of the same key; return its id."""
        row = (
            "INSERT INTO fact (key, kind, start_s, end_s, text, confidence, open, data) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
            "start_s = excluded.start_s, end_s = excluded.end_s, text = excluded.text, "
            "confidence = excluded.confidence, open = excluded.open, data = excluded.data "
            "RETURNING id"
        )
        data = json.dumps(dict(percept.data), ensure_ascii=False)
        values = (
            key, percept.kind, percept.start_s, percept.end_s, percept.text, percept.confidence,
            not percept.final, data,
        )  # fmt: skip
        with self.transaction():
            id = int(self.value(row, *values))
            self.words.put("fact", id, searchable(percept))
        return id

    def label_fact(self, key: str, data: dict[str, Any]) -> None:
        """Add to the data of the fact of this key, where there is one."""
        with self.transaction():
            for (old,) in self.rows("SELECT data FROM fact WHERE key = ?", key):
                text = json.dumps(json.loads(old) | data, ensure_ascii=False)
                self.execute("UPDATE fact SET data = ? WHERE key = ?", text, key)

    def drop_fact(self, key: str) -> None:
        """Take back a partial that came to nothing."""
        with self.transaction():
            for (id,) in self.rows("SELECT id FROM fact WHERE key = ?", key):
                self.drop("fact", id)

    def extend_open_facts(self, source_id: int, video_t: float, audio_t: float) -> None:
        """Let what is open last until now, except speech and objects that are out of sight.

        Each medium of the source is known up to a time of its own: a long sentence must not
        make the people in view look gone.
        """
        with self.transaction():
            query = (
                f"UPDATE fact SET end_s = {self.dialect.greatest}(end_s, "
                "CASE kind WHEN 'sound' THEN ? ELSE ? END) "
                "WHERE open AND kind != 'speech' AND key >= ? AND key < ? "
                f"AND NOT {self.dialect.is_set('data', 'hidden')}"
            )
            self.execute(query, audio_t, video_t, f"{source_id}:", f"{source_id};")

    def close_open_facts(self, source_id: int | None = None) -> None:
        """Close what a source, or every one, has left open, at its last known time."""
        keys = ("", "~") if source_id is None else (f"{source_id}:", f"{source_id};")
        with self.transaction():
            query = "UPDATE fact SET open = FALSE WHERE open AND key >= ? AND key < ?"
            self.execute(query, *keys)

    def drop_unfinished(self, source_id: int, video_t: float, audio_t: float) -> list[Fact]:
        """Tidy up after a break: put the source back to when its media were last complete.

        What began later is forgotten. Return the objects that were in view, which stay open.
        """
        heard = ("speech", "sound")
        prefix = f"{source_id}:"
        greatest, least = self.dialect.greatest, self.dialect.least
        with self.transaction():
            late = self.rows(
                "SELECT id FROM fact WHERE substr(key, 1, ?) = ? AND (start_s >= "
                "CASE WHEN kind IN (?, ?) THEN ? ELSE ? END OR (open AND kind = 'speech'))",
                len(prefix), prefix, *heard, audio_t - 1e-3, video_t + 1e-3,
            )  # fmt: skip
            for (id,) in late:
                self.drop("fact", id)
            # What lasted beyond that time ended with the stream, not by itself.
            reopen = (
                f"UPDATE fact SET open = (kind = 'object'), end_s = {least}(end_s, "
                f"{greatest}(start_s, CASE WHEN kind IN (?, ?) THEN ? ELSE ? END)) "
                "WHERE substr(key, 1, ?) = ? AND kind != 'speech' AND (open OR end_s >= "
                "CASE WHEN kind IN (?, ?) THEN ? ELSE ? END)"
            )
            times = (*heard, audio_t, video_t)
            self.execute(reopen, *times, len(prefix), prefix, *times)
            rows = self.rows(
                f"{_FACT} WHERE open AND kind = 'object' AND substr(key, 1, ?) = ?",
                len(prefix), prefix,
            )  # fmt: skip
        return [fact_of(row) for row in rows]

    def last_number(self, source_id: int) -> int:
        """Return the highest number that a percept of the source bears in its id, -1 for none."""
        prefix = f"{source_id}:"
        without_letters = f"ltrim({self.dialect.field('data', 'id')}, ?)"
        query = (
            f"SELECT max({self.dialect.number(without_letters)}) FROM fact "
            "WHERE substr(key, 1, ?) = ?"
        )
        number = self.value(query, "abcdefghijklmnopqrstuvwxyz", len(prefix), prefix)
        return -1 if number is None else int(number)

    def drop(self, table: str, id: int) -> None:
        """Delete a fact or moment with its words and vectors, inside a transaction."""
        self.execute(f"DELETE FROM {table} WHERE id = ?", id)
        self.execute(f"DELETE FROM {table}_words WHERE rowid = ?", id)
        self.execute("DELETE FROM vector WHERE tab = ? AND id = ?", table, id)

    def facts(
        self, *, kinds: Sequence[Kind] = (), start_s: float = -1e12, end_s: float = 1e12
    ) -> list[Fact]:
        """Return the facts that overlap the span, by start."""
        return self.find_facts(FactQuery(kinds=kinds, start_s=start_s, end_s=end_s))

    def find_facts(self, wanted: FactQuery) -> list[Fact]:
        """Return the facts that are wanted, by start."""
        query, values = wanted.sql(self)
        rows = self.rows(query, *values)
        return [fact_of(row) for row in (reversed(rows) if wanted.newest else rows)]

    def facts_of(self, ids: Sequence[int]) -> list[Fact]:
        """Return the facts of these ids."""
        if not ids:
            return []
        marks = ", ".join("?" * len(ids))
        return [fact_of(row) for row in self.rows(f"{_FACT} WHERE id IN ({marks})", *ids)]

    def fact(self, id: int) -> Fact | None:
        """Return one fact, or None."""
        if not -(2**63) <= id < 2**63:  # no database has such numbers
            return None
        rows = self.rows(f"{_FACT} WHERE id = ?", id)
        return fact_of(rows[0]) if rows else None


def fact_of(row: tuple[Any, ...]) -> Fact:
    """Return the fact of a row of COLUMNS."""
    id, kind, start_s, end_s, text, confidence, is_open, data = row
    return Fact(
        id=id, kind=kind, start_s=start_s, end_s=end_s, text=text, confidence=confidence,
        open=bool(is_open), data=json.loads(data),
    )  # fmt: skip


def searchable(percept: Percept | Fact) -> str:
    """Return the words under which a percept is found: its text and its other names."""
    names = [str(percept.data.get("label", "")), *percept.data.get("names", ())]
    return " ".join([percept.text, *names])
