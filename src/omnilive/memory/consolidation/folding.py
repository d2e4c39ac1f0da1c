"""Folds the facts of one row into fewer: see `fold` in merging.py for what is kept.

A fact belongs to the last row that begins before it or with it. What is pinned, open, or held by a
watch is left alone.
"""

import json
from collections.abc import Callable

from omnilive.memory.base import Fact
from omnilive.memory.consolidation import merging
from omnilive.memory.consolidation.merging import Rarity
from omnilive.memory.control.pins import is_pinned
from omnilive.memory.query import COLUMNS
from omnilive.memory.spans import Span
from omnilive.memory.store import Store, fact_of, searchable
from omnilive.memory.watches import WORLD


class Folding:
    """Folds facts of one store, inside its transactions.

    Before the first fold of a write: `hold`. After the last: `changed` are facts with new texts.
    """

    def __init__(self, store: Store, rarity: Rarity) -> None:
        self._store, self._rarity = store, rarity
        self._pins: list[Span] = []
        self._held: set[int] = set()
        self.changed: dict[int, Fact] = {}

    def hold(self, pins: list[Span]) -> None:
        """Find out what has to stay as it is: what watches remember, or have checked, or pins."""
        self._pins, self.changed = pins, {}
        world = self._store.value("SELECT value FROM meta WHERE key = ?", WORLD)
        things = json.loads(world) if world else {}
        self._held = {int(t["fact"]) for part in ("here", "past") for t in things.get(part, ())}
        for (body,) in self._store.rows("SELECT body FROM candidate"):
            alert = json.loads(body).get("alert", {})
            self._held |= {int(item["id"]) for item in alert.get("evidence", ())}

    def fold(self, start_s: float, until_s: float, size: int) -> tuple[int, dict[str, int]]:
        """Fold the facts that begin in [start_s, until_s), which stands for `size` moments.

        Where that saves nothing, half of the words in them are left out. Return how many rows it
        saved, and what was left out, by kind.
        """
        by_source = self._facts(start_s, until_s)
        most = merging.most_facts(size) // max(1, len(by_source))
        done = self._store_all(by_source, lambda facts: merging.fold(facts, most, self._rarity))
        if done[0]:
            return done
        return self._store_all(by_source, lambda facts: merging.squeeze(facts, self._rarity))

    def _store_all(
        self, by_source: dict[str, list[Fact]], fold: Callable[[list[Fact]], merging.Fold]
    ) -> tuple[int, dict[str, int]]:
        saved, left_out = 0, dict[str, int]()
        for source, facts in by_source.items():
            folded = fold(facts)
            for id in folded.gone:
                self._store.drop("fact", id)
                self.changed.pop(id, None)
            old = {fact.id: fact for fact in facts}
            for fact in folded.changed:
                self._change(source, old[fact.id], fact)
            saved += len(folded.gone)
            left_out = merging.added(left_out, folded.left_out)
        return saved, left_out

    def _facts(self, start_s: float, until_s: float) -> dict[str, list[Fact]]:
        """Return the facts that may be folded, by source."""
        query = (
            f"SELECT key, {COLUMNS} FROM fact WHERE start_s >= ? AND start_s < ? "
            "ORDER BY start_s, id"
        )
        found: dict[str, list[Fact]] = {}
        for key, *row in self._store.rows(query, start_s, until_s):
            if not self._is_held(fact := fact_of(tuple(row))):
                found.setdefault(str(key).split(":")[0], []).append(fact)
        return found

    def _is_held(self, fact: Fact) -> bool:
        span = Span(fact.start_s, fact.end_s)
        return fact.open or fact.id in self._held or is_pinned(span, self._pins)

    def _change(self, source: str, old: Fact, new: Fact) -> None:
        """Store a fact that is told anew. Nothing more can come of what a tally counts."""
        data = json.dumps(dict(new.data), ensure_ascii=False)
        query = "UPDATE fact SET end_s = ?, text = ?, confidence = ?, data = ? WHERE id = ?"
        self._store.execute(query, new.end_s, new.text, new.confidence, data, new.id)
        if "merged" in new.data and "merged" not in old.data:
            key = f"{source}:m:{new.id}"
            self._store.execute("UPDATE fact SET key = ? WHERE id = ?", key, new.id)
        self._store.words.put("fact", new.id, searchable(new))
        if new.text != old.text:
            self.changed[new.id] = new
