"""Builds the questions put to the fact table, so that they cost what they find. Pure logic.

Most facts are short: those that overlap a span began shortly before it. The few long ones have
an index of their own (`fact_long`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omnilive.core.events import Kind

if TYPE_CHECKING:
    from omnilive.memory.facts import Facts

LONG_S = 600  # as in the index fact_long
COLUMNS = "id, kind, start_s, end_s, text, confidence, open, data"
_FOR_EVER = -1e11


@dataclass(frozen=True, slots=True, kw_only=True)
class FactQuery:
    """Which facts are wanted: those that overlap the span, and more.

    `data` maps names of a fact's data to the values that it may have. `all_of` and `any_of`
    are beginnings of words in the fact's text or other names. With a `limit`, the first ones by
    start, or the `newest`; they come by start all the same.
    """

    kinds: Sequence[Kind] = ()
    start_s: float = -1e12
    end_s: float = 1e12
    data: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    all_of: Sequence[str] = ()
    any_of: Sequence[str] = ()
    limit: int | None = None
    offset: int = 0
    newest: bool = False

    def sql(self, store: "Facts") -> tuple[str, list[Any]]:
        """Return the statement for this store and its values."""
        aside = store.dialect.aside
        rest, values = self._rest(store)
        order = "DESC" if self.newest else "ASC"
        tail = f"ORDER BY start_s {order}, id {order}"
        if self.limit is not None:
            tail += f" LIMIT {int(self.limit)} OFFSET {int(self.offset)}"
        select = f"SELECT {COLUMNS} FROM fact"
        # Where words are asked for, they lead the search.
        start = aside("start_s") if self.all_of or self.any_of else "start_s"
        if self.start_s < _FOR_EVER:
            return f"{select} WHERE {start} <= ?{rest} {tail}", [self.end_s, *values]
        early_s = self.start_s - LONG_S
        short = f"{select} WHERE {start} >= ? AND {start} <= ? AND {aside('end_s')} >= ?{rest}"
        long = (
            f"{select} WHERE end_s - start_s > {LONG_S} AND end_s >= ? "
            f"AND {aside('start_s')} < ? AND {aside('start_s')} <= ?"
            f"{rest.replace(' AND kind', ' AND ' + aside('kind'))}"
        )
        before = [early_s, self.end_s, self.start_s, *values]
        after = [self.start_s, early_s, self.end_s, *values]
        return f"SELECT * FROM ({short} UNION ALL {long}) AS facts {tail}", before + after

    def _rest(self, store: "Facts") -> tuple[str, list[Any]]:
        clauses: list[str] = []
        values: list[Any] = []
        if self.data.get("label") and tuple(self.kinds) == ("object",):
            clauses.append("kind = 'object'")  # word for word as in the index fact_label
        elif self.kinds:
            kind = store.dialect.aside("kind") if self.all_of or self.any_of else "kind"
            clauses.append(f"{kind} IN ({_marks(self.kinds)})")
            values += self.kinds
        for name, wanted in self.data.items():
            clauses.append(f"{store.dialect.field('data', name)} IN ({_marks(wanted)})")
            values += wanted
        if (holding := store.words.holding(self.all_of, self.any_of)) is not None:
            clauses.append(holding[0])
            values.append(holding[1])
        return "".join(f" AND {clause}" for clause in clauses), values


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
