"""How the store speaks to its database: statements one at a time, in transactions that nest."""

import contextlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from omnilive.memory.databases.database import Database


class Statements:
    """Statements with `?` marks; see dialect.py for what has to be said in two ways.

    Calls from any thread are serialised by a lock.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        self._depth = 0
        self._db = database
        self.dialect = database.dialect

    def close(self) -> None:
        """Let go of the database; safe to call twice."""
        with self._lock:
            self._db.close()

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Run a statement; return its rows."""
        with self._lock:
            return self._db.rows(sql, values)

    def value(self, sql: str, *values: Any) -> Any:
        """Run a statement; return the first value of its first row, None without a row."""
        rows = self.rows(sql, *values)
        return rows[0][0] if rows else None

    def execute(self, sql: str, *values: Any) -> int:
        """Run a statement that changes something; return how many rows it changed."""
        with self._lock:
            if self._depth:  # as nearly always: spare it a transaction inside of one
                return self._db.execute(sql, values)
            with self.transaction():
                return self._db.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement that changes something once for each of the rows of values."""
        with self.transaction():
            self._db.execute_many(sql, rows)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside durable at once, or not at all."""
        with self._lock, self._db.explained():
            if self._depth == 0:
                self._db.begin()
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._db.rollback()
                raise
            self._depth -= 1
            if self._depth == 0:
                self._commit()

    def _commit(self) -> None:
        try:
            self._db.commit()
        except BaseException:
            self._db.rollback()  # not every failure does: else nothing could be begun any more
            raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Read as if nobody wrote meanwhile; writers of other stores are not held up."""
        with self._lock, self._db.explained():
            self._db.execute(self.dialect.snapshot)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                self._db.rollback()

    @property
    def in_transaction(self) -> bool:
        """Whether this thread, which holds the lock, changes something that may be undone."""
        return self._depth > 0

    @contextlib.contextmanager
    def whole(self) -> Iterator[Database]:
        """Give the database for what cannot be done inside a transaction; others wait."""
        with self._lock, self._db.explained():
            yield self._db

    def note_wipe_due(self) -> None:
        """Inside the transaction that deletes: make sure that the bytes go, whatever happens."""
        self._db.note_wipe_due()

    def wipe(self) -> bool:
        """Take what was deleted out of the files; False when somebody else still uses it."""
        with self.whole() as database:
            return database.wipe()

    def tidy(self, start: bool, wall_s: float) -> float | None:
        """Let a little of what was deleted leave the files; see Database."""
        with self.whole() as database:
            return database.tidy(start, wall_s)
