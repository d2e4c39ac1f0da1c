import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from omnilive.catalog.progress import Silent
from omnilive.commands.archive import export_session, import_session
from omnilive.core.errors import ConfigError, StoreError
from omnilive.memory.databases.schema import MIGRATIONS
from omnilive.memory.databases.transfer import TABLES
from omnilive.memory.library import Library

Change = Callable[[dict[str, bytes], dict[str, Any]], None]


@pytest.fixture
def archive(kitchen: Library, tmp_path: Path) -> Path:
    file = tmp_path / "k.zip"
    export_session(kitchen, "kitchen", file, Silent())
    return file


def rewritten(file: Path, change: Change) -> Path:
    """The archive with its contents and manifest changed by hand."""
    with zipfile.ZipFile(file) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    manifest = json.loads(contents.pop("manifest.json"))
    change(contents, manifest)
    target = file.with_name("changed.zip")
    with zipfile.ZipFile(target, "w") as new:
        for name, data in contents.items():
            new.writestr(name, data)
        new.writestr("manifest.json", json.dumps(manifest))
    return target


def refused(library: Library, file: Path, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        import_session(library, file, "new", Silent())
    assert library.names() == ["kitchen"]
    assert [path.name for path in library.root.iterdir()] == ["kitchen"]


def test_the_format_is_as_documented(archive: Path):
    with zipfile.ZipFile(archive) as file:
        manifest = json.loads(file.read("manifest.json"))
        tables = {f"tables/{table}.jsonl" for table in TABLES}
        assert set(file.namelist()) == {"manifest.json", "keyframes/1.jpg", *tables}
        names, *rows = map(json.loads, file.read("tables/log.jsonl").splitlines())
    assert names == ["seq", "t", "type", "body"] and len(rows) == manifest["rows"]["log"]
    assert (manifest["format"], manifest["version"]) == ("omnilive-session", 2)
    assert manifest["session"] == "kitchen"
    assert manifest["files"]["keyframes/1.jpg"]["bytes"] == 21


def test_export_while_it_is_written_is_whole(kitchen: Library, tmp_path: Path):
    store = kitchen.open("kitchen")
    with store.transaction():
        store.append(30, "note", {})
        export_session(kitchen, "kitchen", tmp_path / "k.zip", Silent())
    import_session(kitchen, tmp_path / "k.zip", "copy", Silent())
    copy = kitchen.open("copy")
    assert (copy.check(), copy.last_seq(), store.last_seq()) == ("ok", 4, 5)
    copy.close()
    store.close()


def test_no_half_archive_is_left(kitchen: Library, tmp_path: Path):
    with pytest.raises(StoreError, match="cannot export 'kitchen'"):
        export_session(kitchen, "kitchen", tmp_path / "nowhere" / "k.zip", Silent())
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    "path", ["../escape.jpg", "/etc/escape", "keyframes/../../escape.jpg", "keyframes/x.py"]
)
def test_only_the_paths_of_a_session_are_taken(
    kitchen: Library, archive: Path, tmp_path: Path, path: str
):
    def change(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        contents[path] = b"x"

    refused(kitchen, rewritten(archive, change), ConfigError, "no part of a session: refused")
    assert not list(tmp_path.rglob("escape*"))


def test_what_does_not_match_its_hash_or_size_is_damaged(kitchen: Library, archive: Path):
    def other(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        contents["keyframes/1.jpg"] = contents["keyframes/1.jpg"].swapcase()

    def longer(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        contents["keyframes/1.jpg"] += b"x"

    def gone(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        del contents["keyframes/1.jpg"]

    refused(kitchen, rewritten(archive, other), StoreError, "does not match its hash")
    refused(kitchen, rewritten(archive, longer), StoreError, "has the wrong size")
    refused(kitchen, rewritten(archive, gone), StoreError, "keyframes/1.jpg is missing")


def test_a_newer_or_foreign_format_is_refused(kitchen: Library, archive: Path):
    def newer(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        manifest["version"] = 3

    def foreign(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        manifest["format"] = "something"

    def broken(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        manifest["files"] = 5

    refused(kitchen, rewritten(archive, newer), ConfigError, "newer omnilive .*: upgrade omnilive")
    refused(kitchen, rewritten(archive, foreign), ConfigError, "is no exported session")
    refused(kitchen, rewritten(archive, broken), StoreError, "manifest.json is not readable")


def test_a_cut_or_foreign_file_is_refused(kitchen: Library, archive: Path, tmp_path: Path):
    cut = tmp_path / "cut.zip"
    cut.write_bytes(archive.read_bytes()[:-200])
    refused(kitchen, cut, StoreError, "is damaged")
    cut.write_text("no zip at all")
    refused(kitchen, cut, StoreError, "is damaged")
    with zipfile.ZipFile(cut, "w") as other:
        other.writestr("readme.txt", "hello")
    refused(kitchen, cut, ConfigError, "it has no manifest.json")


# the first format, with the SQLite file in it


def old_memory(path: Path, version: int, more: str = "") -> bytes:
    """A file as the omnilive of a format wrote it, with a line, a fact and a picture."""
    with closing(sqlite3.connect(path)) as db:
        for step in range(1, version + 1):
            db.executescript(MIGRATIONS[step])
        db.executescript(
            f"""PRAGMA user_version = {version};
            INSERT INTO meta VALUES ('created_wall_s', '1000');
            INSERT INTO log (t, type, body) VALUES (1.0, 'percept', '{{"text": "old"}}');
            INSERT INTO keyframe (t, bytes) VALUES (1.0, 4);
            INSERT INTO fact (key, kind, start_s, end_s, text, confidence, open, data)
                VALUES ('1:k', 'speech', 1, 2, 'an old bell', 0.9, 0, '{{}}');
            INSERT INTO fact_words (rowid, words) VALUES (1, 'an old bell');
            {more}"""
        )
    return path.read_bytes()


def old_archive(tmp_path: Path, memory: bytes) -> Path:
    contents = {"memory.db": memory, "keyframes/1.jpg": b"jpeg"}
    files = {name: _facts(data) for name, data in contents.items()}
    about = {"format": "omnilive-session", "version": 1, "session": "kitchen", "files": files}
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as file:
        for name, data in contents.items():
            file.writestr(name, data)
        file.writestr("manifest.json", json.dumps(about))
    return tmp_path / "old.zip"


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("at", ["sqlite", "postgresql"])
def test_the_first_format_is_read_into_either_store(
    tmp_path: Path, version: int, at: str, request: pytest.FixtureRequest
):
    at = at if at == "sqlite" else request.getfixturevalue("postgres_url")
    library = Library(tmp_path / "sessions", at)
    file = old_archive(tmp_path, old_memory(tmp_path / "m.db", version))
    assert import_session(library, file, None, Silent()) == "kitchen"
    with closing(library.open("kitchen")) as store:
        assert [entry.body["text"] for entry in store.log_after(0)] == ["old"]
        assert [ref.id for ref in store.search_text(["bells"], 1e9, 5)] == [1]
        assert store.meta()["created_wall_s"] == "1000"
        assert (store.folder / "keyframes" / "1.jpg").read_bytes() == b"jpeg"


def test_a_memory_with_code_of_a_stranger_is_refused(kitchen: Library, tmp_path: Path):
    trigger = "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM fact; END;"
    memory = old_memory(tmp_path / "m.db", 3, trigger)
    refused(kitchen, old_archive(tmp_path, memory), ConfigError, "triggers or views: refused")


def test_a_memory_that_is_no_database_is_refused(kitchen: Library, tmp_path: Path):
    file = old_archive(tmp_path, b"no database at all" * 100)
    refused(kitchen, file, StoreError, "is damaged")


def _facts(data: bytes) -> dict[str, Any]:
    return {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
