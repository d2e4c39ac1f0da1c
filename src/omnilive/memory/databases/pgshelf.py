"""The sessions of a PostgreSQL database: a schema each, and their files in folders."""

import contextlib
import errno
import re
import threading
import weakref
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from omnilive.core.errors import StoreError
from omnilive.memory.databases.postgres import (
    PREFIX,
    PostgresDatabase,
    cause_of,
    connect,
    explanation,
    lock_number,
    parts_of,
    schema_of,
)

FILES = ".postgresql"  # no session can be called so: those on SQLite have folders beside it


class PostgresShelf:
    """All sessions of one database. Safe to call from any thread."""

    def __init__(self, url: str, root: Path) -> None:
        self.url = url
        database = parts_of(url).get("dbname") or "postgres"
        self.root = root / FILES / re.sub(r"[^\w.-]", "_", str(database))
        self._lock = threading.Lock()
        self._db: psycopg.Connection[Any] | None = None

    def names(self) -> list[str]:
        """Return the stored sessions: the schema's comment is the name, however long."""
        query = (
            "SELECT coalesce(obj_description(oid, 'pg_namespace'), substr(nspname, %s)) "
            "FROM pg_namespace WHERE starts_with(nspname, %s)"
        )
        return [name for (name,) in self._rows(query, len(PREFIX) + 1, PREFIX)]

    def mark(self, name: str) -> Hashable | None:
        """Return the number of the session's schema."""
        query = "SELECT oid FROM pg_namespace WHERE nspname = %s"
        rows = self._rows(query, schema_of(name))
        return rows[0][0] if rows else None

    def open(self, name: str, folder: Path, create: bool) -> PostgresDatabase:
        """See Shelf."""
        return PostgresDatabase(self.url, name, folder, create=create)

    def drop(self, name: str) -> None:
        """Delete the schema with all that is in it."""
        schema = sql.Identifier(schema_of(name))
        self._rows(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))

    def rename(self, name: str, to: str) -> None:
        """Rename the schema, whose comment is the session's name."""
        old, new = sql.Identifier(schema_of(name)), sql.Identifier(schema_of(to))
        comment = sql.SQL("COMMENT ON SCHEMA {} IS {}").format(old, sql.Literal(to))
        rename = sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(old, new)
        self._rows(sql.SQL("; ").join([comment, rename]))

    def writing(self, name: str) -> "PostgresWriting":
        """See Shelf."""
        return PostgresWriting(self.url, name)

    def is_being_written(self, name: str) -> bool:
        """Tell whether a connection holds the session's lock."""
        number = lock_number(schema_of(name), "writer")
        query = (
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
            "AND classid::bigint = %s AND objid::bigint = %s"
        )
        return bool(self._rows(query, number >> 32, number & 0xFFFFFFFF))

    def _rows(self, query: Any, *values: Any) -> list[Any]:
        with self._lock:
            try:
                return self._run(query, values)
            except psycopg.OperationalError as error:
                if self._db is not None and not self._db.closed:
                    raise explanation(error, self.url) from cause_of(error)
            try:
                return self._run(query, values)  # the server was away meanwhile
            except psycopg.Error as error:
                raise explanation(error, self.url) from cause_of(error)

    def _run(self, query: Any, values: tuple[Any, ...]) -> list[Any]:
        if self._db is None or self._db.closed:
            self._db = connect(self.url)
            weakref.finalize(self, self._db.close)
        cursor = self._db.execute(query, values or None)
        return cursor.fetchall() if cursor.description else []


class PostgresWriting:
    """Holds a session for one writer; the lock goes with the connection, however it ends."""

    def __init__(self, url: str, name: str) -> None:
        self._url, self._name = url, name
        self._db: psycopg.Connection[Any] | None = None

    def __enter__(self) -> "PostgresWriting":
        db = connect(self._url)
        try:
            self._take(db)
        except BaseException:
            db.close()
            raise
        self._db = db
        return self

    def _take(self, db: "psycopg.Connection[Any]") -> None:
        query = "SELECT pg_try_advisory_lock(%s)"
        try:
            row = db.execute(query, (lock_number(schema_of(self._name), "writer"),)).fetchone()
        except psycopg.Error as error:
            raise explanation(error, self._url, self._name) from cause_of(error)
        if not row or not row[0]:
            raise StoreError(
                f"session {self._name!r} is being watched by another process: stop it, or use "
                "another session name"
            ) from BlockingIOError(errno.EAGAIN, "held by another connection")

    def __exit__(self, *_: object) -> None:
        if self._db is not None:
            with contextlib.suppress(psycopg.Error):  # closing alone is noticed a bit later
                self._db.execute("SELECT pg_advisory_unlock_all()")
            self._db.close()
            self._db = None
