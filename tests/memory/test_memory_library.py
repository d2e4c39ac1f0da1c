import os
import subprocess
import sys
from pathlib import Path

import pytest

from omnilive.core.errors import ConfigError, StoreError
from omnilive.memory.databases.sqlite import DB_NAME
from omnilive.memory.library import Library, Writing, check_name, is_being_written
from tests.made import put, said

HOLD = """
import sys
from pathlib import Path
from omnilive.memory.library import Writing
with Writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "sessions")


def make(library: Library, name: str) -> Path:
    store = library.create(name)
    put(store, said(f"hello from {name}", 3.0))
    store.close()
    return store.folder


@pytest.mark.parametrize("name", ["kitchen", "a", "2026-01-02_cam.1", "厨房", "x" * 64])
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "../x",
        "/etc",
        "-x",
        ".hidden",
        "a b",
        "x" * 65,
        "a\n",
        "a\0",
        "a.",
        "*",
    ],
)
def test_bad_names_say_what_is_allowed(library: Library, name: str) -> None:
    for use in (library.create, library.open, library.delete, library.folder):
        with pytest.raises(ConfigError, match="cannot name a session: use 1 to 64 letters"):
            use(name)
    assert not library.root.exists()


def test_sessions_are_listed_and_described(library: Library) -> None:
    assert library.names() == []
    make(library, "b"), make(library, "a")
    (library.root / "no-session").mkdir()
    (library.root / "stray.txt").write_text("x")
    assert library.names() == ["a", "b"]
    described = library.describe("a")
    assert described["id"] == "a" and described["duration_s"] > 3.0
    assert described["bytes"] > 0 and described["running"] is False


def test_an_unknown_session_lists_the_known(library: Library) -> None:
    for use in (library.open, library.delete, library.describe):
        with pytest.raises(ConfigError, match="no session 'x'; stored sessions: none yet.*watch"):
            use("x")
    make(library, "a"), make(library, "b")
    with pytest.raises(ConfigError, match="no session 'x'; stored sessions: a, b"):
        library.open("x")
    assert library.names() == ["a", "b"]  # asking makes nothing


def test_delete_leaves_nothing(library: Library) -> None:
    folder = make(library, "a")
    (folder / "keyframes" / "1.jpg").write_bytes(b"jpeg")
    library.delete("a")
    assert not folder.exists() and library.names() == []


def test_a_damaged_session_can_be_deleted(library: Library) -> None:
    folder = make(library, "a")
    (folder / DB_NAME).write_bytes(b"rubbish" * 1000)
    with pytest.raises(StoreError):
        library.open("a")
    library.delete("a")
    assert not folder.exists()


def test_one_writer_at_a_time(library: Library) -> None:
    folder = make(library, "a")
    with Writing(folder):
        assert is_being_written(folder) and library.describe("a")["running"]
        with pytest.raises(StoreError, match="'a' is being watched by another process.*stop it"):
            Writing(folder).__enter__()
        with pytest.raises(StoreError, match="being watched"):
            library.delete("a")
    assert not is_being_written(folder)
    assert library.names() == ["a"]


def test_the_lock_holds_between_processes_and_goes_with_the_process(library: Library) -> None:
    folder = make(library, "a")
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        assert child.stdout.readline() == b"held\n"
        assert is_being_written(folder)
        with pytest.raises(StoreError, match="another process"):
            Writing(folder).__enter__()
        store = library.open("a")  # reading is free
        assert store.facts()[0].text == "hello from a"
        store.close()
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
    with Writing(folder):
        assert (folder / "writer.lock").read_text() == str(os.getpid())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="memory in .*file"):
        Library(tmp_path / "file").create("a")
