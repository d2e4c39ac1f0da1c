"""The memory of one session: every statement that the product puts to its database.

Statements (statements.py) are put to it in transactions; facts have a file of their own (facts.py),
and so have watches, pins, recordings and merging. The database is an implementation of `Database`:
a SQLite file in the session's folder, or a PostgreSQL schema. Pictures and recordings are files in
the folder either way.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from omnilive.core.clock import wall_time
from omnilive.core.events import Kind
from omnilive.memory.base import LogEntry, Moment, Ref, SourceRow
from omnilive.memory.databases.database import Database
from omnilive.memory.databases.sqlite import SqliteDatabase
from omnilive.memory.facts import Facts, fact_of, searchable
from omnilive.memory.query import LONG_S
from omnilive.memory.search.vectors import TABLES
from omnilive.memory.spans import Span

__all__ = ["KEYFRAMES", "Store", "fact_of", "keyframe_path", "searchable"]
KEYFRAMES = "keyframes"  # the folder of pictures in a session's folder


class Store(Facts):
    """The memory of one session, whose files lie in `folder`. Calls are serialised by a lock."""

    def __init__(
        self, folder: Path, *, create: bool = False, database: Database | None = None
    ) -> None:
        super().__init__(folder, database or SqliteDatabase(folder, create=create))
        self.words, self.vectors = self._db.indexes(self)
        if create:
            with self._db.explained():
                (folder / KEYFRAMES).mkdir(parents=True, exist_ok=True)
            self._first_words()

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
            data=json.loads(data), keyframe=self.keyframe_near(start_s, end_s, best=level > 0),
        )  # fmt: skip

    def moment_spans(self, ids: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Return start and end of the moments of these ids."""
        if not ids:
            return {}
        marks = ", ".join("?" * len(ids))
        rows = self.rows(f"SELECT id, start_s, end_s FROM moment WHERE id IN ({marks})", *ids)
        return {id: (start_s, end_s) for id, start_s, end_s in rows}

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

    def keyframe_near(self, start_s: float, end_s: float, *, best: bool = False) -> str | None:
        """Return the path of the first picture of a span, else of the last one before it.

        With `best`, of the one at which most went on.
        """
        order = "weight DESC, t" if best else "t"
        inside = f"SELECT id FROM keyframe WHERE t >= ? AND t <= ? ORDER BY {order} LIMIT 1"
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
        the model's: see memory/search/vectors.py.
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


_MOMENT = "SELECT id, start_s, end_s, text, level, size, weight, data FROM moment"
_SOURCE = (
    "id, url, kind, offset_s, duration_s, has_video, has_audio, state, detail, video_s, audio_s"
)


def _source(row: tuple[Any, ...]) -> SourceRow:
    values = dict(zip(_SOURCE.split(", "), row, strict=True))
    flags = {name: bool(values[name]) for name in ("has_video", "has_audio")}
    return SourceRow(**{**values, **flags})


def keyframe_path(id: int) -> str:
    """Return where a keyframe lies in the session folder."""
    return f"{KEYFRAMES}/{id}.jpg"
