"""The tables of a session, and how older ones become newer ones.

Written for SQLite; schema_postgres.py translates the statements.
"""

import sqlite3
from collections.abc import Callable

from omnilive.core.errors import StoreError
from omnilive.memory.databases import schema_search

VERSION = 4

_V1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, t REAL NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE source (
    id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, kind TEXT NOT NULL,
    offset_s REAL NOT NULL, duration_s REAL, has_video INTEGER NOT NULL, has_audio INTEGER NOT NULL,
    state TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '',
    video_s REAL NOT NULL DEFAULT 0, audio_s REAL NOT NULL DEFAULT 0
);
CREATE TABLE fact (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
    start_s REAL NOT NULL, end_s REAL NOT NULL, text TEXT NOT NULL, confidence REAL NOT NULL,
    open INTEGER NOT NULL, data TEXT NOT NULL
);
CREATE INDEX fact_time ON fact (start_s, end_s);
CREATE INDEX fact_kind ON fact (kind, start_s);
CREATE INDEX fact_open ON fact (open) WHERE open;
CREATE TABLE moment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, start_s REAL NOT NULL, end_s REAL NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX moment_time ON moment (start_s);
CREATE TABLE keyframe (
    id INTEGER PRIMARY KEY AUTOINCREMENT, t REAL NOT NULL, bytes INTEGER NOT NULL
);
CREATE INDEX keyframe_time ON keyframe (t);
CREATE TABLE vector (
    row INTEGER PRIMARY KEY AUTOINCREMENT, tab TEXT NOT NULL, id INTEGER NOT NULL,
    start_s REAL NOT NULL, vec BLOB NOT NULL
);
CREATE INDEX vector_of ON vector (tab, id);
CREATE VIRTUAL TABLE fact_words USING fts5 (words, tokenize = 'porter unicode61');
CREATE VIRTUAL TABLE moment_words USING fts5 (words, tokenize = 'porter unicode61');
"""

_V2 = """
CREATE TABLE watch (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, version INTEGER NOT NULL, state TEXT NOT NULL,
    made_s REAL NOT NULL, memory TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID;
CREATE TABLE candidate (
    id INTEGER PRIMARY KEY AUTOINCREMENT, watch TEXT NOT NULL, version INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, watch TEXT NOT NULL,
    target TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', tries INTEGER NOT NULL DEFAULT 0,
    due_wall_s REAL NOT NULL DEFAULT 0, detail TEXT NOT NULL DEFAULT ''
);
CREATE INDEX outbox_waiting ON outbox (id) WHERE state = 'waiting';
CREATE INDEX log_type ON log (type, seq);
"""

_V3 = """
CREATE INDEX fact_label ON fact (json_extract(data, '$.label'), start_s) WHERE kind = 'object';
CREATE INDEX fact_long ON fact (end_s) WHERE end_s - start_s > 600;
"""

_V4 = """
ALTER TABLE moment ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
ALTER TABLE moment ADD COLUMN size INTEGER NOT NULL DEFAULT 1;
ALTER TABLE moment ADD COLUMN weight REAL NOT NULL DEFAULT 0;
ALTER TABLE moment ADD COLUMN data TEXT NOT NULL DEFAULT '{}';
CREATE TABLE pin (
    id INTEGER PRIMARY KEY AUTOINCREMENT, start_s REAL NOT NULL, end_s REAL NOT NULL,
    note TEXT NOT NULL DEFAULT '', made_wall_s REAL NOT NULL
);
CREATE TABLE segment (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL, start_s REAL NOT NULL,
    end_s REAL NOT NULL, bytes INTEGER NOT NULL, path TEXT NOT NULL
);
CREATE INDEX segment_time ON segment (start_s);
ALTER TABLE moment ADD COLUMN cost REAL;
ALTER TABLE moment ADD COLUMN fold REAL;
CREATE INDEX moment_cost ON moment (cost);
CREATE INDEX moment_fold ON moment (fold);
ALTER TABLE keyframe ADD COLUMN weight REAL NOT NULL DEFAULT 0;
ALTER TABLE keyframe ADD COLUMN cost REAL;
CREATE INDEX keyframe_cost ON keyframe (cost);
CREATE TABLE seen (bucket INTEGER PRIMARY KEY, n INTEGER NOT NULL);
"""
# moment.level: 0 moment, 1 episode, 2 digest. size: moments that it stands for. weight: see
# consolidation/merging.py. data: what is kept of what was merged. segment: recorded media, by path
# inside the session's folder. cost: of merging a row with the next, or of losing a picture, NULL
# until it is known; fold: the same for each fact that it may save (consolidation/episodes.py).
# seen: counts of words, without the words (consolidation/rarity.py).

# version -> statements that lead to it from the version before; 1 to 3 are released and frozen
MIGRATIONS = {1: _V1, 2: _V2, 3: _V3, 4: _V4 + schema_search.TABLES}


def upgrade(version_of: Callable[[], int], step_to: Callable[[int], None]) -> None:
    """Bring a memory to the newest version, each step in a transaction of its own.

    Others may open the same one at the same time: whoever comes first does the step. Raises
    StoreError for a memory written by a newer omnilive.
    """
    while (version := version_of()) != VERSION:
        if version > VERSION:
            raise StoreError(
                f"this memory was written by a newer omnilive (format {version}, this one knows "
                f"{VERSION}): upgrade omnilive"
            )
        step_to(version + 1)


def migrate(db: sqlite3.Connection) -> None:
    """Bring a SQLite file to the newest version."""
    upgrade(lambda: _version(db), lambda step: _step(db, step))


def _step(db: sqlite3.Connection, step: int) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        if _version(db) == step - 1:
            # One by one: a whole script would end the transaction that keeps others out.
            for statement in MIGRATIONS[step].split(";"):
                db.execute(statement)
            if step == 4:
                schema_search.upgrade_sqlite(db)
            db.execute(f"PRAGMA user_version = {step}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _version(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]
