"""A session goes from any store into any other, through a file, and stays the same."""

import itertools
import json
import random
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from omnilive.catalog.progress import Silent
from omnilive.commands.archive import export_session, import_session
from omnilive.core.errors import ConfigError, StoreError
from omnilive.memory.databases.transfer import DERIVED, TABLES
from omnilive.memory.library import Library
from tests.full import everything, full_session, leftovers, of_session

Change = Callable[[dict[str, bytes], dict[str, Any]], None]


@pytest.fixture
def other(tmp_path: Path, postgres_url: str, library: Library) -> Library:
    """A library on the other database."""
    return Library(tmp_path / "other", postgres_url if library.at == "sqlite" else "sqlite")


def test_there_and_back_again_it_is_equal(library: Library, other: Library, tmp_path: Path) -> None:
    before = full_session(library, "s")
    assert all(rows for _, rows in before["rows"].values()), "a table is empty: fill it"
    assert before["found"]["bell"] and before["near"]
    for n, (here, there) in enumerate([(library, other), (other, library), (library, library)]):
        name = "s" if n == 0 else f"s{n}"
        export_session(here, name, tmp_path / f"{n}.zip", Silent())
        assert import_session(there, tmp_path / f"{n}.zip", f"s{n + 1}", Silent()) == f"s{n + 1}"
        after = of_session(there, f"s{n + 1}")
        for part in before:
            assert after[part] == before[part], part


def test_every_table_is_exported_or_made_of_others(library: Library) -> None:
    with closing(library.create("s")) as store:
        query = (
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*' "
            "AND name NOT GLOB '*_words_*'"
            if library.at == "sqlite"
            else "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        )
        tables = {name for (name,) in store.rows(query)}
    assert tables - set(TABLES) <= set(DERIVED), (
        "a new table: name it in memory/databases/transfer.py"
    )
    assert set(TABLES) <= tables


def test_an_export_while_it_is_written_is_of_one_moment(library: Library, tmp_path: Path) -> None:
    before = full_session(library, "s")
    store = library.open("s")

    class Busy(Silent):
        """Writes into the session whenever the export has come further."""

        def advance(self, n: int) -> None:
            with store.transaction():
                store.append(99.0, "note", {"text": "meanwhile"})
                store.put_moment(99, 100, "meanwhile")
                store.execute("DELETE FROM pin")

    export_session(library, "s", tmp_path / "k.zip", Busy())
    assert store.last_seq() > 12 and store.value("SELECT count(*) FROM pin") == 0
    store.close()
    import_session(library, tmp_path / "k.zip", "copy", Silent())
    after = of_session(library, "copy")
    del after["numbers"], before["numbers"]  # PostgreSQL counts on for all at once
    assert after == before


@pytest.fixture
def archive(library: Library, tmp_path: Path) -> Path:
    full_session(library, "s")
    export_session(library, "s", tmp_path / "k.zip", Silent())
    return tmp_path / "k.zip"


def rewritten(file: Path, change: Change) -> Path:
    """The archive with its contents changed by hand, and hashes that fit."""
    with zipfile.ZipFile(file) as old:
        contents = {name: old.read(name) for name in old.namelist()}
    manifest = json.loads(contents.pop("manifest.json"))
    change(contents, manifest)
    from hashlib import sha256

    for name in set(contents) & set(manifest["files"]):
        digest = sha256(contents[name]).hexdigest()
        manifest["files"][name] = {"bytes": len(contents[name]), "sha256": digest}
    target = file.with_name("changed.zip")
    with zipfile.ZipFile(target, "w") as new:
        for name, data in contents.items():
            new.writestr(name, data)
        new.writestr("manifest.json", json.dumps(manifest))
    return target


BAD_ROWS: dict[str, tuple[str, Any]] = {
    "text for a time": ("fact", {"start_s": "soon"}),
    "a number for a text": ("fact", {"text": 5}),
    "half a sign": ("fact", {"text": "\ud800"}),
    "a number too great": ("log", {"seq": 2**70}),
    "no object": ("log", {"body": "[]"}),
    "no JSON": ("moment", {"data": "{"}),
    "no flag": ("source", {"has_video": 2}),
    "nothing where something must be": ("moment", {"start_s": None}),
    "the same number twice": ("log", {"seq": 1}),
    "a path outside": ("segment", {"path": "recordings/../../../etc/passwd"}),
    "an absolute path": ("segment", {"path": "/etc/passwd"}),
    "no base64": ("wording", {"vec": "???"}),
    "a vector without an end": ("wording", {"vec": "AAAA" * 100_000}),
}


def test_rows_that_no_store_may_hold_are_refused(library: Library, archive: Path) -> None:
    for table, values in BAD_ROWS.values():
        refused(library, rewritten(archive, changed(table, values)), StoreError, "is damaged")


def changed(table: str, values: dict[str, Any]) -> Change:
    def change(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        names, *rows = map(json.loads, contents[f"tables/{table}.jsonl"].splitlines())
        for name, value in values.items():
            rows[-1][names.index(name)] = value
        lines = "\n".join(map(json.dumps, [names, *rows]))
        contents[f"tables/{table}.jsonl"] = lines.encode()

    return change


def test_a_column_or_line_that_is_none_is_refused(library: Library, archive: Path) -> None:
    def column(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        contents["tables/pin.jsonl"] = b'["id); DROP TABLE fact; --"]\n[1]\n'

    def short(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        contents["tables/pin.jsonl"] = b'["id", "start_s"]\n[1]\n'

    def no_line(contents: dict[str, bytes], manifest: dict[str, Any]) -> None:
        contents["tables/pin.jsonl"] = b'["id"]\n{"id": 1}\n'

    for change in (column, short, no_line):
        refused(library, rewritten(archive, change), StoreError, "is damaged")


def test_any_byte_may_break(library: Library, archive: Path, tmp_path: Path) -> None:
    whole, file = archive.read_bytes(), tmp_path / "broken.zip"
    before = of_session(library, "s")
    rng = random.Random(4)
    for n in itertools.chain(
        [len(whole) // 2, 10, 0], (rng.randrange(len(whole)) for _ in range(9))
    ):
        file.write_bytes(whole[:n])
        refused(library, file, (StoreError, ConfigError), "damaged|no exported session")
        flipped = bytearray(whole)
        flipped[n] ^= 0xFF
        file.write_bytes(flipped)
        try:
            import_session(library, file, "new", Silent())
        except (StoreError, ConfigError):
            assert library.names() == ["s"] and leftovers(library.root) == []
        else:  # the byte was a date in the zip file, or something of that kind
            assert of_session(library, "new") == before
            library.delete("new")


def test_a_newer_format_is_refused_with_what_to_do(library: Library, archive: Path) -> None:
    for name in ("version", "schema"):

        def newer(contents: dict[str, bytes], manifest: dict[str, Any], name: str = name) -> None:
            manifest[name] += 1

        refused(library, rewritten(archive, newer), ConfigError, "newer omnilive .*: upgrade")


def test_what_a_killed_import_left_is_taken_away(library: Library, archive: Path) -> None:
    with pytest.raises(KeyboardInterrupt):

        class Killed(Silent):
            count = 0

            def advance(self, n: int) -> None:
                self.count += 1
                if self.count > 30:
                    raise KeyboardInterrupt

        import_session(library, archive, "new", Killed())
    assert library.names() == ["s"] and leftovers(library.root) == []
    shelf = library._shelf
    shelf.open(".new-0", shelf.root / ".new-0", True).close()  # as one that was killed outright
    assert library.names() == ["s"]
    import_session(library, archive, "new", Silent())
    assert leftovers(library.root) == [] and library.names() == ["new", "s"]
    assert sorted(shelf.names()) == ["new", "s"]


def test_a_name_that_is_taken_is_refused(library: Library, archive: Path) -> None:
    with pytest.raises(ConfigError, match="'s' exists already: choose another with --name"):
        import_session(library, archive, None, Silent())
    with closing(library.open("s")) as store:
        assert everything(store)["found"]["bell"]


def refused(library: Library, file: Path, kind: Any, said: str) -> None:
    with pytest.raises(kind, match=said):
        import_session(library, file, "new", Silent())
    assert library.names() == ["s"] and leftovers(library.root) == []
