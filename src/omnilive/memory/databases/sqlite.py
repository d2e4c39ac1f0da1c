"""The default database: one SQLite file (WAL) in the session's folder."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omnilive.core.errors import StoreError
from omnilive.memory.databases.database import reason_of
from omnilive.memory.databases.dialect import Dialect, Sqlite
from omnilive.memory.databases.schema import migrate
from omnilive.memory.databases.wipe import note_due, tidy, wipe, wipe_if_due
from omnilive.memory.search.fulltext import Fts5
from omnilive.memory.search.sketches import Sketches
from omnilive.memory.search.vectors import Vectors

if TYPE_CHECKING:
    from omnilive.memory.store import Store

DB_NAME = "memory.db"


class SqliteDatabase:
    """The file of one session. StoreError: there is none, or it is damaged, newer or locked."""

    dialect: Dialect = Sqlite()

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self._folder = folder
        path = folder / DB_NAME
        if not create and not path.exists():
            raise StoreError(f"there is no memory in {folder}")
        with self.explained():
            if create:
                folder.mkdir(parents=True, exist_ok=True)
            mode = "rwc" if create else "rw"
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}", uri=True, check_same_thread=False,
                timeout=30,
            )  # fmt: skip
            try:
                self._set_up()
            except BaseException:
                self._db.close()
                raise

    def _set_up(self) -> None:
        self._db.isolation_level = None
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA secure_delete = ON")
        migrate(self._db)
        wipe_if_due(self._db)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement with `?` marks; return its rows."""
        with self.explained():
            return self._db.execute(sql, values).fetchall()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement with `?` marks; return how many rows it changed."""
        with self.explained():
            return self._db.execute(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each of the rows of values."""
        with self.explained():
            self._db.executemany(sql, rows)

    def begin(self) -> None:
        """Begin a transaction that no other writer's can run beside."""
        self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the transaction durable."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if there is still one."""
        if self._db.in_transaction:
            self.execute("ROLLBACK")

    def indexes(self, store: "Store") -> tuple[Fts5, Vectors]:
        """Return what searches this session."""
        return Fts5(store), Vectors(store, Sketches(store))

    def note_wipe_due(self) -> None:
        """Inside the transaction that deletes: make sure that the bytes go, whatever happens."""
        note_due(self._db)

    def wipe(self) -> bool:
        """Rewrite the file without what was deleted; False when another process reads it."""
        with self.explained():
            return wipe(self._db)

    def size(self) -> int:
        """Return the bytes of the pages in use."""
        names = ("page_count", "freelist_count", "page_size")
        pages, free, size = (int(self.rows(f"PRAGMA {name}")[0][0]) for name in names)
        return (pages - free) * size

    def tidy(self, start: bool, wall_s: float) -> float | None:
        """See Database: deleted rows are zeros already, the word index and the WAL are not."""
        with self.explained():
            return 0.0 if tidy(self._db, start) else None

    def check(self) -> str:
        """Return SQLite's own verdict on the file: "ok", or what is wrong."""
        return str(self.rows("PRAGMA integrity_check")[0][0])

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._db.close()

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what SQLite and the disk say into a StoreError with a remedy."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise StoreError(f"memory in {self._folder}: {_remedy(str(error))}") from error
        except OSError as error:
            reason = reason_of(error)
            raise StoreError(f"memory in {self._folder}: {_remedy(reason)}") from error


def _remedy(reason: str) -> str:
    if "full" in reason:
        return "the disk is full: free some space; everything stored so far is intact"
    if "readonly" in reason or "unable to open" in reason:
        return f"cannot be written ({reason}): check the folder's permissions"
    if "malformed" in reason or "not a database" in reason or "no such table" in reason:
        return (
            f"is damaged ({reason}): move the folder away to start anew, or recover what can be "
            "read with `sqlite3 memory.db .recover`"
        )
    if "locked" in reason:
        return "is held by another process: stop it, or use another session name"
    return reason
