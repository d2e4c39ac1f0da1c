"""What PostgreSQL alone can do wrong, and what is said about it."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg import errors

from omnilive.core.errors import ConfigError, StoreError
from omnilive.memory.databases import pgshelf, postgres
from omnilive.memory.library import Library
from omnilive.server.errors import status_of
from omnilive_lab.postgres import NOBODY
from tests.made import put, said

SECRET = "swordfish"


def refused(url: str, tmp_path: Path, said: str) -> None:
    """Both a look and a new session say why and what to do, and not the password."""
    for use in (Library.names, lambda library: library.create("s")):
        with pytest.raises((StoreError, ConfigError), match=said) as caught:
            use(Library(tmp_path, url))
        assert SECRET not in str(caught.value)


def with_user(url: str, user: str, password: str = SECRET) -> str:
    return f"postgresql://{user}:{password}@{url.split('@', 1)[1]}"


@pytest.fixture
def stranger(postgres_url: str) -> Iterator[str]:
    """The URL of the same database for a user who may do little."""
    with closing(psycopg.connect(postgres_url, autocommit=True)) as db:
        db.execute(f"CREATE ROLE stranger LOGIN PASSWORD '{SECRET}'".encode())
        yield with_user(postgres_url, "stranger")
        db.execute("DROP OWNED BY stranger")
        db.execute("DROP ROLE stranger")


def test_what_keeps_from_connecting_has_a_remedy(postgres_url: str, tmp_path: Path) -> None:
    host = postgres_url.split("@", 1)[1]
    refused(f"postgresql://omnilive:{SECRET}@{host}", tmp_path, "wrong user or password: correct")
    refused(f"postgresql://omnilive@{host}", tmp_path, "it wants a password: put it into")
    refused(f"postgresql://a:{SECRET}@127.0.0.1:1/x", tmp_path, "nothing answers.*start the server")
    refused(f"postgresql://a:{SECRET}@no-such-host.invalid/x", tmp_path, "there is no such host")
    refused(f"{postgres_url}x", tmp_path, 'database "readyx" does not exist: create it')
    refused(
        f"postgresql://a:{SECRET}@[/x", tmp_path, "no address of PostgreSQL: write postgresql://"
    )


def test_a_user_who_may_not_make_anything(stranger: str, bare_url: str, tmp_path: Path) -> None:
    library = Library(tmp_path, stranger)
    assert library.names() == []
    with pytest.raises(StoreError, match="may not do that.*GRANT CREATE"):
        library.create("s")
    with pytest.raises(StoreError, match="administrator run `CREATE EXTENSION vector`"):
        Library(tmp_path, with_user(bare_url, "stranger")).create("s")


def test_pgvector_is_switched_on_by_who_may(bare_url: str, tmp_path: Path) -> None:
    with closing(Library(tmp_path, bare_url).create("s")) as store:
        put(store, said("hello", 1))
    assert Library(tmp_path, bare_url).names() == ["s"]


@pytest.mark.parametrize("error", [errors.UndefinedFile, errors.FeatureNotSupported])
def test_a_server_without_pgvector(error: type[Exception]) -> None:
    def execute(query: str) -> Any:
        if "CREATE" in query:
            raise error("extension is not available")
        return SimpleNamespace(fetchone=lambda: None)

    db: Any = SimpleNamespace(execute=execute)
    with pytest.raises(StoreError, match="has no pgvector: install it on the server"):
        postgres.make_extension(db, "postgresql://a@b/c")


def test_what_is_too_old(postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with monkeypatch.context() as patch:
        patch.setattr(postgres, "OLDEST_SERVER", 990000)
        refused(postgres_url, tmp_path, "runs PostgreSQL 16, which is too old: upgrade it to 99")
    monkeypatch.setattr(postgres, "OLDEST_PGVECTOR", (99, 1))
    with pytest.raises(StoreError, match="too old: install 99.1 .*ALTER EXTENSION vector UPDATE"):
        Library(tmp_path, postgres_url).create("s")


def test_a_connection_that_is_lost_is_made_again(postgres_url: str, tmp_path: Path) -> None:
    library = Library(tmp_path, postgres_url)
    store = library.create("s")
    put(store, said("the bell rang", 1))
    for _ in range(2):
        with pytest.raises(StoreError, match="what was stored before is intact; try again"):
            with store.transaction():
                store.append(0.0, "note", {})
                _cut(postgres_url)
                store.append(0.0, "note", {})
        assert store.counts()["log"] == 0  # all of it or nothing
        assert len(store.search_text(["bell"], 1e9, 5)) == 1
    assert library.names() == ["s"]
    _cut(postgres_url)  # while nobody asks: nobody notices
    assert library.names() == ["s"] and store.append(0.0, "note", {}) > 0
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.counts()


def test_a_connection_that_is_made_again_by_half_is_not_used(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Library(tmp_path, postgres_url).create("s")) as store:
        store.append(0.0, "note", {})
        _cut(postgres_url)

        def fail(_: object) -> None:
            raise errors.AdminShutdown("terminating connection")

        with monkeypatch.context() as patch:
            patch.setattr(postgres.PostgresDatabase, "_enter", fail)
            with pytest.raises(StoreError, match="terminating connection"):
                store.counts()
        assert store.counts()["log"] == 1


def _cut(url: str) -> None:
    """As a server does that is stopped."""
    with closing(psycopg.connect(url, autocommit=True)) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'omnilive'"
        )


def test_what_fails_halfway_lets_go_of_its_connection(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    def connect(url: str) -> Any:
        made.append(db := postgres_connect(url))
        return db

    postgres_connect = postgres.connect
    for module in (postgres, pgshelf):
        monkeypatch.setattr(module, "connect", connect)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="files in .*file"):
        Library(tmp_path / "file", postgres_url).create("s")
    library = Library(tmp_path, postgres_url)
    with monkeypatch.context() as patch:
        patch.setattr(pgshelf, "lock_number", lambda *_: 1 << 80)
        with pytest.raises(StoreError, match="memory of 's' on PostgreSQL.*does not exist"):
            library.writing("s").__enter__()
        with pytest.raises(StoreError), library.new("copy"):
            pass
    library.names()
    assert [db.closed for db in made] == [True, True, False, True, True]
    assert library.names() == ["s"]  # what was half made is gone, or can be opened
    library.create("s").close()


def test_a_standby_only_reads(postgres_url: str, tmp_path: Path) -> None:
    with closing(Library(tmp_path, postgres_url).create("s")) as store:
        store.rows("SET default_transaction_read_only = on")
        with pytest.raises(StoreError, match="only reads .*: use the primary"):
            store.append(0.0, "note", {})
        assert store.log_after(0) == []


def test_a_full_disk(postgres_url: str, tmp_path: Path) -> None:
    """A database on a disk of 24 MiB, with the journal of the server elsewhere."""
    disk = Path(tempfile.mkdtemp(prefix="omnilive-disk-"))  # not where only this user may go
    uid = NOBODY if os.geteuid() == 0 else os.geteuid()
    options = f"size=24m,mode=700,uid={uid},gid={uid}"
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(disk)],
            capture_output=True, text=True,
        )  # fmt: skip
    except OSError as error:
        pytest.skip(f"cannot mount a small disk: {error}")
    if done.returncode:
        disk.rmdir()
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    with closing(psycopg.connect(postgres_url, autocommit=True)) as db:
        try:
            db.execute(f"CREATE TABLESPACE small LOCATION '{disk}'".encode())
            db.execute("CREATE DATABASE small TABLESPACE small")
            filler = disk / "filler"
            filler.write_bytes(bytes(1 << 20))
            _fill(f"{postgres_url.rsplit('/', 1)[0]}/small", tmp_path, filler)
        finally:
            db.execute("DROP DATABASE IF EXISTS small WITH (FORCE)")
            db.execute("DROP TABLESPACE IF EXISTS small")
            subprocess.run(["umount", "-l", str(disk)], check=True)
            disk.rmdir()


def _fill(url: str, folder: Path, filler: Path) -> None:
    library = Library(folder / "sessions", url)
    rng = np.random.default_rng(0)  # what is the same again and again is packed small
    with closing(library.create("s")) as store:
        count = 0
        with pytest.raises(StoreError, match="server's disk is full: free some space") as caught:
            while count < 100_000:
                with store.transaction():
                    for _ in range(10):
                        store.append(float(count), "note", {"text": rng.bytes(50_000).hex()})
                count += 10
        assert status_of(caught.value) == (507, "disk_full")
        assert store.counts()["log"] == count > 0  # the ten that did not fit are gone as a whole
        filler.unlink()
        store.append(0.0, "note", {"text": "there is space again"})
        store.execute("DELETE FROM log WHERE seq % 2 = 0")
        assert store.check() == "ok" and store.counts()["log"] > 0
