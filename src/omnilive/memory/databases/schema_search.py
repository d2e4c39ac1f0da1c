"""The tables of search in format 4, where the two databases need words of their own.

`wording` holds each distinct sentence's vector once, `vector` which rows say it; the full-text
tables carry tags of time and kind beside the words. What nobody says any more goes by itself.
"""

import sqlite3

import numpy as np

from omnilive.memory.search.sketches import quantise
from omnilive.memory.search.tags import tags
from omnilive.memory.search.vectors import EMBEDDER, digest

# Both databases; `said` takes the place of the table `vector` of format 1.
TABLES = """
CREATE TABLE wording (
    id INTEGER PRIMARY KEY AUTOINCREMENT, model INTEGER NOT NULL, digest INTEGER NOT NULL,
    start_s REAL NOT NULL, again INTEGER, vec BLOB NOT NULL, UNIQUE (model, digest)
);
CREATE INDEX wording_again ON wording (again) WHERE again IS NOT NULL;
CREATE TABLE said (
    wording INTEGER NOT NULL, start_s REAL NOT NULL, tab TEXT NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (wording, start_s, tab, id)
) WITHOUT ROWID;
CREATE INDEX vector_id ON said (tab, id);
CREATE INDEX moment_long ON moment (end_s) WHERE end_s - start_s > 600;
"""
# wording.start_s: when it was noted first. again: set once it was noted again or moved, so that
# its time says nothing; mirrors look for what is newer than they are (see sketches.py).

_IN_PLACE = ("DROP TABLE vector", "ALTER TABLE said RENAME TO vector")

_SQLITE = (
    """CREATE TABLE sketch (
        last INTEGER PRIMARY KEY, first INTEGER NOT NULL, model INTEGER NOT NULL,
        ids BLOB NOT NULL, starts BLOB NOT NULL, bits BLOB NOT NULL
    )""",
    """CREATE TRIGGER vector_gone AFTER DELETE ON vector BEGIN
        DELETE FROM wording WHERE id = old.wording
            AND NOT EXISTS (SELECT 1 FROM vector WHERE wording = old.wording);
    END""",
    """CREATE TRIGGER vector_moved AFTER UPDATE OF start_s ON vector BEGIN
        UPDATE wording SET again = (SELECT seq FROM sqlite_sequence WHERE name = 'wording')
            WHERE id = new.wording;
    END""",
    """CREATE TRIGGER wording_gone AFTER DELETE ON wording BEGIN
        DELETE FROM sketch WHERE model = old.model AND first <= old.id AND last =
            (SELECT min(last) FROM sketch WHERE model = old.model AND last >= old.id);
    END""",
)

POSTGRES = (
    *_IN_PLACE,
    "CREATE INDEX wording_time ON wording (start_s)",
    """CREATE FUNCTION forget_wording() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM wording WHERE id = old.wording
            AND NOT EXISTS (SELECT 1 FROM vector WHERE wording = old.wording);
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER vector_gone AFTER DELETE ON vector
        FOR EACH ROW EXECUTE FUNCTION forget_wording()""",
)


def upgrade_sqlite(db: sqlite3.Connection) -> None:
    """Bring what format 3 holds into the tables of format 4; inside the migration."""
    _take_vectors(db)
    for statement in (*_IN_PLACE, *_SQLITE):
        db.execute(statement)
    db.create_function("omnilive_tags", 3, tags, deterministic=True)
    for table, kind in (("fact", "t.kind"), ("moment", "''")):
        db.execute(
            f"CREATE VIRTUAL TABLE {table}_tagged USING fts5 "
            "(words, tags, tokenize = 'porter unicode61')"
        )
        db.execute(
            f"INSERT INTO {table}_tagged (rowid, words, tags) SELECT w.rowid, w.words, "
            f"omnilive_tags({kind}, t.start_s, t.end_s) FROM {table}_words w "
            f"JOIN {table} t ON t.id = w.rowid"
        )
        db.execute(f"DROP TABLE {table}_words")
        db.execute(f"ALTER TABLE {table}_tagged RENAME TO {table}_words")


def _take_vectors(db: sqlite3.Connection) -> None:
    """Round the float16 vectors to int8; they were all of the one model there was."""
    one = "INSERT INTO wording (model, digest, start_s, vec) VALUES (1, ?, ?, ?) RETURNING id"
    known: dict[int, int] = {}
    found = False
    for tab, id, start_s, vec in db.execute("SELECT tab, id, start_s, vec FROM vector"):
        found, number = True, digest(vec)
        if number not in known:
            value = quantise(np.frombuffer(vec, np.float16).astype(np.float32)[None])[0]
            known[number] = db.execute(one, (number, start_s, value)).fetchone()[0]
        else:
            db.execute("UPDATE wording SET again = 0 WHERE id = ?", (known[number],))
        row = "INSERT OR IGNORE INTO said VALUES (?, ?, ?, ?)"
        db.execute(row, (known[number], start_s, tab, id))
    if found:
        row = "INSERT OR IGNORE INTO meta VALUES (?, 'all-MiniLM-L6-v2-int8')"
        db.execute(row, (EMBEDDER,))
