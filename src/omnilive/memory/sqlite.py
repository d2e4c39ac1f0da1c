"""The default store: one folder a session, with one SQLite file (WAL) and its keyframes."""

import contextlib
import errno
import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from omnilive.core.clock import wall_time
from omnilive.core.errors import StoreError
from omnilive.core.events import Kind, Percept
from omnilive.memory.base import Fact, LogEntry, Moment, Ref, SourceRow
from omnilive.memory.query import COLUMNS, LONG_S, FactQuery
from omnilive.memory.schema import migrate
from omnilive.memory.spans import Span
from omnilive.memory.vectors import VectorCache
from omnilive.memory.wipe import wipe_if_due
from omnilive.memory.words import index_form

DB_NAME = "memory.db"
KEYFRAMES = "keyframes"


class SqliteStore:
    """The memory of one session in `folder`. Calls are serialised by a lock."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._depth = 0
        path = folder / DB_NAME
        if not create and not path.exists():
            raise StoreError(f"there is no memory in {folder}")
        with _explained(folder):
            if create:
                (folder / KEYFRAMES).mkdir(parents=True, exist_ok=True)
            mode = "rwc" if create else "rw"
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, check_same_thread=False,
                timeout=30,
            )  # fmt: skip
            try:
                self._set_up(create)
            except BaseException:
                self._db.close()
                raise
        self._vectors = VectorCache()

    def _set_up(self, create: bool) -> None:
        self._db.isolation_level = None
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA secure_delete = ON")
        migrate(self._db)
        if create:
            self._first_words()
        wipe_if_due(self._db)

    def close(self) -> None:
        """Close the file; safe to call twice."""
        with self._lock:
            self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside durable at once, or not at all."""
        with self._lock, _explained(self.folder):
            if self._depth == 0:
                self._db.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0 and self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._depth -= 1
            if self._depth == 0:
                self._db.execute("COMMIT")

    # the log

    def append(self, t: float, type: str, body: Mapping[str, Any]) -> int:
        """Add one line to the log; return its sequence number."""
        text = json.dumps(body, ensure_ascii=False)
        row = "INSERT INTO log (t, type, body) VALUES (?, ?, ?)"
        with self.transaction():
            return int(self._db.execute(row, (t, type, text)).lastrowid or 0)

    def log_after(self, seq: int, limit: int = 500) -> list[LogEntry]:
        """Return the lines after `seq`, oldest first."""
        query = "SELECT seq, t, type, body FROM log WHERE seq > ? ORDER BY seq LIMIT ?"
        return [LogEntry(s, t, k, json.loads(b)) for s, t, k, b in self._rows(query, seq, limit)]

    def log_of(self, type: str, limit: int = 50, until_t: float = 1e12) -> list[LogEntry]:
        """Return the newest lines of one type that are not later than `until_t`, oldest first."""
        query = (
            "SELECT seq, t, type, body FROM log WHERE type = ? AND t <= ? ORDER BY seq DESC LIMIT ?"
        )
        rows = self._rows(query, type, until_t, limit)
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
            id = int(self._db.execute(row, values).fetchone()[0])
            self._index("fact_words", id, searchable(percept))
        return id

    def label_fact(self, key: str, data: dict[str, Any]) -> None:
        """Add to the data of the fact of this key, where there is one."""
        patch = json.dumps(data, ensure_ascii=False)
        with self.transaction():
            query = "UPDATE fact SET data = json_patch(coalesce(data, '{}'), ?) WHERE key = ?"
            self._db.execute(query, (patch, key))

    def drop_fact(self, key: str) -> None:
        """Take back a partial that came to nothing."""
        with self.transaction():
            for (id,) in self._rows("SELECT id FROM fact WHERE key = ?", key):
                self._forget_fact(id)

    def extend_open_facts(self, source_id: int, video_t: float, audio_t: float) -> None:
        """Let what is open last until now, except speech and objects that are out of sight.

        Each medium of the source is known up to a time of its own: a long sentence must not
        make the people in view look gone.
        """
        with self.transaction():
            query = (
                "UPDATE fact SET end_s = max(end_s, CASE kind WHEN 'sound' THEN ? ELSE ? END) "
                "WHERE open AND kind != 'speech' AND key >= ? AND key < ? "
                "AND coalesce(json_extract(data, '$.hidden'), 0) = 0"
            )
            keys = (f"{source_id}:", f"{source_id};")
            self._db.execute(query, (audio_t, video_t, *keys))

    def close_open_facts(self, source_id: int | None = None) -> None:
        """Close what a source, or every one, has left open, at its last known time."""
        keys = ("", "~") if source_id is None else (f"{source_id}:", f"{source_id};")
        with self.transaction():
            query = "UPDATE fact SET open = 0 WHERE open AND key >= ? AND key < ?"
            self._db.execute(query, keys)

    def drop_unfinished(self, source_id: int, video_t: float, audio_t: float) -> list[Fact]:
        """Tidy up after a break: put the source back to when its media were last complete.

        What began later is forgotten. Return the objects that were in view, which stay open.
        """
        heard = ("speech", "sound")
        prefix = f"{source_id}:"
        with self.transaction():
            late = self._rows(
                "SELECT id FROM fact WHERE substr(key, 1, ?) = ? AND (start_s >= "
                "CASE WHEN kind IN (?, ?) THEN ? ELSE ? END OR (open AND kind = 'speech'))",
                len(prefix), prefix, *heard, audio_t - 1e-3, video_t + 1e-3,
            )  # fmt: skip
            for (id,) in late:
                self._forget_fact(id)
            # What lasted beyond that time ended with the stream, not by itself.
            reopen = (
                "UPDATE fact SET open = kind = 'object', end_s = min(end_s, "
                "max(start_s, CASE WHEN kind IN (?, ?) THEN ? ELSE ? END)) "
                "WHERE substr(key, 1, ?) = ? AND kind != 'speech' AND (open OR end_s >= "
                "CASE WHEN kind IN (?, ?) THEN ? ELSE ? END)"
            )
            times = (*heard, audio_t, video_t)
            self._db.execute(reopen, (*times, len(prefix), prefix, *times))
            rows = self._rows(
                f"{_FACT} WHERE open AND kind = 'object' AND substr(key, 1, ?) = ?",
                len(prefix), prefix,
            )  # fmt: skip
        return [_fact(row) for row in rows]

    def last_number(self, source_id: int) -> int:
        """Return the highest number that a percept of the source bears in its id, -1 for none."""
        prefix = f"{source_id}:"
        query = (
            "SELECT max(CAST(ltrim(json_extract(data, '$.id'), ?) AS INTEGER)) FROM fact "
            "WHERE substr(key, 1, ?) = ?"
        )
        letters = "abcdefghijklmnopqrstuvwxyz"
        number = self._rows(query, letters, len(prefix), prefix)[0][0]
        return -1 if number is None else int(number)

    def _forget_fact(self, id: int) -> None:
        self._db.execute("DELETE FROM fact WHERE id = ?", (id,))
        self._db.execute("DELETE FROM fact_words WHERE rowid = ?", (id,))
        self._db.execute("DELETE FROM vector WHERE tab = 'fact' AND id = ?", (id,))

    def facts(
        self, *, kinds: Sequence[Kind] = (), start_s: float = -1e12, end_s: float = 1e12
    ) -> list[Fact]:
        """Return the facts that overlap the span, by start."""
        return self.find_facts(FactQuery(kinds=kinds, start_s=start_s, end_s=end_s))

    def find_facts(self, wanted: FactQuery) -> list[Fact]:
        """Return the facts that are wanted, by start."""
        query, values = wanted.sql()
        rows = self._rows(query, *values)
        return [_fact(row) for row in (reversed(rows) if wanted.newest else rows)]

    def facts_of(self, ids: Sequence[int]) -> list[Fact]:
        """Return the facts of these ids."""
        marks = ", ".join("?" * len(ids))
        return [_fact(row) for row in self._rows(f"{_FACT} WHERE id IN ({marks})", *ids)]

    def moment_spans(self, ids: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Return start and end of the moments of these ids."""
        marks = ", ".join("?" * len(ids))
        rows = self._rows(f"SELECT id, start_s, end_s FROM moment WHERE id IN ({marks})", *ids)
        return {id: (start_s, end_s) for id, start_s, end_s in rows}

    def fact(self, id: int) -> Fact | None:
        """Return one fact, or None."""
        rows = self._rows(f"{_FACT} WHERE id = ?", id)
        return _fact(rows[0]) if rows else None

    # moments and pictures

    def put_moment(self, start_s: float, end_s: float, text: str) -> int:
        """Add a moment; return its id."""
        row = "INSERT INTO moment (start_s, end_s, text) VALUES (?, ?, ?)"
        with self.transaction():
            id = int(self._db.execute(row, (start_s, end_s, text)).lastrowid or 0)
            self._index("moment_words", id, text)
        return id

    def moments(
        self, *, before_s: float = 1e12, start_s: float = -1e12, limit: int = 500
    ) -> list[Moment]:
        """Return the newest `limit` moments that begin in [start_s, before_s), oldest first."""
        query = (
            "SELECT id, start_s, end_s, text FROM moment WHERE start_s < ? AND end_s >= ? "
            "ORDER BY start_s DESC LIMIT ?"
        )
        rows = reversed(self._rows(query, before_s, start_s, limit))
        return [
            Moment(id=i, start_s=a, end_s=b, text=text, keyframe=self.keyframe_near(a, b))
            for i, a, b, text in rows
        ]

    def moment(self, id: int) -> Moment | None:
        """Return one moment, or None."""
        rows = self._rows("SELECT id, start_s, end_s, text FROM moment WHERE id = ?", id)
        if not rows:
            return None
        i, a, b, text = rows[0]
        return Moment(id=i, start_s=a, end_s=b, text=text, keyframe=self.keyframe_near(a, b))

    def last_moment_end(self) -> float | None:
        """Return where the newest moment ends, None before the first."""
        return self._rows("SELECT max(end_s) FROM moment")[0][0]

    def put_keyframe(self, t: float, jpeg: bytes) -> int:
        """Keep a picture as a file; return its id."""
        with self.transaction():
            row = "INSERT INTO keyframe (t, bytes) VALUES (?, ?)"
            id = int(self._db.execute(row, (t, len(jpeg))).lastrowid or 0)
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
        rows = self._rows(inside, start_s - 0.05, end_s) or self._rows(before, start_s)
        return keyframe_path(rows[0][0]) if rows else None

    # sources

    def put_source(self, row: SourceRow) -> int:
        """Add a source (its id is ignored); return its id."""
        query = (
            "INSERT INTO source (url, kind, offset_s, duration_s, has_video, has_audio, state, "
            "detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        values = (
            row.url, row.kind, row.offset_s, row.duration_s, row.has_video, row.has_audio,
            row.state, row.detail,
        )  # fmt: skip
        with self.transaction():
            return int(self._db.execute(query, values).lastrowid or 0)

    def update_source(self, id: int, **values: Any) -> None:
        """Change columns of a source, such as `state` or `video_s`."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self.transaction():
            self._db.execute(f"UPDATE source SET {names} WHERE id = ?", (*values.values(), id))

    def sources(self) -> list[SourceRow]:
        """Return all sources, oldest first."""
        names = (
            "id, url, kind, offset_s, duration_s, has_video, has_audio, state, detail, "
            "video_s, audio_s"
        )
        fields = names.split(", ")
        rows = self._rows(f"SELECT {names} FROM source ORDER BY id")
        return [SourceRow(**dict(zip(fields, row, strict=True))) for row in rows]

    # search

    def search_text(
        self, terms: Iterable[str], until_s: float, limit: int, kinds: Sequence[Kind] = ()
    ) -> list[Ref]:
        """Return rows that hold any of the terms and began before `until_s`, best first.

        `kinds` narrows the facts; moments hold facts of every kind.
        """
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
            rows = self._rows(query, " OR ".join(quoted), until_s, *wanted, limit)
            refs += [Ref(table, id, score) for id, score in rows]
        return sorted(refs, key=lambda ref: -ref.score)[:limit]

    def put_vectors(self, table: str, id: int, start_s: float, vectors: np.ndarray) -> None:
        """Remember the (N, D) unit vectors of a row's sentences, as float16, in place of older."""
        row = "INSERT INTO vector (tab, id, start_s, vec) VALUES (?, ?, ?, ?)"
        blobs = [vector.tobytes() for vector in vectors.astype(np.float16)]
        with self.transaction():
            self._db.execute("DELETE FROM vector WHERE tab = ? AND id = ?", (table, id))
            self._db.executemany(row, [(table, id, start_s, blob) for blob in blobs])

    def search_vector(self, vector: np.ndarray, until_s: float, limit: int) -> list[Ref]:
        """Return the rows nearest to the (D,) unit vector, best first; score is the cosine."""
        with self._lock:
            self._vectors.refresh(self._rows)
            return self._vectors.nearest(vector, until_s, limit)

    # the session as a whole

    @contextlib.contextmanager
    def whole(self) -> Iterator[sqlite3.Connection]:
        """Give the connection for what cannot be done inside a transaction."""
        with self._lock, _explained(self.folder):
            yield self._db

    def forgotten(self) -> list[Span]:
        """Return the spans that were forgotten, in order: nothing of them may be stored again."""
        rows = self._rows("SELECT value FROM meta WHERE key = 'forgotten'")
        return [Span(*pair) for pair in json.loads(rows[0][0])] if rows else []

    def meta(self) -> dict[str, str]:
        """Return the facts about the session itself."""
        return dict(self._rows("SELECT key, value FROM meta"))

    def set_meta(self, key: str, value: str) -> None:
        """Note a fact about the session itself."""
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def end_s(self) -> float:
        """Return the session time up to which something is known."""
        # A short fact that ends last began late; moments hardly overlap.
        query = (
            "SELECT max(coalesce((SELECT max(end_s) FROM fact WHERE start_s >= "
            f"(SELECT max(start_s) FROM fact) - {LONG_S}), 0), "
            f"coalesce((SELECT max(end_s) FROM fact WHERE end_s - start_s > {LONG_S}), 0), "
            "coalesce((SELECT max(offset_s + max(video_s, audio_s)) FROM source), 0), "
            "coalesce((SELECT max(end_s) FROM "
            "(SELECT end_s FROM moment ORDER BY start_s DESC LIMIT 64)), 0))"
        )
        return float(self._rows(query)[0][0])

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each main table."""
        tables = ("log", "fact", "moment", "keyframe")
        return {name: int(self._rows(f"SELECT count(*) FROM {name}")[0][0]) for name in tables}

    def last_seq(self) -> int:
        """Return the newest sequence number of the log, 0 when it is empty."""
        return int(self._rows("SELECT coalesce(max(seq), 0) FROM log")[0][0])

    def check(self) -> str:
        """Return SQLite's own verdict on the file: "ok", or what is wrong."""
        return str(self._rows("PRAGMA integrity_check")[0][0])

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock, _explained(self.folder):
            return self._db.execute(query, values).fetchall()

    def _index(self, table: str, id: int, text: str) -> None:
        self._db.execute(f"DELETE FROM {table} WHERE rowid = ?", (id,))
        row = f"INSERT INTO {table} (rowid, words) VALUES (?, ?)"
        self._db.execute(row, (id, index_form(text)))

    def _first_words(self) -> None:
        row = "INSERT OR IGNORE INTO meta VALUES ('created_wall_s', ?)"
        self._db.execute(row, (str(wall_time()),))


_FACT = f"SELECT {COLUMNS} FROM fact"


def _fact(row: tuple[Any, ...]) -> Fact:
    id, kind, start_s, end_s, text, confidence, is_open, data = row
    return Fact(
        id=id, kind=kind, start_s=start_s, end_s=end_s, text=text, confidence=confidence,
        open=bool(is_open), data=json.loads(data),
    )  # fmt: skip


def searchable(percept: Percept) -> str:
    """Return the words under which a percept is found: its text and its other names."""
    names = [str(percept.data.get("label", "")), *percept.data.get("names", ())]
    return " ".join([percept.text, *names])


def keyframe_path(id: int) -> str:
    """Return where a keyframe lies in the session folder."""
    return f"{KEYFRAMES}/{id}.jpg"


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say into a StoreError with a remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreError(f"memory in {folder}: {_remedy(str(error))}") from error
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        reason = "full" if is_full else error.strerror or str(error)
        raise StoreError(f"memory in {folder}: {_remedy(reason)}") from error


def _remedy(reason: str) -> str:
    if "full" in reason:
        return "the disk is full: free some space; everything stored so far is intact"
    if "readonly" in reason or "unable to open" in reason:
        return f"cannot be written ({reason}): check the folder's permissions"
    if "malformed" in reason or "not a database" in reason or "no such table" in reason:
        return (
            f"is damaged ({reason}): move the folder away to start anew, or recover what can be "
            "read with `sqlite3 memory.db .recover`"
        )
    if "locked" in reason:
        return "is held by another process: stop it, or use another session name"
    return reason
