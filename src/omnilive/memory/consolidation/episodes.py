"""Merges the rows that tell of a session's past: moments into episodes, episodes into digests.

`moment.cost` is the price of merging a row with the next one (merging.py), NULL until it is known;
the index over it is the queue. `moment.fold` is that price for each fact in the two rows: in that
order facts are folded when there are too many of them, while rows may stay as fine as they are. All
of it is in the tables, so that there is nothing to be built after a start or a crash.
"""

import json
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from omnilive.memory.base import Fact, Moment
from omnilive.memory.consolidation import merging
from omnilive.memory.consolidation.calendar import Calendar
from omnilive.memory.consolidation.folding import Folding
from omnilive.memory.consolidation.interest import Interest
from omnilive.memory.consolidation.merging import HELD
from omnilive.memory.consolidation.rarity import Seen
from omnilive.memory.control.pins import is_pinned
from omnilive.memory.query import COLUMNS
from omnilive.memory.spans import Span
from omnilive.memory.store import Store, fact_of

DRIFT = 0.1  # bits by which a cost may be off, as words become rarer or commoner with time
ACTIVE = 300  # facts that are looked through for what went on in a digest
Order = Literal["cost", "fold"]
_ROW = "SELECT id, start_s, end_s, text, level, size, weight, data, cost, fold FROM moment"


class _Row(NamedTuple):
    moment: Moment
    cost: float | None
    fold: float | None


class _Pair(NamedTuple):
    """Two neighbours; the facts of `a` begin before `b` does, those of `b` before `until_s`."""

    a: Moment
    b: Moment
    until_s: float


class Taken(NamedTuple):
    """What one step saved: rows of moments and of facts."""

    moments: int = 0
    facts: int = 0


class Episodes:
    """Prices and merges the rows of one store, inside its transactions."""

    def __init__(
        self, store: Store, half_life_s: float, seen: Seen, interest: Interest, calendar: Calendar
    ) -> None:
        self._store, self._half_life_s = store, half_life_s
        self._seen, self._interest, self._calendar = seen, interest, calendar
        self.folding = Folding(store, seen.rarity)
        self._pins: list[Span] = []

    def hold(self, pins: list[Span]) -> None:
        """Begin the steps of a write: what is pinned stays as it is."""
        self._pins = pins
        self.folding.hold(pins)

    # what it costs

    def price(self, most: int) -> None:
        """Weigh the rows that came, and give each pair that has changed its cost."""
        self._calendar.refresh()
        for row in self._store.rows(f"{_ROW} WHERE cost IS NULL ORDER BY id LIMIT ?", most):
            moment = _row(row).moment
            if moment.weight == 0:
                moment = self._weighed(moment)
            self._reprice(moment)
            self._reprice_before(moment)

    def _weighed(self, moment: Moment) -> Moment:
        """Return a row with its weight, which is stored; its words count as seen."""
        after = self._neighbour(moment, 1)
        until_s = max(moment.end_s, after.moment.start_s) if after else moment.end_s
        self._seen.add(moment.text)
        weight = merging.weight_of(self._facts(moment.start_s, until_s), self._seen.rarity)
        weight += self._interest.weight(Span(moment.start_s, moment.end_s))
        self._store.execute("UPDATE moment SET weight = ? WHERE id = ?", weight, moment.id)
        return replace(moment, weight=weight)

    def _reprice(self, moment: Moment) -> None:
        pair = self._pair(moment)
        self._set_prices(moment.id, *(self._prices(pair) if pair else (HELD, HELD)))

    def _reprice_before(self, moment: Moment) -> None:
        before = self._neighbour(moment, -1)
        if before is not None and before.cost is not None:
            self._reprice(before.moment)

    def _set_prices(self, id: int, cost: float, fold: float) -> None:
        query = "UPDATE moment SET cost = ?, fold = ? WHERE id = ?"
        self._store.execute(query, cost, fold, id)

    def _prices(self, pair: _Pair) -> tuple[float, float]:
        """Return what it costs to merge a pair, and that for each fact in it."""
        a, b, until_s = pair
        barrier = merging.barrier_bits(
            a, b,
            same_day=self._calendar.day(a.start_s) == self._calendar.day(b.start_s),
            same_place=self._calendar.place(a.start_s) == self._calendar.place(b.start_s),
        )  # fmt: skip
        different = merging.dissimilarity(a.text, b.text, self._seen.rarity)
        # One that has yet to be weighed counts as a plain moment; its turn comes soon.
        a, b = (row if row.weight else replace(row, weight=1.0) for row in (a, b))
        cost = merging.static_cost(a, b, different, barrier, self._half_life_s)
        query = "SELECT count(*) FROM fact WHERE start_s >= ? AND start_s < ?"
        return cost, merging.cost_of_facts(cost, self._store.value(query, a.start_s, until_s))

    # steps

    def step(self, order: Order, before_s: float) -> Taken | None:
        """Take the cheapest step: rows that ended before `before_s` first. None if there is none.

        By "cost" two rows are merged; by "fold" the facts of one are folded, or else half of its
        words are left out, or else it is merged. It may save nothing, when the cheapest was dearer
        than it was.
        """
        query = f"{_ROW} WHERE {order} < ?{{}} ORDER BY {order} LIMIT 1"
        # The next one, which is merged into it, is to be as old, and at most so long.
        rows = self._store.rows(query.format(" AND end_s <= ?"), HELD, before_s - merging.GAP_S)
        rows = rows or self._store.rows(query.format(""), HELD)
        if not rows:
            return None
        row = _row(rows[0])
        pair = self._pair(row.moment)
        if pair is None or self._is_pinned(pair):
            self._set_prices(row.moment.id, HELD, HELD)
            return Taken()
        now, before = self._prices(pair), (row.cost, row.fold)
        if any(b is None or n > b + DRIFT for n, b in zip(now, before, strict=True)):
            self._set_prices(row.moment.id, *now)
            return Taken()
        if order == "cost":
            self._merge(pair)
            return Taken(moments=1)
        return self._save_facts(pair)

    def _is_pinned(self, pair: _Pair) -> bool:
        return is_pinned(Span(pair.a.start_s, max(pair.until_s, pair.b.end_s)), self._pins)

    def _save_facts(self, pair: _Pair) -> Taken:
        a, until_s = pair.a, pair.b.start_s
        if saved := self._note(a, *self.folding.fold(a.start_s, until_s, a.size)):
            self._reprice(a)
            self._reprice_before(a)
            return Taken(facts=saved)
        one = self._merge(pair)
        fold = self.folding.fold(one.start_s, pair.until_s, one.size)
        return Taken(moments=1, facts=self._note(one, *fold))

    def _note(self, row: Moment, saved: int, left_out: dict[str, int]) -> int:
        """Note what was left out of a row; return what that saved."""
        if left_out:
            counts = merging.added(row.data.get("left_out", {}), left_out)
            self._store.execute(
                "UPDATE moment SET data = ? WHERE id = ?",
                _json({**row.data, "left_out": counts}), row.id,
            )  # fmt: skip
        return saved

    def _merge(self, pair: _Pair) -> Moment:
        """Tell of two neighbours as one, with its words and vectors."""
        a, b, until_s = pair
        one = merging.merged(a, b, self._seen.rarity)
        self._store.vectors.merge("moment", a.id, b.id, (a.size, b.size))
        self._store.drop("moment", b.id)
        data = {**one.data, "days": self._calendar.days(one.start_s, one.end_s)}
        if one.level == 2:
            data["places"] = self._calendar.places(one.start_s, one.end_s)
            data["activity"] = merging.activity(self._facts(one.start_s, until_s))
        self._store.execute(
            "UPDATE moment SET end_s = ?, text = ?, level = ?, size = ?, weight = ?, data = ? "
            "WHERE id = ?",
            one.end_s, one.text, one.level, one.size, one.weight, _json(data), one.id,
        )  # fmt: skip
        self._store.words.put("moment", one.id, one.text)
        one = replace(one, data=data)
        self._reprice(one)
        self._reprice_before(one)
        return one

    # rows

    def _facts(self, start_s: float, until_s: float) -> list[Fact]:
        """Return the facts of a row: no more than tell what went on."""
        query = (
            f"SELECT {COLUMNS} FROM fact WHERE start_s >= ? AND start_s < ? "
            "ORDER BY start_s, id LIMIT ?"
        )
        return [fact_of(row) for row in self._store.rows(query, start_s, until_s, ACTIVE)]

    def _pair(self, a: Moment) -> _Pair | None:
        """Return a row with the next one; None for the last."""
        rows = self._near(a, 1, 2)
        if not rows:
            return None
        b = rows[0].moment
        return _Pair(a, b, rows[1].moment.start_s if len(rows) > 1 else b.end_s)

    def _neighbour(self, moment: Moment, side: int) -> _Row | None:
        """Return the row before (-1) or after (1)."""
        return next(iter(self._near(moment, side, 1)), None)

    def _near(self, moment: Moment, side: int, count: int) -> list[_Row]:
        """Return rows before or after, by start; two sources may begin at one time."""
        sign, order = ("<", "DESC") if side < 0 else (">", "ASC")
        query = (
            f"{_ROW} WHERE (start_s, id) {sign} (?, ?) ORDER BY start_s {order}, id {order} LIMIT ?"
        )
        return [_row(row) for row in self._store.rows(query, moment.start_s, moment.id, count)]


def _row(row: tuple[Any, ...]) -> _Row:
    id, start_s, end_s, text, level, size, weight, data, cost, fold = row
    moment = Moment(
        id=id, start_s=start_s, end_s=end_s, text=text, level=level, size=size, weight=weight,
        data=json.loads(data),
    )  # fmt: skip
    return _Row(moment, cost, fold)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
