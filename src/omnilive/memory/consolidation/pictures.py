"""Thins out the kept pictures, so that those that stay tell most: bounded work for each write.

Losing a picture costs, at the time `now`, weight * (t_next - t_before) * 2 ** -((now - t) /
half_life): how long nothing would be to be seen, how much went on there, and how long ago it was.
As in merging.py, the order of two pictures does not change with time, so that an index over
the constant part has the cheapest in front. Taking one away changes what its neighbours cost.
"""

import contextlib
import math
from typing import NamedTuple

from omnilive.memory.consolidation.merging import HELD, Rarity, weight_of
from omnilive.memory.control.pins import is_pinned
from omnilive.memory.query import COLUMNS
from omnilive.memory.spans import Span
from omnilive.memory.store import KEYFRAMES, Store, fact_of, keyframe_path

NEAR_S = 1.0  # what began this shortly before a picture was the reason for it


class _Picture(NamedTuple):
    id: int
    t: float
    bytes: int
    weight: float
    cost: float | None


_PICTURE = "SELECT id, t, bytes, weight, cost FROM keyframe"


class Pictures:
    """Prices and drops the pictures of one store, inside its transactions."""

    def __init__(self, store: Store, half_life_s: float, rarity: Rarity) -> None:
        self._store, self._half_life_s, self._rarity = store, half_life_s, rarity
        self._dropped: list[int] = []  # their files go once the transaction is through

    def price(self, most: int) -> None:
        """Give the pictures that came a cost; at most so many."""
        for row in self._store.rows(f"{_PICTURE} WHERE cost IS NULL ORDER BY id LIMIT ?", most):
            picture = _Picture(*row)
            if picture.weight == 0:
                picture = self._weighed(picture)
            self._reprice(picture)
            if (before := self._neighbour(picture, -1)) and before.cost is not None:
                self._reprice(before)

    def drop_cheapest(self, before_s: float, pinned: list[Span]) -> int | None:
        """Drop the picture that costs least and return its size.

        0 when the cheapest was dearer than it was thought to be, None when none may go.
        """
        query = f"{_PICTURE} WHERE cost < ?{{}} ORDER BY cost LIMIT 1"
        rows = self._store.rows(query.format(" AND t < ?"), HELD, before_s)
        rows = rows or self._store.rows(query.format(""), HELD)
        if not rows:
            return None
        picture = _Picture(*rows[0])
        cost = HELD if is_pinned(Span(picture.t, picture.t), pinned) else self._cost(picture)
        if picture.cost is None or cost > picture.cost + 1e-6:
            self._set_cost(picture, cost)
            return 0
        near = [self._neighbour(picture, side) for side in (-1, 1)]
        self._store.execute("DELETE FROM keyframe WHERE id = ?", picture.id)
        self._dropped.append(picture.id)
        for other in near:
            if other is not None and other.cost is not None and other.cost < HELD:
                self._reprice(other)
        return picture.bytes

    def settle(self) -> None:
        """After the transaction: remove the files of what was dropped."""
        dropped, self._dropped = self._dropped, []
        for id in dropped:
            with contextlib.suppress(OSError):  # sweep() will, when the session is watched next
                (self._store.folder / keyframe_path(id)).unlink(missing_ok=True)

    def reset(self) -> None:
        """What was dropped has come to nothing: it is still there."""
        self._dropped.clear()

    def sweep(self) -> None:
        """Remove the files that a crash left without a row. Only the one writer may do so."""
        with self._store.transaction():
            known = {f"{id}.jpg" for (id,) in self._store.rows("SELECT id FROM keyframe")}
            for path in (self._store.folder / KEYFRAMES).glob("*"):
                if path.name not in known:
                    with contextlib.suppress(OSError):
                        path.unlink(missing_ok=True)

    def _weighed(self, picture: _Picture) -> _Picture:
        query = f"SELECT {COLUMNS} FROM fact WHERE start_s >= ? AND start_s <= ?"
        rows = self._store.rows(query, picture.t - NEAR_S, picture.t + 0.1)
        weight = weight_of([fact_of(row) for row in rows], self._rarity)
        self._store.execute("UPDATE keyframe SET weight = ? WHERE id = ?", weight, picture.id)
        return picture._replace(weight=weight)

    def _reprice(self, picture: _Picture) -> None:
        self._set_cost(picture, self._cost(picture))

    def _set_cost(self, picture: _Picture, cost: float) -> None:
        self._store.execute("UPDATE keyframe SET cost = ? WHERE id = ?", cost, picture.id)

    def _cost(self, picture: _Picture) -> float:
        after = self._neighbour(picture, 1)
        if after is None:
            return HELD
        before = self._neighbour(picture, -1)
        gap_s = after.t - (before.t if before else 0.0)
        loss = picture.weight * max(gap_s, 1e-3)
        return math.log2(loss) + picture.t / self._half_life_s

    def _neighbour(self, picture: _Picture, side: int) -> _Picture | None:
        sign, order = ("<", "DESC") if side < 0 else (">", "ASC")
        query = f"{_PICTURE} WHERE (t, id) {sign} (?, ?) ORDER BY t {order}, id {order} LIMIT 1"
        rows = self._store.rows(query, picture.t, picture.id)
        return _Picture(*rows[0]) if rows else None
