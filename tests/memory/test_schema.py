import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from omnilive.core.errors import StoreError
from omnilive.memory.base import Ref
from omnilive.memory.databases.schema import MIGRATIONS, VERSION, migrate
from omnilive.memory.query import FactQuery
from omnilive.memory.store import Store


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)


def version(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]


# What each released omnilive could have stored: something in every table that it knew.
_V1 = """
INSERT INTO meta VALUES ('created_wall_s', '1000.5'), ('forgotten', '[[1.0, 2.0]]');
INSERT INTO log (t, type, body) VALUES (1.0, 'percept', '{}'), (2.5, 'note', '{}');
DELETE FROM log WHERE seq = 2;
INSERT INTO source (url, kind, offset_s, duration_s, has_video, has_audio, state, video_s)
    VALUES ('/clips/a.mp4', 'file', 0, NULL, 1, 0, 'ended', 59.5);
INSERT INTO fact (key, kind, start_s, end_s, text, confidence, open, data)
    VALUES ('1:k', 'object', 1, 2, 'cat', 0.9, 0, '{"label": "cat"}'),
           ('1:l', 'speech', 5, 7.25, 'the bells rang 天气', 0.75, 1, '{}');
INSERT INTO fact_words (rowid, words) VALUES (1, 'cat'), (2, 'the bells rang 天 气');
INSERT INTO moment (start_s, end_s, text) VALUES (0, 8, 'cat; said: the bells rang');
INSERT INTO moment_words (rowid, words) VALUES (1, 'cat said the bells rang');
INSERT INTO keyframe (t, bytes) VALUES (1.5, 4);
"""
_V2 = """
INSERT INTO watch VALUES ('w1', '{"when": "cat"}', 2, 'armed', 1.5, '{"gate": 1}');
INSERT INTO candidate (watch, version, body) VALUES ('w1', 2, '{"at_s": 3}');
INSERT INTO outbox (seq, watch, target) VALUES (1, 'w1', '{"url": "http://a"}');
"""
_ROWS = {1: _V1, 2: _V2, 3: ""}
_KEPT = {
    "meta": "key, value", "log": "seq, t, type, body",
    "source": "id, url, kind, offset_s, duration_s, has_video, has_audio, state, detail, video_s",
    "fact": "id, key, kind, start_s, end_s, text, confidence, open, data",
    "moment": "id, start_s, end_s, text", "keyframe": "id, t, bytes",
    "watch": "id, rule, version, state, made_s, memory", "candidate": "id, watch, version, body",
    "outbox": "id, seq, watch, target, state, tries, due_wall_s, detail",
    "sqlite_sequence": "name, seq",
}  # fmt: skip
_BELLS = np.eye(8, dtype=np.float32)[2] * 0.6 + np.eye(8, dtype=np.float32)[5] * 0.8


def of_version(path: Path, last: int) -> None:
    """Write a file as the omnilive of that format did, with something in every table."""
    with closing(connect(path)) as db:
        for step in range(1, last + 1):
            db.executescript(MIGRATIONS[step])
            db.executescript(_ROWS[step])
        row = "INSERT INTO vector (tab, id, start_s, vec) VALUES (?, ?, ?, ?)"
        for tab, id, start_s, vector in (
            ("fact", 1, 1.0, np.eye(8)[0]), ("fact", 2, 5.0, _BELLS), ("moment", 1, 0.0, _BELLS),
        ):  # fmt: skip
            db.execute(row, (tab, id, start_s, vector.astype(np.float16).tobytes()))
        db.execute(f"PRAGMA user_version = {last}")


def contents(path: Path) -> dict[str, list[Any]]:
    """The rows of the tables that every format has kept."""
    with closing(connect(path)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        new = "(name NOT IN ('vector', 'wording', 'said', 'pin', 'segment'))"
        found = {
            table: db.execute(
                f"SELECT {columns} FROM {table} "
                f"WHERE {new if table == 'sqlite_sequence' else 'TRUE'} ORDER BY 1"
            ).fetchall()
            for table, columns in _KEPT.items()
            if table in names
        }
        found["meta"] = [row for row in found["meta"] if row[0] != "embedder"]
        return found


@pytest.mark.parametrize("last", range(1, VERSION))
def test_an_older_memory_is_whole_and_can_be_searched(tmp_path: Path, last: int):
    (tmp_path / "s" / "keyframes").mkdir(parents=True)
    path = tmp_path / "s" / "memory.db"
    of_version(path, last)
    before = contents(path)
    assert len(before) == (10 if last > 1 else 7) and all(before.values())
    with closing(Store(tmp_path / "s")) as store:
        assert store.check() == "ok" and store.sources()[0].video_s == 59.5
        assert [fact.text for fact in store.facts()] == ["cat", "the bells rang 天气"]
        (moment,) = store.moments()
        assert (moment.level, moment.size, moment.data) == (0, 1, {})
        for word in ("bell", "ringing bells", "气"):
            assert ("fact", 2) in found_by(store.search_text(word.split(), 1e9, 9)), word
        assert found_by(store.search_text(["cats"], 1e9, 9)) == {("fact", 1), ("moment", 1)}
        assert found_by(store.search_vector(_BELLS, 1e9, 2)) == {("fact", 2), ("moment", 1)}
        assert store.search_vector(_BELLS, 1e9, 1)[0].score == pytest.approx(1.0, abs=0.01)
        assert [f.id for f in store.find_facts(FactQuery(all_of=("bell",)))] == [2]
    assert {table: rows for table, rows in contents(path).items() if rows} == before
    with closing(Store(tmp_path / "s")) as store:  # and it goes on counting where it was
        assert store.append(3.0, "note", {}) == 3


def found_by(refs: list[Ref]) -> set[tuple[str, int]]:
    return {(ref.table, ref.id) for ref in refs}


class Failing:
    """A connection whose n-th statement fails, as when there is no room."""

    def __init__(self, db: sqlite3.Connection, left: int) -> None:
        self._db, self._left = db, left

    def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
        if query not in ("ROLLBACK", "PRAGMA user_version"):
            self._left -= 1
            if self._left < 0:
                raise sqlite3.OperationalError("database or disk is full")
        return self._db.execute(query, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)


def test_wherever_a_migration_fails_the_old_or_the_next_is_there(tmp_path: Path):
    of_version(tmp_path / "old.db", 1)
    before = contents(tmp_path / "old.db")
    versions: list[int] = []
    for left in range(1000):
        path = tmp_path / f"{left}.db"
        shutil.copy(tmp_path / "old.db", path)
        with closing(connect(path)) as db:
            try:
                migrate(Failing(db, left))  # pyright: ignore[reportArgumentType]
            except sqlite3.OperationalError:
                versions.append(version(db))
                assert not db.in_transaction
            else:
                break
        with closing(connect(path)) as db:
            assert set(contents(path)) - {"watch", "candidate", "outbox"} == set(before)
            assert contents(path)["fact"] == before["fact"]
            migrate(db)  # what failed can be done again
            assert version(db) == VERSION
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert versions == sorted(versions) and set(versions) == set(range(1, VERSION))


@pytest.mark.parametrize("last", range(1, VERSION))
def test_every_older_format_becomes_the_newest_and_keeps_what_it_holds(tmp_path: Path, last: int):
    of_version(tmp_path / "a.db", last)
    db = connect(tmp_path / "a.db")
    migrate(db)
    assert version(db) == VERSION
    assert db.execute("SELECT seq, t, type FROM log").fetchall() == [(1, 1.0, "percept")]
    by_label = "SELECT text FROM fact WHERE kind = 'object' AND json_extract(data, '$.label') = ?"
    assert db.execute(by_label, ("cat",)).fetchall() == [("cat",)]


def test_an_old_file_has_the_tables_and_indexes_of_a_new_one(tmp_path: Path):
    of_version(tmp_path / "old.db", 1)
    names: list[set[str]] = []
    for name in ("old.db", "new.db"):
        db = connect(tmp_path / name)
        migrate(db)
        names.append({row[0] for row in db.execute("SELECT name FROM sqlite_master")})
    assert names[0] == names[1]


def test_many_may_open_a_new_file_at_once(tmp_path: Path):
    for attempt in range(10):
        path = tmp_path / f"{attempt}.db"
        connections = [connect(path) for _ in range(8)]
        connections[0].execute("PRAGMA journal_mode = WAL")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(migrate, connections))
        assert {version(db) for db in connections} == {VERSION}
        for db in connections:
            db.close()


def test_a_step_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    of_version(tmp_path / "a.db", 1)
    monkeypatch.setitem(MIGRATIONS, 2, "CREATE TABLE half (x); CREATE TABLE log (y)")
    db = connect(tmp_path / "a.db")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(db)
    assert version(db) == 1 and not db.in_transaction
    assert not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchall()


def test_a_newer_file_is_refused(tmp_path: Path):
    db = connect(tmp_path / "a.db")
    db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match="upgrade omnilive"):
        migrate(db)
