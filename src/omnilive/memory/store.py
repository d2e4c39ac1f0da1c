"""The memory of one session: every statement that the product puts to its database.

The database itself is an implementation of `Database`: a SQLite file in the session's folder, or
a PostgreSQL schema. Pictures and recordings are files in the folder either way.
"""

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from omnilive.core.clock import wall_time
from omnilive.core.events import Kind, Percept
from omnilive.memory.base import Fact, LogEntry, Moment, Ref, SourceRow
from omnilive.memory.database import Database
from omnilive.memory.query import COLUMNS, LONG_S, FactQuery
from omnilive.memory.spans import Span
from omnilive.memory.sqlite import SqliteDatabase
from omnilive.memory.vectors import TABLES

KEYFRAMES = "keyframes"  # the folder of pictures in a session's folder


class Store:
    """The memory of one session, whose files lie in `folder`. Calls are serialised by a lock."""

    def __init__(
        self, folder: Path, *, create: bool = False, database: Database | None = None
    ) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._depth = 0
        self._db = database or SqliteDatabase(folder, create=create)
        self.dialect = self._db.dialect
        self.words, self.vectors = self._db.indexes(self)
        if create:
            with self._db.explained():
                (folder / KEYFRAMES).mkdir(parents=True, exist_ok=True)
            self._first_words()

    def close(self) -> None:
        """Let go of the database; safe to call twice."""
        with self._lock:
            self._db.close()

    # statements, with `?` marks; see dialect.py for what has to be said in two ways

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Run a statement; return its rows."""
        with self._lock:
            return self._db.rows(sql, values)

    def value(self, sql: str, *values: Any) -> Any:
        """Run a statement; return the first value of its first row, None without a row."""
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def execute(self, sql: str, *values: Any) -> int:
        """Run a statement that changes something; return how many rows it changed."""
        with self._lock:
            if self._depth:  # as nearly always: spare it a transaction inside of one
                return self._db.execute(sql, values)
            with self.transaction():
                return self._db.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement that changes something once for each of the rows of values."""
        with self.transaction():
            self._db.execute_many(sql, rows)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside durable at once, or not at all."""
        with self._lock, self._db.explained():
            if self._depth == 0:
                self._db.begin()
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.rollback()
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.commit()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read as if nobody wrote meanwhile; writers of other stores are not held up."""
        with self._lock, self._db.explained():
            self._db.execute(self.dialect.snapshot)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                self._db.rollback()

    @property
    def in_transaction(self) -> bool:
        """Whether this thread, which holds the lock, changes something that may be undone."""
        return self._depth > 0

    @contextlib.contextmanager
    def whole(self) -> Iterator[Database]:
        """Give the database for what cannot be done inside a transaction; others wait."""
        with self._lock, self._db.explained():
            yield self._db

    def note_wipe_due(self) -> None:
        """Inside the transaction that deletes: make sure that the bytes go, whatever happens."""
        self._db.note_wipe_due()

    def wipe(self) -> bool:
        """Take what was deleted out of the files; False when somebody else still uses it."""
        with self.whole() as database:
            return database.wipe()

    def tidy(self, start: bool, wall_s: float) -> float | None:
        """Let a little of what was deleted leave the files; see Database."""
        with self.whole() as database:
            return database.tidy(start, wall_s)

    # the log

    def append(self, t: float, type: str, body: Mapping[str, Any]) -> int:
        """Add one line to the log; return its sequence number."""
        text = json.dumps(body, ensure_ascii=False)
        row = "INSERT INTO log (t, type, body) VALUES (?, ?, ?) RETURNING seq"
        with self.transaction():
            return int(self.value(row, t, type, text))

    def log_after(self, seq: int, limit: int = 500) -> list[LogEntry]:
        """Return the lines after `seq`, oldest first."""
        query = "SELECT seq, t, type, body FROM log WHERE seq > ? ORDER BY seq LIMIT ?"
        return [LogEntry(s, t, k, json.loads(b)) for s, t, k, b in self.rows(query, seq, limit)]

    def log_of(self, type: str, limit: int = 50, until_t: float = 1e12) -> list[LogEntry]:
        """Return the newest lines of one type that are not later than `until_t`, oldest first."""
        query = (
            "SELECT seq, t, type, body FROM log WHERE type = ? AND t <= ? ORDER BY seq DESC LIMIT ?"
        )
        rows = self.rows(query, type, until_t, limit)
        return [LogEntry(s, t, k, json.loads(b)) for s, t, k, b in reversed(rows)]

    # facts

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

    def moment_spans(self, ids: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Return start and end of the moments of these ids."""
        if not ids:
            return {}
        marks = ", ".join("?" * len(ids))
        rows = self.rows(f"SELECT id, start_s, end_s FROM moment WHERE id IN ({marks})", *ids)
        return {id: (start_s, end_s) for id, start_s, end_s in rows}

    def fact(self, id: int) -> Fact | None:
        """Return one fact, or None."""
        rows = self.rows(f"{_FACT} WHERE id = ?", id)
        return fact_of(rows[0]) if rows else None

    # moments and pictures

    def put_moment(self, start_s: float, end_s: float, text: str) -> int:
        """Add a moment; return its id."""
        row = "INSERT INTO moment (start_s, end_s, text) VALUES (?, ?, ?) RETURNING id"
        with self.transaction():
            id = int(self.value(row, start_s, end_s, text))
            self.words.put("moment", id, text)
        return id

    def moments(
        self, *, before_s: float = 1e12, start_s: float = -1e12, limit: int = 500
    ) -> list[Moment]:
        """Return the newest `limit` moments that begin in [start_s, before_s), oldest first."""
        query = f"{_MOMENT} WHERE start_s < ? AND end_s >= ? ORDER BY start_s DESC, id DESC LIMIT ?"
        return [self._moment(r) for r in reversed(self.rows(query, before_s, start_s, limit))]

    def moment(self, id: int) -> Moment | None:
        """Return one moment, or None."""
        rows = self.rows(f"{_MOMENT} WHERE id = ?", id)
        return self._moment(rows[0]) if rows else None

    def _moment(self, row: tuple[Any, ...]) -> Moment:
        id, start_s, end_s, text, level, size, weight, data = row
        return Moment(
            id=id, start_s=start_s, end_s=end_s, text=text, level=level, size=size, weight=weight,
            data=json.loads(data), keyframe=self.keyframe_near(start_s, end_s),
        )  # fmt: skip

    def last_moment_end(self) -> float | None:
        """Return where the newest moment ends, None before the first."""
        return self.value("SELECT max(end_s) FROM moment")

    def put_keyframe(self, t: float, jpeg: bytes) -> int:
        """Keep a picture as a file; return its id."""
        with self.transaction():
            row = "INSERT INTO keyframe (t, bytes) VALUES (?, ?) RETURNING id"
            id = int(self.value(row, t, len(jpeg)))
            path = self.folder / keyframe_path(id)
            part = path.with_suffix(".part")
            try:
                part.write_bytes(jpeg)
                os.replace(part, path)
            except OSError:
                part.unlink(missing_ok=True)
                raise
        return id

    def keyframe_near(self, start_s: float, end_s: float) -> str | None:
        """Return the path of the first picture of a span, else of the last one before it."""
        inside = "SELECT id FROM keyframe WHERE t >= ? AND t <= ? ORDER BY t LIMIT 1"
        before = "SELECT id FROM keyframe WHERE t < ? ORDER BY t DESC LIMIT 1"
        rows = self.rows(inside, start_s - 0.05, end_s) or self.rows(before, start_s)
        return keyframe_path(rows[0][0]) if rows else None

    # sources

    def put_source(self, row: SourceRow) -> int:
        """Add a source (its id is ignored); return its id."""
        query = (
            "INSERT INTO source (url, kind, offset_s, duration_s, has_video, has_audio, state, "
            "detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
        )
        values = (
            row.url, row.kind, row.offset_s, row.duration_s, row.has_video, row.has_audio,
            row.state, row.detail,
        )  # fmt: skip
        with self.transaction():
            return int(self.value(query, *values))

    def update_source(self, id: int, **values: Any) -> None:
        """Change columns of a source, such as `state` or `video_s`."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self.transaction():
            self.execute(f"UPDATE source SET {names} WHERE id = ?", *values.values(), id)

    def sources(self) -> list[SourceRow]:
        """Return all sources, oldest first."""
        return [_source(row) for row in self.rows(f"SELECT {_SOURCE} FROM source ORDER BY id")]

    # search

    def search_text(
        self,
        terms: Iterable[str],
        until_s: float,
        limit: int,
        kinds: Sequence[Kind] = (),
        *,
        since_s: float = -1e12,
        tables: Sequence[str] = TABLES,
    ) -> list[Ref]:
        """Return rows that hold any of the terms and touch the span, best first.

        `kinds` narrows the facts; moments hold facts of every kind.
        """
        narrowed = {"since_s": since_s, "kinds": kinds, "tables": tables}
        with self._lock:
            return self.words.search(terms, until_s, limit, **narrowed)

    def index_again(self, table: str, id: int) -> None:
        """Index the words of a row whose times or text were changed, inside a transaction."""
        if table == "fact":
            text = searchable(fact) if (fact := self.fact(id)) else ""
        else:
            text = self.value("SELECT text FROM moment WHERE id = ?", id) or ""
        self.words.put(table, id, text)

    def put_vectors(
        self,
        table: str,
        id: int,
        start_s: float,
        vectors: np.ndarray,
        texts: Sequence[str] = (),
        name: str = "",
    ) -> None:
        """Remember the (N, D) unit vectors of a row's sentences, in place of older ones.

        With the sentences themselves, each is stored once however often it is said; `name` is
        the model's: see memory/vectors.py.
        """
        with self.transaction():
            self.vectors.put(table, id, start_s, vectors, texts, name)

    def search_vector(
        self,
        vector: np.ndarray,
        until_s: float,
        limit: int,
        kinds: Sequence[Kind] = (),
        *,
        since_s: float = -1e12,
        tables: Sequence[str] = TABLES,
    ) -> list[Ref]:
        """Return the rows nearest to the (D,) unit vector that touch the span, best first.

        The score is the cosine. `kinds` narrows the facts; moments hold facts of every kind.
        """
        narrowed = {"since_s": since_s, "kinds": kinds, "tables": tables}
        with self._lock:
            return self.vectors.search(vector, until_s, limit, **narrowed)

    # the session as a whole

    def forgotten(self) -> list[Span]:
        """Return the spans that were forgotten, in order: nothing of them may be stored again."""
        rows = self.rows("SELECT value FROM meta WHERE key = 'forgotten'")
        return [Span(*pair) for pair in json.loads(rows[0][0])] if rows else []

    def meta(self) -> dict[str, str]:
        """Return the facts about the session itself."""
        return dict(self.rows("SELECT key, value FROM meta"))

    def set_meta(self, key: str, value: str) -> None:
        """Note a fact about the session itself."""
        with self.transaction():
            self.execute(
                "INSERT INTO meta (key, value) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value", key, value,
            )  # fmt: skip

    def end_s(self) -> float:
        """Return the session time up to which something is known."""
        # A short fact that ends last began late; moments hardly overlap.
        greatest = self.dialect.greatest
        newest = "SELECT end_s FROM moment ORDER BY start_s DESC LIMIT 64"
        query = (
            f"SELECT {greatest}(coalesce((SELECT max(end_s) FROM fact WHERE start_s >= "
            f"(SELECT max(start_s) FROM fact) - {LONG_S}), 0), "
            f"coalesce((SELECT max(end_s) FROM fact WHERE end_s - start_s > {LONG_S}), 0), "
            f"coalesce((SELECT max(offset_s + {greatest}(video_s, audio_s)) FROM source), 0), "
            f"coalesce((SELECT max(end_s) FROM ({newest}) AS newest), 0))"
        )
        return float(self.value(query))

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each main table."""
        tables = ("log", "fact", "moment", "keyframe")
        return {name: int(self.value(f"SELECT count(*) FROM {name}")) for name in tables}

    def last_seq(self) -> int:
        """Return the newest sequence number of the log, 0 when it is empty."""
        return int(self.value("SELECT coalesce(max(seq), 0) FROM log"))

    def size(self) -> int:
        """Return the bytes of what the database holds; files are not in it."""
        with self._lock:
            return self._db.size()

    def check(self) -> str:
        """Return "ok", or what is wrong with the stored data."""
        with self._lock:
            return self._db.check()

    def _first_words(self) -> None:
        row = "INSERT INTO meta VALUES ('created_wall_s', ?) ON CONFLICT (key) DO NOTHING"
        self.execute(row, str(wall_time()))


_FACT = f"SELECT {COLUMNS} FROM fact"
_MOMENT = "SELECT id, start_s, end_s, text, level, size, weight, data FROM moment"
_SOURCE = (
    "id, url, kind, offset_s, duration_s, has_video, has_audio, state, detail, video_s, audio_s"
)


def _source(row: tuple[Any, ...]) -> SourceRow:
    values = dict(zip(_SOURCE.split(", "), row, strict=True))
    flags = {name: bool(values[name]) for name in ("has_video", "has_audio")}
    return SourceRow(**{**values, **flags})


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


def keyframe_path(id: int) -> str:
    """Return where a keyframe lies in the session folder."""
    return f"{KEYFRAMES}/{id}.jpg"
