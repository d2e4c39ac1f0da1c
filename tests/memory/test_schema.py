import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from omnilive.core.errors import StoreError
from omnilive.memory.schema import MIGRATIONS, VERSION, migrate


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)


def version(db: sqlite3.Connection) -> int:
    return db.execute("PRAGMA user_version").fetchone()[0]


def of_version(path: Path, last: int) -> None:
    """Write a file as the omnilive of that format did, with one line and one fact in it."""
    db = connect(path)
    for step in range(1, last + 1):
        db.executescript(MIGRATIONS[step])
    db.execute(f"PRAGMA user_version = {last}")
    db.execute("INSERT INTO log (t, type, body) VALUES (1.0, 'percept', '{}')")
    db.execute(
        "INSERT INTO fact (key, kind, start_s, end_s, text, confidence, open, data) "
        "VALUES ('k', 'object', 1, 2, 'cat', 0.9, 0, '{\"label\": \"cat\"}')"
    )
    db.close()


@pytest.mark.parametrize("last", range(1, VERSION))
def test_every_older_format_becomes_the_newest_and_keeps_what_it_holds(tmp_path: Path, last: int):
    of_version(tmp_path / "a.db", last)
    db = connect(tmp_path / "a.db")
    migrate(db)
    assert version(db) == VERSION
    assert db.execute("SELECT t, type FROM log").fetchall() == [(1.0, "percept")]
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
