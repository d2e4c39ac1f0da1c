"""The rows of a session as plain values, out of one store and into another, whatever they are.

What can be made of other rows (full text, sketches, search indexes) is left out and made anew.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from omnilive.core.errors import StoreError
from omnilive.memory.search.sketches import quantise, restore

if TYPE_CHECKING:
    from omnilive.memory.store import Store

# table -> the columns by which its rows are told apart; in the order in which they are taken in
TABLES: dict[str, tuple[str, ...]] = {
    "meta": ("key",), "log": ("seq",), "source": ("id",), "fact": ("id",), "moment": ("id",),
    "keyframe": ("id",), "watch": ("id",), "candidate": ("id",), "outbox": ("id",),
    "pin": ("id",), "segment": ("id",), "seen": ("bucket",), "wording": ("id",),
    "vector": ("wording", "start_s", "tab", "id"),
}  # fmt: skip
DERIVED = ("fact_words", "moment_words", "sketch", "format")
NOT_TAKEN = ("wipe_due", "tidied_wall_s")  # rows of `meta` about the files of one store
PAGE = 500  # rows that are read or written together
_FLAGS = {("fact", "open"), ("source", "has_video"), ("source", "has_audio")}
_JSON = {
    ("log", "body"), ("fact", "data"), ("moment", "data"), ("watch", "rule"),
    ("watch", "memory"), ("candidate", "body"), ("outbox", "target"),
}  # fmt: skip
_KINDS: dict[str, tuple[type, ...]] = {
    "TEXT": (str,), "INTEGER": (int,), "BIGINT": (int,), "BOOLEAN": (bool, int),
    "REAL": (int, float), "DOUBLE PRECISION": (int, float),
    "BLOB": (bytes,), "BYTEA": (bytes,), "USER-DEFINED": (bytes,),
}  # fmt: skip
_SEGMENT = re.compile(r"recordings/[\w.-]+")
_WIDEST_BYTES = 1 << 16  # of a vector


def columns(store: "Store", table: str) -> dict[str, tuple[type, ...]]:
    """Return the columns of a table, and what their values may be."""
    rows = store.rows(store.dialect.columns, table)
    return {name: _KINDS[kind] for name, kind in rows}


def rows_of(store: "Store", table: str) -> Iterator[list[Any]]:
    """Yield the rows of a table by its key, as values that JSON knows; in a snapshot."""
    names, key = list(columns(store, table)), TABLES[table]
    shown = ", ".join(_shown(store, table, name) for name in names)
    order, last = ", ".join(key), [names.index(name) for name in key]
    first, marks = f"SELECT {shown} FROM {table} w", ", ".join("?" * len(key))
    rows = store.rows(f"{first} ORDER BY {order} LIMIT {PAGE}")
    while rows:
        for row in _plain(store, table, names, rows):
            if table != "meta" or row[0] not in NOT_TAKEN:
                yield row
        after = [rows[-1][place] for place in last]
        query = f"{first} WHERE ({order}) > ({marks}) ORDER BY {order} LIMIT {PAGE}"
        rows = store.rows(query, *after) if len(rows) == PAGE else []


def _shown(store: "Store", table: str, name: str) -> str:
    return store.vectors.nearest.shown if (table, name) == ("wording", "vec") else name


def _plain(
    store: "Store", table: str, names: Sequence[str], rows: Sequence[Any]
) -> Iterator[list[Any]]:
    """Yield rows with flags for truth values, and vectors as bytes in base64."""
    made: dict[int, list[Any]] = {}
    for place, name in enumerate(names):
        values = [row[place] for row in rows]
        if (table, name) in _FLAGS:
            made[place] = [bool(value) for value in values]
        elif (table, name) == ("wording", "again"):
            made[place] = [value is not None for value in values]
        elif (table, name) == ("wording", "vec"):
            packed = quantise(store.vectors.nearest.decode(values))
            made[place] = [base64.b64encode(one).decode() for one in packed]
    for n, row in enumerate(rows):
        yield [made[place][n] if place in made else value for place, value in enumerate(row)]


def last_ids(store: "Store") -> dict[str, int]:
    """Return the last number that a row of each table was given: none is given twice."""
    numbers = dict(store.rows(store.dialect.last_ids))
    return {table: int(numbers.get(table, 0)) for table in TABLES if table in numbers}


class Intake:
    """Takes rows into a new store, inside one transaction. StoreError for what cannot be."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def take(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
        """Insert rows of these columns; return how many. Columns left out get their defaults."""
        known = columns(self._store, table)
        if strange := [name for name in names if name not in known]:
            raise StoreError(f"table {table} has no column {strange[0]!r}")
        count, page = 0, []
        for row in rows:
            page.append(_checked(table, names, [known[name] for name in names], row))
            count += 1
            if len(page) == PAGE:
                self._insert(table, names, page)
                page = []
        self._insert(table, names, page)
        return count

    def _insert(self, table: str, names: Sequence[str], rows: list[list[Any]]) -> None:
        if not rows:
            return
        if table == "wording":
            self._unpack(names, rows)
        marks = [self._mark(table, name) for name in names]
        conflict = " ON CONFLICT (key) DO UPDATE SET value = excluded.value"
        self._store.execute_many(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(marks)})"
            f"{conflict if table == 'meta' else ''}",
            rows,
        )
        for row in rows:
            values = dict(zip(names, row, strict=True))
            if table in ("fact", "moment"):
                self._store.index_again(table, values["id"])
            elif table == "wording":
                self._store.vectors.nearest.note_added(values["model"], values["id"])

    def _mark(self, table: str, name: str) -> str:
        return self._store.vectors.nearest.mark if (table, name) == ("wording", "vec") else "?"

    def _unpack(self, names: Sequence[str], rows: list[list[Any]]) -> None:
        vec, again = names.index("vec"), names.index("again")
        # Of one width or not: a page may hold the vectors of two models.
        for row in rows:
            row[vec] = self._store.vectors.nearest.encode(restore([row[vec]]))[0]
            row[again] = 0 if row[again] else None

    def set_last_ids(self, numbers: dict[str, int]) -> None:
        """Go on counting where the other store did."""
        for table, number in numbers.items():
            key = TABLES.get(table, ("",))[0]
            top = self._store.value(f"SELECT coalesce(max({key}), 0) FROM {table}") if key else 0
            if key and (number := max(int(number), top)):
                self._store.rows(self._store.dialect.set_last_id(table, key), number)


def _checked(
    table: str, names: Sequence[str], kinds: Sequence[tuple[type, ...]], row: Sequence[Any]
) -> list[Any]:
    """Return a row's values if a store may hold them: an archive may come from a stranger."""
    if not isinstance(row, list) or len(row) != len(names):
        raise StoreError(f"a row of {table} has not the {len(names)} values of its columns")
    found: list[Any] = []
    for name, kind, value in zip(names, kinds, row, strict=True):
        if (table, name) == ("wording", "vec"):
            value = _bytes(value)
        if (table, name) in _FLAGS or (table, name) == ("wording", "again"):
            kind = (bool,)
        if not _fits(value, kind) or ((table, name) in _JSON and not _is_json(value)):
            raise StoreError(f"{table}.{name} cannot be {str(value)[:40]!r}")
        if (table, name) == ("segment", "path") and not _SEGMENT.fullmatch(str(value)):
            raise StoreError(f"a recording lies outside of the session: {str(value)[:80]!r}")
        found.append(value)
    return found


def _fits(value: Any, kind: tuple[type, ...]) -> bool:
    if isinstance(value, str):
        return str in kind and _is_text(value)
    if type(value) is int:
        return int in kind and -(2**63) <= value < 2**63
    return value is None or type(value) in kind


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # half a sign, as JSON can write it
        return False
    return True


def _bytes(value: Any) -> bytes:
    try:
        found = base64.b64decode(value, validate=True)
    except (TypeError, ValueError) as error:
        raise StoreError("a vector is not written in base64") from error
    if not 4 < len(found) <= _WIDEST_BYTES:
        raise StoreError(f"a vector has {len(found)} bytes")
    return found


def _is_json(value: Any) -> bool:
    try:
        return isinstance(json.loads(value), dict)
    except (TypeError, ValueError):
        return False
