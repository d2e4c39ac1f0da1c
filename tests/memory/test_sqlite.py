"""What is true of the SQLite file alone; what any store promises is in contract/."""

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from omnilive.core.errors import StoreError
from omnilive.memory.databases.schema import VERSION
from omnilive.memory.databases.sqlite import DB_NAME
from omnilive.memory.store import Store
from tests.made import put, said


def test_what_is_deleted_is_wiped(store: Store) -> None:
    secret = "the code of the safe"
    store.put_fact("k", said(secret, 0))
    store.drop_fact("k")
    store.close()
    assert secret.encode() not in (store.folder / DB_NAME).read_bytes()


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no memory in"):
        Store(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_newer_format_is_refused(store: Store) -> None:
    store.close()
    with sqlite3.connect(store.folder / DB_NAME) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    with pytest.raises(StoreError, match="newer omnilive.*upgrade"):
        Store(store.folder)


@pytest.mark.parametrize("damage", ["text", "header", "middle"])
def test_a_damaged_file_says_so_and_what_to_do(store: Store, damage: str) -> None:
    put(store, *(said(f"word{i} and more of them", i) for i in range(300)))
    store.close()
    path = store.folder / DB_NAME
    data = bytearray(path.read_bytes())
    if damage == "text":
        data = bytearray(b"this is no database\n" * 50)
    elif damage == "header":
        data[:100] = bytes(100)
    else:
        data[4096 : len(data)] = np.random.default_rng(0).bytes(len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged.*recover"):
        damaged = Store(store.folder)
        try:
            damaged.facts()
            damaged.search_text(["word5"], 1e9, 5)
        finally:
            damaged.close()


def test_two_processes_at_once_say_so(store: Store) -> None:
    other = sqlite3.connect(store.folder / DB_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.rows("PRAGMA busy_timeout = 50")
    with pytest.raises(StoreError, match="held by another process"):
        store.append(0.0, "percept", {})
    other.execute("ROLLBACK")
    other.close()
    assert store.append(0.0, "percept", {}) == 1
