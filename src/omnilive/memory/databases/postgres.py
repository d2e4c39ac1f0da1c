"""PostgreSQL with pgvector: a schema (namespace) for each session, for many machines.

Pictures and recordings stay files in the session's folder. Every transaction takes the session's
lock first, so that lines of the log become visible in the order of their numbers, as on SQLite.
"""

import contextlib
import errno
import functools
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict

from omnilive.core.errors import ConfigError, StoreError
from omnilive.memory.databases.database import reason_of
from omnilive.memory.databases.dialect import Dialect, Postgres
from omnilive.memory.databases.schema import upgrade
from omnilive.memory.databases.schema_postgres import statements
from omnilive.memory.search.pgvectors import PgNearest
from omnilive.memory.search.pgwords import PgWords
from omnilive.memory.search.vectors import Vectors

if TYPE_CHECKING:
    from omnilive.memory.store import Store

T = TypeVar("T")
CONNECT_S, LOCK_S = 10, 30
OLDEST_SERVER, OLDEST_PGVECTOR = 130000, (0, 7)
PREFIX = "omnilive:"
_TIDY_S, _BUSY_S = 86400.0, 600.0  # between two rewritings; when somebody was in the tables
_LONGEST_BYTES = 63  # of a name in PostgreSQL
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # an escaped NUL in JSON


class PostgresDatabase:
    """The schema of one session. StoreError: there is none, or the server cannot be used."""

    dialect: Dialect = Postgres()

    def __init__(self, url: str, session: str, folder: Path, *, create: bool = False) -> None:
        self.url, self.session, self._folder = url, session, folder
        self._schema = schema_of(session)
        self._is_closed = False
        self._in_transaction = False
        self._db = connect(url)
        try:
            with self.explained():
                self._set_up(create)
        except BaseException:
            self._db.close()
            raise

    def _set_up(self, create: bool) -> None:
        if create:
            make_extension(self._db, self.url)
            self._make_schema()
        elif not self._db.execute(_FIND, (self._schema,)).fetchone():
            raise StoreError(f"there is no memory of {self.session!r} on {place_of(self.url)}")
        self._enter()
        upgrade(self._version, self._step)

    def _make_schema(self) -> None:
        name = sql.Identifier(self._schema)
        with self._alone():
            if not self._db.execute(_FIND, (self._schema,)).fetchone():
                self._db.execute(sql.SQL("CREATE SCHEMA {}").format(name))
                comment = sql.SQL("COMMENT ON SCHEMA {} IS {}")
                self._db.execute(comment.format(name, sql.Literal(self.session)))

    def _enter(self) -> None:
        """Make the session's tables, and pgvector's types, those that statements speak of."""
        vectors = self._db.execute(_VECTORS).fetchone()
        path = [self._schema, vectors[0] if vectors else "public"]
        names = sql.SQL(", ").join(map(sql.Identifier, path))
        self._db.execute(sql.SQL("SET search_path TO {}").format(names))

    # the format

    def _version(self) -> int:
        has_table = "SELECT 1 FROM pg_tables WHERE schemaname = %s AND tablename = 'format'"
        if not self._db.execute(has_table, (self._schema,)).fetchone():
            return 0
        row = self._db.execute("SELECT version FROM format").fetchone()
        return row[0] if row else 0

    def _step(self, step: int) -> None:
        with self._alone():
            if self._version() != step - 1:
                return  # somebody else was faster
            every = [*statements(step), "DELETE FROM format"]
            self._db.execute(";\n".join(every).encode())
            self._db.execute("INSERT INTO format VALUES (%s)", (step,))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """A transaction that no other of this session runs beside."""
        with self._db.transaction():
            self._db.execute(self._lock)
            yield

    # statements

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement with `?` marks; return its rows."""
        with self.explained():
            cursor = self._again_if_lost(lambda: self._run(sql, values))
            return cursor.fetchall() if cursor.description else []

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement with `?` marks; return how many rows it changed."""
        with self.explained():
            return self._run(sql, values).rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each of the rows of values."""
        with self.explained(), self._connection().cursor() as cursor:
            cursor.executemany(_marks(sql), [list(map(_clean, row)) for row in rows])

    def _run(self, sql: str, values: Sequence[Any]) -> "psycopg.Cursor[Any]":
        return self._connection().execute(_marks(sql), list(map(_clean, values)))

    def _again_if_lost(self, do: Callable[[], T]) -> T:
        """Do what may be done twice; a server that was restarted meanwhile is no reason to fail."""
        try:
            return do()
        except psycopg.OperationalError:
            if self._in_transaction or self._is_closed or not self._db.closed:
                raise
            return do()

    def _connection(self) -> "psycopg.Connection[Any]":
        """Return the connection, a new one when the server has been away meanwhile."""
        if self._db.closed and not self._is_closed and not self._in_transaction:
            self._db = connect(self.url)
            try:
                self._enter()
            except BaseException:
                self._db.close()  # else statements would go to the tables of nobody
                raise
        return self._db

    # transactions

    @property
    def _lock(self) -> bytes:
        return b"SELECT pg_advisory_xact_lock(%d)" % lock_number(self._schema, "rows")

    def begin(self) -> None:
        """Begin a transaction that no other writer's can run beside."""
        with self.explained():
            try:
                self._again_if_lost(lambda: self._connection().execute(b"BEGIN; " + self._lock))
            except psycopg.Error:
                self.rollback()  # it began, but somebody else kept the lock
                raise
        self._in_transaction = True

    def commit(self) -> None:
        """Make the transaction durable."""
        self._in_transaction = False
        with self.explained():
            self._db.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction, if there is still one."""
        self._in_transaction = False
        with contextlib.suppress(psycopg.Error):  # a lost connection has undone it already
            self._db.rollback()

    # the session as a whole

    def indexes(self, store: "Store") -> tuple[PgWords, Vectors]:
        """Return what searches this session."""
        return PgWords(store), Vectors(store, PgNearest(store))

    def note_wipe_due(self) -> None:
        """Inside the transaction that deletes: make sure that the bytes go, whatever happens."""
        self.execute("INSERT INTO meta VALUES ('wipe_due', '1') ON CONFLICT (key) DO NOTHING")

    def wipe(self) -> bool:
        """Rewrite the tables without what was deleted; False when somebody else is in them."""
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = ?"
        try:
            for (table,) in self.rows(tables, [self._schema]):
                with self.explained():
                    self._db.execute(sql.SQL("VACUUM (FULL) {}").format(sql.Identifier(table)))
        except StoreError as error:
            if isinstance(error.__cause__, BlockingIOError):
                return False
            raise
        self.execute("DELETE FROM meta WHERE key = 'wipe_due'")
        return True

    def tidy(self, start: bool, wall_s: float) -> float | None:
        """See Database: tables are rewritten once a day, for nothing less takes out old bytes."""
        last_s = self.rows("SELECT value FROM meta WHERE key = 'tidied_wall_s'")
        wait_s = float(last_s[0][0]) + _TIDY_S - wall_s if last_s else 0.0
        if 0 < wait_s <= _TIDY_S:
            return wait_s
        if not self.wipe():
            return _BUSY_S
        row = "INSERT INTO meta VALUES ('tidied_wall_s', ?) "
        self.execute(row + "ON CONFLICT (key) DO UPDATE SET value = excluded.value", [str(wall_s)])
        return None

    def size(self) -> int:
        """Return the bytes of the session's tables with their indexes."""
        query = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' "
        query += "AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = ?)"
        return int(self.rows(query, [self._schema])[0][0] or 0)

    def check(self) -> str:
        """Return "ok" when every table can be read; the server guards what lies below."""
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = ?"
        for (table,) in self.rows(tables, [self._schema]):
            self.rows(f"SELECT count(*) FROM {table}")
        return "ok"

    def close(self) -> None:
        """Let go of the connection; safe to call twice."""
        self._is_closed = True
        self._db.close()

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what the server and the disk say into a StoreError with a remedy."""
        try:
            yield
        except psycopg.Error as error:
            raise explanation(error, self.url, self.session) from cause_of(error)
        except OSError as error:
            raise StoreError(f"files in {self._folder}: {_disk(reason_of(error))}") from error


_FIND = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
_VECTORS = (
    "SELECT n.nspname, e.extversion FROM pg_extension e JOIN pg_namespace n "
    "ON n.oid = e.extnamespace WHERE e.extname = 'vector'"
)


def schema_of(session: str) -> str:
    """Return the name of a session's schema, cut where PostgreSQL allows no longer one."""
    name = PREFIX + session
    if len(name.encode()) <= _LONGEST_BYTES:
        return name
    start = name.encode()[: _LONGEST_BYTES - 17].decode(errors="ignore")
    return f"{start}~{hashlib.sha256(session.encode()).hexdigest()[:16]}"


def lock_number(schema: str, use: str) -> int:
    """Return the number of an advisory lock: 63 bits."""
    digest = hashlib.sha256(f"{use} {schema}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def connect(url: str) -> "psycopg.Connection[Any]":
    """Connect, each statement its own transaction. StoreError says what to do about a failure."""
    try:
        db = psycopg.connect(
            url, autocommit=True, connect_timeout=CONNECT_S, application_name="omnilive",
            options=f"-c lock_timeout={LOCK_S}s -c client_min_messages=error",
        )  # fmt: skip
    except psycopg.Error as error:
        raise explanation(error, url) from cause_of(error)
    version = db.info.server_version
    if version < OLDEST_SERVER:
        db.close()
        raise StoreError(
            f"{place_of(url)} runs PostgreSQL {version // 10000}, which is too "
            f"old: upgrade it to {OLDEST_SERVER // 10000} or newer"
        )
    return db


def make_extension(db: "psycopg.Connection[Any]", url: str) -> None:
    """Make sure of pgvector, which comes with the server and is switched on in a database."""
    where = place_of(url)
    try:
        found = db.execute(_VECTORS).fetchone()
        if not found:
            db.execute("CREATE EXTENSION IF NOT EXISTS vector")
            found = db.execute(_VECTORS).fetchone()
    except errors.InsufficientPrivilege as error:
        raise StoreError(
            f"{where} has no pgvector in this database, and this user may not add it: let an "
            "administrator run `CREATE EXTENSION vector` in it once"
        ) from error
    except (errors.UndefinedFile, errors.FeatureNotSupported) as error:
        raise StoreError(
            f"{where} has no pgvector: install it on the server (package postgresql-NN-pgvector, "
            "or the image pgvector/pgvector), then try again"
        ) from error
    version = tuple(int(part) for part in found[1].split(".")[:2]) if found else (0, 0)
    if version < OLDEST_PGVECTOR:
        raise StoreError(
            f"{where} has pgvector {'.'.join(map(str, version))}, which is too old: install "
            f"{'.'.join(map(str, OLDEST_PGVECTOR))} or newer and run `ALTER EXTENSION vector "
            "UPDATE`"
        )


def parts_of(url: str) -> dict[str, Any]:
    """Return the parts of a URL; ConfigError when it is none."""
    try:
        return dict(conninfo_to_dict(url))
    except psycopg.ProgrammingError:  # which shows the password
        raise ConfigError(
            "memory.store is no address of PostgreSQL: write "
            "postgresql://USER:PASSWORD@HOST:5432/DATABASE"
        ) from None


def place_of(url: str) -> str:
    """Return where a URL leads, without user and password."""
    parts = parts_of(url)
    host = parts.get("host") or parts.get("hostaddr") or "this machine"
    return f"PostgreSQL on {host}:{parts.get('port') or 5432}, database {parts.get('dbname')!r}"


def explanation(error: psycopg.Error, url: str, session: str = "") -> StoreError:
    """Return what the server said, with a remedy."""
    whose = f"memory of {session!r} on " if session else ""
    return StoreError(f"{whose}{place_of(url)}: {_remedy(error)}")


def cause_of(error: psycopg.Error) -> Exception:
    """Return the error as the disk would tell it, where the two say the same (see server)."""
    if isinstance(error, errors.DiskFull):
        return OSError(errno.ENOSPC, str(error))
    if isinstance(error, errors.LockNotAvailable | errors.DeadlockDetected):
        return BlockingIOError(errno.EAGAIN, str(error))
    return error


def _remedy(error: psycopg.Error) -> str:
    said = " ".join(str(error).split())
    for kind, remedy in _REMEDIES.items():
        if isinstance(error, kind):
            return remedy.format(said=said)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        for words, remedy in _CONNECTING.items():
            if words in said:
                return remedy.format(said=said)
        return f"the connection was lost ({said}): what was stored before is intact; try again"
    return said


_REMEDIES: dict[type[psycopg.Error], str] = {
    errors.DiskFull: "the server's disk is full: free some space; everything stored is intact",
    errors.LockNotAvailable: "is held by another process: stop it, or use another session name",
    errors.DeadlockDetected: "is held by another process: stop it, or use another session name",
    errors.InsufficientPrivilege: "this user may not do that ({said}): GRANT CREATE, TEMPORARY ON "
    "DATABASE to it, or let it own the session's schema",
    errors.ReadOnlySqlTransaction: "the server only reads (it is a standby): use the primary",
    errors.UndefinedTable: "is damaged or was deleted meanwhile ({said}): restore a backup of the "
    "database, or use another session name",
    errors.TooManyConnections: "the server has no connection left: raise max_connections, or "
    "close some sessions",
    errors.DataCorrupted: "is damaged ({said}): restore a backup of the database",
    errors.IndexCorrupted: "is damaged ({said}): run REINDEX DATABASE, or restore a backup",
}
_CONNECTING = {
    "password authentication failed": "wrong user or password: correct memory.store",
    "no password supplied": "it wants a password: put it into memory.store "
    "(postgresql://USER:PASSWORD@HOST/DATABASE) or ~/.pgpass",
    "does not exist": "{said}: create it, or correct memory.store",
    "too many": "the server has no connection left: raise max_connections",
    "starting up": "the server is starting: try again in a moment",
    "no pg_hba.conf entry": "the server lets nobody in from here ({said}): allow it in pg_hba.conf",
    "refused": "nothing answers there: start the server, or correct memory.store",
    "resolve": "there is no such host: correct memory.store",
    "timeout": "it does not answer: is it running, and does a firewall let you through?",
}


def _disk(reason: str) -> str:
    if reason == "full":
        return "the disk is full: free some space; everything stored so far is intact"
    return f"cannot be written ({reason}): check the folder's permissions"


@functools.lru_cache(maxsize=512)
def _marks(text: str) -> bytes:
    """Return a statement with psycopg's marks in place of `?`; none is in an empty list."""
    text = text.replace(" IN ()", " IN (NULL)")
    return text.replace("%", "%%").replace("?", "%s").encode()


def _clean(value: Any) -> Any:
    """Return a value that PostgreSQL takes: its text holds no NUL, not even escaped in JSON."""
    if not isinstance(value, str):
        return value
    if "\\u0000" in value:
        value = _NUL.sub(r"\1\\ufffd", value)
    return value.replace("\x00", "\ufffd")
