"""What goes wrong between a store and others, on either database: said clearly, nothing lost."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from omnilive.core.errors import StoreError
from omnilive.memory.databases import schema
from omnilive.memory.library import Library
from omnilive.memory.store import Store
from tests.made import put, said

IS_SHORT = {"sqlite": "PRAGMA busy_timeout = 100", "postgresql": "SET lock_timeout = 100"}
PROCESS = """
import os, signal, sys
from pathlib import Path
from omnilive.memory.library import Library
library = Library(Path(sys.argv[1]), sys.argv[2])
store = library.open("s")
writing = library.writing("s").__enter__()
store.append(1.0, "note", {"text": "done"})
with store.transaction():
    store.append(2.0, "note", {"text": "half"})
    store.put_moment(0, 5, "half")
    print("within", flush=True)
    sys.stdin.read()
"""


def test_one_writer_at_a_time_and_others_are_told(library: Library, store: Store) -> None:
    put(store, said("hello", 1))
    with library.writing("s"):
        assert library.is_being_written("s") and library.describe("s")["running"]
        with pytest.raises(StoreError, match="'s' is being watched by another process: stop it"):
            library.writing("s").__enter__()
        with pytest.raises(StoreError, match="being watched") as caught:
            library.delete("s")
        assert isinstance(caught.value.__cause__, BlockingIOError)  # the server says 409
        assert not library.is_being_written("other")
    assert not library.is_being_written("s")


def test_who_waits_too_long_for_the_other_is_told(library: Library, store: Store) -> None:
    with closing(library.open("s")) as other:
        other.rows(IS_SHORT[other.dialect.name])
        with store.transaction():
            store.append(0.0, "note", {})
            with pytest.raises(StoreError, match="held by another process: stop it"):
                other.append(0.0, "note", {})
        assert other.append(0.0, "note", {}) > store.value("SELECT min(seq) FROM log")


def test_a_process_that_is_killed_leaves_what_it_had_finished(
    library: Library, store: Store
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", PROCESS, str(library.root), library.at],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdin is not None and child.stdout is not None
    assert child.stdout.readline() == b"within\n"
    assert library.is_being_written("s")
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    store.append(3.0, "note", {"text": "after"})  # waits until the server has noticed
    assert [entry.body["text"] for entry in store.log_after(0)] == ["done", "after"]
    assert store.moments() == [] and store.check() == "ok"
    for _ in range(100):
        if not library.is_being_written("s"):
            break
        threading.Event().wait(0.05)
    with library.writing("s"):
        pass


def test_lines_become_visible_in_the_order_of_their_numbers(library: Library, store: Store) -> None:
    seen: list[int] = []
    is_over = threading.Event()

    def write() -> None:
        with closing(library.open("s")) as own:
            for _ in range(15):
                with own.transaction():
                    own.append(0.0, "note", {})
                    own.append(0.0, "note", {})

    def read() -> None:
        with closing(library.open("s")) as own:
            while not is_over.is_set():
                seen.extend(entry.seq for entry in own.log_after(seen[-1] if seen else 0))

    with ThreadPoolExecutor(4) as pool:
        reader = pool.submit(read)
        for writer in [pool.submit(write) for _ in range(3)]:
            writer.result()
        is_over.set()
        reader.result()
    seen.extend(entry.seq for entry in store.log_after(seen[-1]))
    assert seen == [entry.seq for entry in store.log_after(0)] and len(seen) == 90


def test_many_may_make_the_same_session_at_once(library: Library) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(library.create, ["new"] * 4))
    for store in stores:
        store.append(0.0, "note", {})
        store.close()
    with closing(library.open("new")) as store:
        assert store.counts()["log"] == 4


def test_a_newer_memory_is_refused(library: Library, store: Store) -> None:
    if store.dialect.name == "sqlite":
        store.rows(f"PRAGMA user_version = {schema.VERSION + 1}")
    else:
        store.execute("UPDATE format SET version = version + 1")
    with pytest.raises(StoreError, match="newer omnilive.*: upgrade omnilive"):
        library.open("s")


def test_a_later_version_finds_its_way(
    library: Library, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, said("the bell rang", 1))
    later = schema.VERSION + 1
    monkeypatch.setattr(schema, "VERSION", later)
    broken = "CREATE TABLE half (x INTEGER); CREATE TABLE log (y INTEGER)"
    monkeypatch.setitem(schema.MIGRATIONS, later, broken)
    with pytest.raises(StoreError, match="already exists"):
        library.open("s")
    good = "ALTER TABLE pin ADD COLUMN colour TEXT; CREATE TABLE half (x REAL NOT NULL)"
    monkeypatch.setitem(schema.MIGRATIONS, later, good)
    with closing(library.open("s")) as again:  # nothing of the half step was left
        again.execute("INSERT INTO half VALUES (?)", 1.5)
        assert again.value("SELECT x FROM half") == 1.5
        assert len(again.search_text(["bell"], 1e9, 5)) == 1


def test_a_damaged_memory_says_so_and_what_to_do(library: Library, store: Store) -> None:
    store.execute("DROP TABLE fact")
    for _ in range(2):
        with pytest.raises(StoreError, match="damaged.*(recover|restore)"):
            store.facts()
    library.delete("s")
    assert library.names() == []


def test_names_of_any_length_and_script(library: Library) -> None:
    names = sorted(["a", "厨" * 64, "x" * 64, "x" * 63 + "y", "Ä.b-c_d"])
    for name in names:
        with closing(library.create(name)) as store:
            store.set_meta("title", name)
    assert library.names() == names
    for name in names:
        with closing(library.open(name)) as store:
            assert store.meta()["title"] == name
        library.delete(name)
    assert library.names() == []
