"""What the store asks of a database. All of its SQL is the store's; see also dialect.py."""

import errno
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from omnilive.memory.base import Ref
from omnilive.memory.databases.dialect import Dialect
from omnilive.memory.search.vectors import Vectors

if TYPE_CHECKING:
    from omnilive.memory.store import Store


class WordIndex(Protocol):
    """Full text over the tables `fact` and `moment`, in `fact_words` and `moment_words`."""

    def put(self, table: str, id: int, text: str) -> None:
        """Index a row's text in place of an older one, inside a transaction."""
        ...

    def search(
        self, terms: Iterable[str], until_s: float, limit: int, **narrowed: Any
    ) -> list[Ref]:
        """Return rows that hold any of the terms, best first: see wordsearch.search."""
        ...

    def holding(self, all_of: Sequence[str], any_of: Sequence[str]) -> tuple[str, str] | None:
        """Return the condition that a fact's words begin so, and its one value; None for none."""
        ...


class Database(Protocol):
    """One open session in a database. The store serialises the calls and nests transactions.

    Everything raises StoreError with cause and remedy.
    """

    dialect: Dialect

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement with `?` marks; return its rows."""
        ...

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run a statement with `?` marks; return how many rows it changed."""
        ...

    def execute_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each of the rows of values."""
        ...

    def begin(self) -> None:
        """Begin a transaction that no other writer's can run beside."""
        ...

    def commit(self) -> None:
        """Make the transaction durable."""
        ...

    def rollback(self) -> None:
        """Undo the transaction, if there is still one."""
        ...

    def explained(self) -> AbstractContextManager[None]:
        """Turn what the database and the disk say into a StoreError with a remedy."""
        ...

    def indexes(self, store: "Store") -> tuple[WordIndex, Vectors]:
        """Return what searches this session."""
        ...

    def note_wipe_due(self) -> None:
        """Inside the transaction that deletes: make sure that the bytes go, whatever happens."""
        ...

    def wipe(self) -> bool:
        """Take what was deleted out of the files; False when somebody else still uses it."""
        ...

    def size(self) -> int:
        """Return the bytes of what is stored; room that was freed and not given back is none."""
        ...

    def tidy(self, start: bool, wall_s: float) -> float | None:
        """Let a little of what was deleted leave the files; None when that is done.

        Else the seconds after which to go on. `start` when something was deleted since the last
        call; `wall_s` is Unix time.
        """
        ...

    def check(self) -> str:
        """Return "ok", or what is wrong with the stored data."""
        ...

    def close(self) -> None:
        """Let go of it; safe to call twice."""
        ...


def reason_of(error: OSError) -> str:
    """Return what the disk says, "full" when there is no room."""
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "full" if is_full else error.strerror or str(error)
