"""What people and watches care about, as the log tells: it stays fine for longer.

Evidence of answers and alerts makes the rows that it lies in dearer to merge; what is pinned is not
merged at all, and what is no longer pinned, or lies beside what was forgotten, is priced anew.
"""

import json
from collections.abc import Iterator
from typing import Any

from omnilive.memory.consolidation.merging import ALERT_WEIGHT, ASKED_WEIGHT
from omnilive.memory.spans import Span, overlaps
from omnilive.memory.store import Store

CURSOR = "interest_seq"  # a row of `meta`: the last line of the log that was looked at
LINES = 16  # lines of a type that are looked at in one write, or are remembered
FEW = 200  # lines whose types are looked up at once
WIDE_S = 600.0  # evidence that lasted longer points at nothing in particular but its beginning
_WEIGHTS = {"answer": ASKED_WEIGHT, "alert": ALERT_WEIGHT}
_ANEW = ("pin", "forgotten")  # lines after which the rows of their span are priced anew


class Interest:
    """Follows the log of one session. Every call is inside a transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seq: int | None = None
        self._recent: list[tuple[Span, float]] | None = None

    def follow(self) -> None:
        """Weigh what the newest lines point at; at most LINES of each type."""
        cursor = self._cursor()
        if self._store.last_seq() == cursor:
            return
        until = self._store.last_seq()
        found: list[tuple[int, str, str]] = []
        for type in self._types(cursor, until):
            query = "SELECT seq, body FROM log WHERE type = ? AND seq > ? ORDER BY seq LIMIT ?"
            rows = self._store.rows(query, type, cursor, LINES)
            found += [(seq, type, body) for seq, body in rows]
            if len(rows) == LINES:  # there may be more: the rest has its turn next time
                until = min(until, rows[-1][0])
        for seq, type, body in sorted(found):
            if seq <= until:
                self._take(type, json.loads(body))
        self._seq = until
        if found:
            self._recent = None
            self._store.set_meta(CURSOR, str(until))

    def weight(self, span: Span) -> float:
        """Return how much the newest answers and alerts add to a row that is new."""
        if self._recent is None:
            self._recent = [
                (found, weight)
                for type, weight in _WEIGHTS.items()
                for line in self._store.log_of(type, LINES)
                for found in _evidence(type, line.body)
            ]
        return sum(weight for found, weight in self._recent if overlaps(found, span))

    def reset(self) -> None:
        """Read everything again: what was followed has come to nothing."""
        self._seq = self._recent = None

    def _types(self, cursor: int, until: int) -> tuple[str, ...]:
        """Return of which types there may be new lines: as a rule none."""
        every = (*_WEIGHTS, *_ANEW)
        if until - cursor > FEW:
            return every
        query = "SELECT DISTINCT type FROM log WHERE seq > ?"
        new = {type for (type,) in self._store.rows(query, cursor)}
        return tuple(type for type in every if type in new)

    def _cursor(self) -> int:
        if self._seq is None:
            query = "SELECT value FROM meta WHERE key = ?"
            self._seq = int(self._store.value(query, CURSOR) or 0)
        return self._seq

    def _take(self, type: str, body: dict[str, Any]) -> None:
        for span in _evidence(type, body):
            weight = _WEIGHTS.get(type, 0.0)
            anew = "SET weight = weight + ?, cost = NULL WHERE weight > 0 AND"
            query = f"UPDATE moment {anew} start_s < ? AND end_s > ?"
            self._store.execute(query, weight, span.end_s, span.start_s)
            query = f"UPDATE keyframe {anew} t <= ? AND t >= ?"
            self._store.execute(query, weight, span.end_s, span.start_s)


def _evidence(type: str, body: dict[str, Any]) -> Iterator[Span]:
    """Yield the spans that a line points at."""
    if type in _ANEW:
        yield Span(float(body["start_s"]) - 1.0, float(body["end_s"]) + 1.0)
        return
    for item in body.get("evidence", ()):
        start_s, end_s = float(item["start_s"]), float(item["end_s"])
        yield Span(start_s, end_s if end_s - start_s <= WIDE_S else start_s + 1.0)
