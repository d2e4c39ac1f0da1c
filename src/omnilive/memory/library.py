"""The stored sessions, by name: on SQLite a folder each, on PostgreSQL a schema each."""

import fcntl
import os
import re
import shutil
import threading
import uuid
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from omnilive.core.errors import ConfigError, StoreError
from omnilive.core.paths import sessions_folder
from omnilive.memory.databases.database import Database
from omnilive.memory.databases.sqlite import DB_NAME, SqliteDatabase
from omnilive.memory.store import Store

SQLITE = "sqlite"  # memory.store: the default
HIDDEN = ".new-"  # begins what is being made; no session can be called so
TRIES, TRY_S = 10, 0.03
_NAME = re.compile(r"[\w][\w.-]{0,63}")


def check_name(name: str) -> str:
    """Return the name if a session may be called so; ConfigError otherwise."""
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise ConfigError(
            f"{name!r} cannot name a session: use 1 to 64 letters, digits, '_', '-' and '.', "
            "beginning with a letter or digit"
        )
    return name


class Shelf(Protocol):
    """Where sessions are kept; sqlite: folders, postgresql: schemas (see pgshelf.py)."""

    root: Path  # the folder of the sessions' folders

    def names(self) -> list[str]:
        """Return the stored sessions, in no order."""
        ...

    def mark(self, name: str) -> Hashable | None:
        """Return what changes when a session is deleted and made anew; None: there is none."""
        ...

    def open(self, name: str, folder: Path, create: bool) -> Database:
        """Open the database of a session."""
        ...

    def drop(self, name: str) -> None:
        """Delete what is not in the session's folder."""
        ...

    def rename(self, name: str, to: str) -> None:
        """Give what is not in the session's folder another name."""
        ...

    def writing(self, name: str) -> AbstractContextManager[object]:
        """Hold a session for one writer; StoreError, from BlockingIOError, when another does."""
        ...

    def is_being_written(self, name: str) -> bool:
        """Tell whether some process is watching into this session now."""
        ...


class Library:
    """All sessions under one folder, or in one PostgreSQL database with files in that folder."""

    def __init__(self, root: Path, at: str = SQLITE) -> None:
        self.at = at
        self.root = root
        self._shelf: Shelf = Folders(root) if at == SQLITE else _on_postgres(at, root)

    @classmethod
    def default(cls, at: str = SQLITE) -> "Library":
        """Return the library in the user's data folder (see core/paths.py).

        `at` is the setting memory.store: "sqlite", or the URL of a PostgreSQL database.
        """
        return cls(sessions_folder(), at)

    def names(self) -> list[str]:
        """Return the stored sessions, by name."""
        return sorted(name for name in self._shelf.names() if not name.startswith(HIDDEN))

    def folder(self, name: str) -> Path:
        """Return where the files of a session of this name lie or would lie."""
        return self._shelf.root / check_name(name)

    def mark(self, name: str) -> Hashable | None:
        """Return what changes when a session is deleted and made anew; None: there is none."""
        return self._shelf.mark(check_name(name))

    def open(self, name: str) -> Store:
        """Open a stored session. Unknown name: ConfigError that lists the known ones."""
        self._check_stored(name)
        return self._open(name, create=False)

    def create(self, name: str) -> Store:
        """Open a session, making it when it is new."""
        return self._open(name, create=True)

    def _open(self, name: str, create: bool) -> Store:
        folder = self.folder(name)
        return _store(self._shelf.open(name, folder, create), folder, create)

    @contextmanager
    def new(self, name: str) -> Iterator[Store]:
        """Give the store of a new session, which nobody sees before the block has ended well."""
        target = self.folder(name)
        if self.mark(name) is not None or target.exists():
            raise ConfigError(f"session {name!r} exists already: choose another with --name")
        self._tidy()
        hidden = f"{HIDDEN}{uuid.uuid4().hex[:16]}"
        folder = self._shelf.root / hidden
        try:
            store = _store(self._shelf.open(hidden, folder, True), folder, True)
            with ExitStack() as until_renamed:
                with closing(store):
                    until_renamed.enter_context(self._shelf.writing(hidden))
                    yield store
                self._shelf.rename(hidden, name)
                os.rename(folder, target)
            (target / "writer.lock").unlink(missing_ok=True)
        except BaseException:
            self._shelf.drop(hidden)
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def _tidy(self) -> None:
        """Take away what an import that was killed has left."""
        for name in self._shelf.names():
            if name.startswith(HIDDEN) and not self._shelf.is_being_written(name):
                self._shelf.drop(name)
                shutil.rmtree(self._shelf.root / name, ignore_errors=True)

    def writing(self, name: str) -> AbstractContextManager[object]:
        """Hold a session for one writer; StoreError when another process does."""
        return self._shelf.writing(check_name(name))

    def is_being_written(self, name: str) -> bool:
        """Tell whether some process is watching into this session now."""
        return self._shelf.is_being_written(check_name(name))

    def delete(self, name: str) -> None:
        """Remove a session, damaged or not, with all its media; one being written is refused."""
        self._check_stored(name)
        with self.writing(name):
            self._shelf.drop(name)
            try:
                shutil.rmtree(self.folder(name))
            except FileNotFoundError:
                pass  # another machine keeps its files
            except OSError as error:
                raise StoreError(f"cannot delete session {name!r}: {error}") from error

    def describe(self, name: str) -> dict[str, Any]:
        """Return the facts that a list of sessions shows."""
        store = self.open(name)
        try:
            counts = store.counts()
            in_files = sum(_size(path) for path in store.folder.rglob("*"))
            return {
                "id": name,
                "created_wall_s": float(store.meta().get("created_wall_s", 0)),
                "duration_s": round(store.end_s(), 3),
                "events": counts["log"],
                "last_seq": store.last_seq(),
                "moments": counts["moment"],
                "bytes": in_files + (0 if self.at == SQLITE else store.size()),
                "running": self.is_being_written(name),
            }
        finally:
            store.close()

    def _check_stored(self, name: str) -> None:
        if self.mark(name) is None:
            known = ", ".join(self.names()) or "none yet: `omnilive watch FILE` makes one"
            raise ConfigError(f"no session {name!r}; stored sessions: {known}")


class Folders:
    """Sessions on SQLite: a folder each, with everything in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def names(self) -> list[str]:
        """See Shelf."""
        if not self.root.is_dir():
            return []
        return [path.name for path in self.root.iterdir() if (path / DB_NAME).is_file()]

    def mark(self, name: str) -> Hashable | None:
        """Return device and inode of the session's file."""
        try:
            stat = (self.root / name / DB_NAME).stat()
        except OSError:
            return None
        return stat.st_dev, stat.st_ino

    def open(self, name: str, folder: Path, create: bool) -> Database:
        """See Shelf."""
        return SqliteDatabase(folder, create=create)

    def drop(self, name: str) -> None:
        """Do nothing: all is in the folder."""

    def rename(self, name: str, to: str) -> None:
        """Do nothing: all is in the folder."""

    def writing(self, name: str) -> "Writing":
        """See Shelf."""
        return Writing(self.root / name)

    def is_being_written(self, name: str) -> bool:
        """See Shelf."""
        return is_being_written(self.root / name)


def _store(database: Database, folder: Path, create: bool) -> Store:
    try:
        return Store(folder, create=create, database=database)
    except BaseException:
        database.close()
        raise


def _on_postgres(url: str, root: Path) -> Shelf:
    try:
        from omnilive.memory.databases.pgshelf import PostgresShelf
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("psycopg"):
            hint = "memory.store is PostgreSQL, which needs: pip install 'omnilive[postgres]'"
            raise ConfigError(hint) from error
        raise
    return PostgresShelf(url, root)


def _size(path: Path) -> int:
    """Return a file's size, 0 for a folder and for what a writer has just taken away."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


class Writing:
    """Holds a session's folder for one writer; the lock goes with the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "writer.lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> "Writing":
        try:
            self._file = open(self._path, "a+")
        except OSError as error:
            raise StoreError(f"cannot write in {self._path.parent}: {error.strerror}") from error
        try:
            self._take()
        except BlockingIOError as error:
            self._file.close()
            raise StoreError(
                f"session {self._path.parent.name!r} is being watched by another process: "
                "stop it, or use another session name"
            ) from error
        self._file.seek(0)
        self._file.truncate()
        self._file.write(str(os.getpid()))
        self._file.flush()
        return self

    def _take(self) -> None:
        """Try for a moment: who only looks whether a session runs holds the lock that long."""
        assert self._file is not None
        for attempt in range(TRIES):
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if attempt == TRIES - 1:
                    raise
                threading.Event().wait(TRY_S)

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def is_being_written(folder: Path) -> bool:
    """Tell whether some process is watching into this session now."""
    path = folder / "writer.lock"
    if not path.exists():
        return False
    with open(path, "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
