"""The rows of standing watches: rules with their state, candidates being checked, the outbox.

All writes are meant to happen inside `store.transaction()`, together with the log lines that
they follow from.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from omnilive.memory.base import Fact
from omnilive.memory.query import COLUMNS
from omnilive.memory.store import Store, fact_of

CURSOR, WORLD, EDITS = "watch_cursor", "watch_world", "watch_edits"
NARRATOR = "watch_narrator"  # how far the narration has come
_WATCH = "SELECT id, rule, version, state, made_s, memory FROM watch"
_LINE = "SELECT seq, t, type, body FROM log"
NEWEST = 1000  # alerts that are looked through for those of one watch
MOST_WAITING = 5000  # rows of the outbox for one target, which may be down for weeks
KEPT_DONE = 1000  # rows of the outbox that are kept after they were delivered or given up


@dataclass(frozen=True, slots=True)
class WatchRow:
    """A stored watch. `rule` and `memory` are JSON values; `made_s` is session time."""

    id: str
    rule: dict[str, Any]
    version: int
    state: str
    made_s: float
    memory: dict[str, Any]


class CandidateRow(NamedTuple):
    """A firing that a model has yet to check."""

    id: int
    watch: str
    version: int
    body: dict[str, Any]


class OutboxRow(NamedTuple):
    """An alert on its way to one target. `seq` is the alert's line in the log."""

    id: int
    seq: int
    watch: str
    target: dict[str, Any]
    state: str  # "waiting", "done" or "failed"
    tries: int
    due_wall_s: float
    detail: str


class WatchTable:
    """Reads and writes the watches of one store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._watch_name = store.dialect.field("body", "watch")

    # watches

    def all(self) -> list[WatchRow]:
        """Return every watch, oldest first."""
        return [_watch(row) for row in self.store.rows(f"{_WATCH} ORDER BY made_s, length(id), id")]

    def get(self, id: str) -> WatchRow | None:
        """Return one watch, or None."""
        return next(map(_watch, self.store.rows(f"{_WATCH} WHERE id = ?", id)), None)

    def put(self, row: WatchRow) -> None:
        """Add or replace a watch."""
        values = (
            row.id, _text(row.rule), row.version, row.state, row.made_s, _text(row.memory),
        )  # fmt: skip
        query = (
            "INSERT INTO watch (id, rule, version, state, made_s, memory) "
            "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, "
            "version = excluded.version, state = excluded.state, made_s = excluded.made_s, "
            "memory = excluded.memory"
        )
        self._write(query, values)

    def remember(self, id: str, state: str, memory: str) -> None:
        """Store how far a watch has come; `memory` is JSON text."""
        self._write("UPDATE watch SET state = ?, memory = ? WHERE id = ?", (state, memory, id))

    def remove(self, id: str) -> None:
        """Delete a watch and its candidates; alerts on their way are still delivered."""
        self._write("DELETE FROM watch WHERE id = ?", (id,))
        self._write("DELETE FROM candidate WHERE watch = ?", (id,))

    # how far the log has been read

    def cursor(self) -> int | None:
        """Return the last line of the log that the watches have seen; None before the first."""
        rows = self.store.rows("SELECT value FROM meta WHERE key = ?", CURSOR)
        return int(rows[0][0]) if rows else None

    def marks(self) -> dict[str, str]:
        """Return the rows of `meta` that are about watches, but for the world."""
        query = "SELECT key, value FROM meta WHERE key >= 'watch_' AND key < 'watch_world'"
        return dict(self.store.rows(query))

    def set_cursor(self, seq: int) -> None:
        """Note the last line of the log that the watches have seen."""
        self.store.set_meta(CURSOR, str(seq))

    def world(self) -> dict[str, Any]:
        """Return what the watches know of the world."""
        rows = self.store.rows("SELECT value FROM meta WHERE key = ?", WORLD)
        return json.loads(rows[0][0]) if rows else {}

    def set_world(self, world: Mapping[str, Any]) -> None:
        """Store what the watches know of the world."""
        self.store.set_meta(WORLD, _text(world))

    # what was told

    def alerts(self, after: int = 0, limit: int = 500, watch: str = "") -> list[dict[str, Any]]:
        """Return the alerts after a line of the log, of one watch or of all, oldest first."""
        query = (
            f"{_LINE} WHERE type = 'alert' AND seq > ? "
            f"AND (? = '' OR {self._watch_name} = ?) ORDER BY seq LIMIT ?"
        )
        return self._lines(query, after, watch, watch, limit)

    def recent_alerts(self, watch: str, since_s: float, limit: int) -> list[dict[str, Any]]:
        """Return the newest alerts of a watch since then, oldest first."""
        newest = f"SELECT * FROM log WHERE type = 'alert' ORDER BY seq DESC LIMIT {NEWEST}"
        query = (
            f"{_LINE.replace('FROM log', f'FROM ({newest}) AS newest')} WHERE t >= ? "
            f"AND {self._watch_name} = ? ORDER BY seq DESC LIMIT ?"
        )
        return self._lines(query, since_s, watch, limit)[::-1]

    def lines_near(self, type: str, watch: str, t: float, near_s: float) -> list[dict[str, Any]]:
        """Return the lines of a type about a watch that are so near to session time `t`."""
        query = (
            f"{_LINE} WHERE type = ? AND t BETWEEN ? AND ? AND {self._watch_name} = ? ORDER BY seq"
        )
        return self._lines(query, type, t - near_s, t + near_s, watch)

    def _lines(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return [
            {"seq": seq, "t": round(t, 3), "type": type, **json.loads(body)}
            for seq, t, type, body in self.store.rows(query, *values)
        ]

    # candidates

    def add_candidate(self, watch: str, version: int, body: Mapping[str, Any]) -> int:
        """Keep a firing until a model has checked it; return its id."""
        query = "INSERT INTO candidate (watch, version, body) VALUES (?, ?, ?) RETURNING id"
        with self.store.transaction():
            return int(self.store.value(query, watch, version, _text(body)))

    def candidates(self) -> list[CandidateRow]:
        """Return those that wait, oldest first."""
        return self._candidates("ORDER BY id")

    def candidate(self, id: int) -> CandidateRow | None:
        """Return one that waits, or None."""
        return next(iter(self._candidates("WHERE id = ?", id)), None)

    def take_candidate(self, id: int) -> bool:
        """Remove a candidate; False when it is not there any more: somebody decided it."""
        with self.store.transaction():
            found = self.store.rows("SELECT 1 FROM candidate WHERE id = ?", id)
            self._write("DELETE FROM candidate WHERE id = ?", (id,))
        return bool(found)

    # the outbox

    def post(self, seq: int, watch: str, targets: Sequence[Mapping[str, Any]]) -> None:
        """Put an alert into the outbox, once for each target.

        Of what waits for one target, the newest MOST_WAITING are kept; older ones have failed.
        """
        query = "INSERT INTO outbox (seq, watch, target) VALUES (?, ?, ?)"
        oldest = (
            "SELECT id FROM outbox WHERE state = 'waiting' AND target = ? "
            "ORDER BY id DESC LIMIT 1 OFFSET ?"
        )
        give_up = (
            "UPDATE outbox SET state = 'failed', detail = 'too many were waiting' "
            f"WHERE state = 'waiting' AND target = ? AND id <= ({oldest})"
        )
        for target in map(_text, targets):
            self._write(query, (seq, watch, target))
            self._write(give_up, (target, target, MOST_WAITING))

    def waiting(self, limit: int = 100) -> list[OutboxRow]:
        """Return what is to be delivered, in the order of the log."""
        return self._outbox("state = 'waiting' ORDER BY id LIMIT ?", limit)

    def heads(self) -> list[OutboxRow]:
        """Return the first waiting row of every target: those that may be delivered next."""
        return self._outbox(
            "id IN (SELECT min(id) FROM outbox WHERE state = 'waiting' GROUP BY target) "
            "ORDER BY id LIMIT ?", 1000,
        )  # fmt: skip

    def posted(self, seq: int) -> list[OutboxRow]:
        """Return the deliveries of one alert."""
        return self._outbox("seq = ? ORDER BY id", seq)

    def update(self, id: int, **values: Any) -> None:
        """Change columns of an outbox row: `state`, `tries`, `due_wall_s`, `detail`."""
        names = ", ".join(f"{name} = ?" for name in values)
        with self.store.transaction():
            self._write(f"UPDATE outbox SET {names} WHERE id = ?", (*values.values(), id))
            self._write(
                "DELETE FROM outbox WHERE state != 'waiting' AND id <= "
                "(SELECT max(id) FROM outbox) - ?", (KEPT_DONE,),
            )  # fmt: skip

    # what else the watches ask of a store

    def open_facts(self) -> list[Fact]:
        """Return what is open: there now, as far as anybody knows."""
        return [
            fact_of(r)
            for r in self.store.rows(f"SELECT {COLUMNS} FROM fact WHERE open ORDER BY id")
        ]

    def source_of(self, fact: int) -> int:
        """Return the source that a fact is from, 1 when it is not known any more."""
        rows = self.store.rows("SELECT key FROM fact WHERE id = ?", fact)
        return int(rows[0][0].split(":")[0]) if rows else 1

    def _candidates(self, rest: str, *values: Any) -> list[CandidateRow]:
        query = f"SELECT id, watch, version, body FROM candidate {rest}"
        rows = self.store.rows(query, *values)
        return [CandidateRow(id, watch, v, json.loads(body)) for id, watch, v, body in rows]

    def _outbox(self, rest: str, *values: Any) -> list[OutboxRow]:
        query = "SELECT id, seq, watch, target, state, tries, due_wall_s, detail FROM outbox WHERE "
        return [
            OutboxRow(a, b, c, json.loads(d), e, f, g, h)
            for a, b, c, d, e, f, g, h in self.store.rows(query + rest, *values)
        ]

    def _write(self, query: str, values: Sequence[Any]) -> None:
        self.store.execute(query, *values)


def _watch(row: Sequence[Any]) -> WatchRow:
    id, rule, version, state, made_s, memory = row
    return WatchRow(id, json.loads(rule), version, state, made_s, json.loads(memory))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
