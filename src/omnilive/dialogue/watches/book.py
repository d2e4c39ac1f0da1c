"""The watches of one store, kept durably: rules, how far each has come, alerts, the outbox.

`observe` is called by the ledger inside its transaction. Alerts, the state of the watches and
the place in the log up to which they have looked are stored together with the lines that they
follow from, so that a crash at any point loses no alert and repeats none.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from omnilive.core.clock import stopwatch, wall_time
from omnilive.core.errors import ConfigError
from omnilive.dialogue.watches.alerts import alert_body
from omnilive.dialogue.watches.describe import describe
from omnilive.dialogue.watches.engine import Engine, Firing, Watch
from omnilive.dialogue.watches.gate import Times
from omnilive.dialogue.watches.matching import Likeness
from omnilive.dialogue.watches.rule import (
    Caption,
    Rule,
    Speech,
    parts_of,
    rule_from_json,
    rule_json,
)
from omnilive.dialogue.watches.state import BROKEN_OFF, Thing, World
from omnilive.memory.ledger import Noted
from omnilive.memory.store import Store
from omnilive.memory.watches import CURSOR, EDITS, WatchRow, WatchTable

NUMBER = "watch_number"  # a row of the table `meta`
OUTSIDE = ("webhook", "mqtt")  # targets that are delivered from the outbox
STATES = ("armed", "paused")
_NEVER = Speech(any_of=("\u2400",))  # stands for a rule that cannot be read
Line = dict[str, Any]


class Book:
    """All watches of one store. Plain sync code; safe to call from any thread."""

    def __init__(self, store: Store, likeness: Likeness | None = None, *, most: int = 500) -> None:
        """`most` is how many watches there may be."""
        self.store, self.table, self.most = store, WatchTable(store), most
        self.likeness = likeness or Likeness()
        self.now: dict[int, Callable[[], float]] = {}  # source -> stream time now, at live pace
        self.is_checked: Callable[[Rule], bool] = lambda rule: rule.check
        self._lock = threading.RLock()  # always taken inside the store's
        self._engine = Engine()
        self._mark: tuple[str, str] | None = None  # (cursor, edits) as stored, where we stand
        self._cursor = 0  # last line of the log that the engine has seen
        self._memories: dict[str, str] = {}

    # what the ledger tells

    def observe(self, noted: Noted) -> list[Line]:
        """Take in what the ledger has just written; return the lines that follow from it."""
        with self._lock:
            began = stopwatch()
            self._refresh()
            if not self._engine.watches:
                return []
            times = {noted.source: Times(noted.video_t, noted.audio_t)}
            lines = list(self._unseen(noted.lines))
            fired = self._engine.step(lines, {} if noted.is_over else times)
            if noted.is_over:
                fired += self._engine.close(noted.source, noted.video_t)
            out = [self._write(firing, began, noted.source) for firing in fired]
            out += self._failures()
            self._save(is_changed=bool(lines or out) or noted.is_over)
            return out

    def _catch_up(self) -> list[Line]:
        """Take in what others wrote into the log since; call it before anything changes."""
        self._refresh()
        if not self._engine.watches:  # nobody has looked since the last one was removed
            self._engine.world, self._engine.times = World(), {}
            self._wake(self._engine.world)
            self._cursor = self.store.last_seq()
            return []
        began = stopwatch()
        fired = self._engine.step(self._unseen([]), {})
        out = [self._write(firing, began, -1) for firing in fired]
        out += self._failures()
        self._save(is_changed=True)
        return out

    def _unseen(self, lines: list[Line]) -> Iterator[Line]:
        """Yield the lines after the cursor: those that others wrote, then the ledger's."""
        cursor = self._cursor
        first = next((line["seq"] for line in lines if line["seq"]), self.store.last_seq() + 1)
        while cursor + 1 < first:
            entries = self.store.log_after(cursor, min(500, first - cursor - 1))
            if not entries:
                break
            for entry in entries:
                yield self.line_of(entry.seq, entry.t, entry.type, entry.body)
            cursor = entries[-1].seq
        yield from lines

    def line_of(self, seq: int, t: float, type: str, body: Mapping[str, Any]) -> Line:
        """Return a line of the log as the watches want it; older ones do not name their source."""
        line = {"seq": seq, "t": t, "type": type, **body}
        if type == "percept" and "source" not in line:
            line["source"] = self.table.source_of(int(line["id"]))
        return line

    def _write(self, firing: Firing, began: float, source: int) -> Line:
        body = alert_body(self.store, firing)
        now = self.now.get(source)
        total_s = max(0.0, now() - firing.first_s) if now else None
        gate_s = stopwatch() - began
        seen_s = None if total_s is None else round(max(0.0, total_s - gate_s), 3)
        body["latency"] = {
            "perception_s": seen_s, "gate_s": round(gate_s, 4), "check_s": 0.0,
            "total_s": None if total_s is None else round(total_s, 3),
        }  # fmt: skip
        if self.is_checked(firing.rule):
            return self._ask(firing, body)
        return self._alert(firing.t, body, firing.rule)

    def _alert(self, t: float, body: Mapping[str, Any], rule: Rule) -> Line:
        seq = self.store.append(t, "alert", body)
        targets = [x.model_dump(mode="json") for x in rule.to if x.kind in OUTSIDE]
        self.table.post(seq, str(body["watch"]), targets)
        return {"seq": seq, "t": round(t, 3), "type": "alert", **body}

    def _ask(self, firing: Firing, body: Line) -> Line:
        kept = {"t": firing.t, "alert": body, "rule": rule_json(firing.rule)}
        id = self.table.add_candidate(firing.watch, firing.version, kept)
        check = {"watch": firing.watch, "n": firing.number, "candidate": id, "state": "waiting"}
        check["urgency"] = firing.rule.urgency
        return self._note(firing.t, "check", check)

    def decide(self, id: int, speak: bool, verdict: Mapping[str, Any]) -> list[Line]:
        """Write what a check found about a candidate; the alert too, if it is to speak.

        Nothing happens when the candidate was decided before, or its watch was removed, or
        edited since.
        """
        with self.store.transaction(), self._lock:
            row = self.table.candidate(id)
            if row is None or not self.table.take_candidate(id):
                return []
            watch = self.table.get(row.watch)
            alert, t = dict(row.body["alert"]), float(row.body["t"])
            check = {"watch": row.watch, "n": alert["n"], "candidate": id, **verdict}
            if watch is None or watch.version != row.version:
                note = {**check, "state": "dropped", "reason": "the watch was edited meanwhile"}
                return [self._note(t, "check", note)]
            state = "confirmed" if speak else "silent"
            lines = [self._note(t, "check", {**check, "state": state})]
            if speak:
                alert["latency"] = _with_check(alert["latency"], float(verdict.get("check_s", 0)))
                alert |= {"checked": dict(verdict)}
                alert["text"] = verdict.get("text") or alert["text"]
                lines.append(self._alert(t, alert, rule_from_json(row.body["rule"])))
            return lines

    def _failures(self) -> list[Line]:
        broken = [w for w in self._engine.watches.values() if w.state == "failed" and w.touched]
        return [
            self._note(w.last_t, "watch", {"watch": w.id, "state": "failed", "detail": w.error})
            for w in broken
        ]

    def _note(self, t: float, type: str, body: Mapping[str, Any]) -> Line:
        t = max(0.0, t)
        seq = self.store.append(t, type, body)
        return {"seq": seq, "t": round(t, 3), "type": type, **body}

    # what people do

    def all(self) -> list[WatchRow]:
        """Return every watch, oldest first."""
        return self.table.all()

    def get(self, id: str) -> WatchRow:
        """Return one watch. Unknown id: ConfigError that lists the known ones."""
        row = self.table.get(id)
        if row is None:
            known = ", ".join(row.id for row in self.table.all()) or "none yet"
            raise ConfigError(f"no watch {id!r} in this session; watches: {known}")
        return row

    def add(
        self, rule: Rule, t: float | None = None, *, armed: bool = True
    ) -> tuple[str, list[Line]]:
        """Store a rule and arm it at session time `t` (default: now, as far as it is known).

        Return the watch's id and the lines written.
        """
        with self.store.transaction(), self._lock:
            lines = self._catch_up()
            if len(self._engine.watches) >= self.most:
                raise ConfigError(f"this session has {self.most} watches already: remove some")
            number = int(self.store.meta().get(NUMBER, "0")) + 1
            self.store.set_meta(NUMBER, str(number))
            id = f"w{number}"
            at_s = self._armed_t(t)
            row = WatchRow(id, rule_json(rule), 1, "armed" if armed else "paused", at_s, {})
            return id, [*lines, self._change(row, "added", at_s)]

    def edit(self, id: str, rule: Rule, t: float | None = None) -> list[Line]:
        """Replace the rule of a watch: it starts anew; what it counted is gone.

        Its number of alerts goes on. A candidate of the old rule that is being checked is dropped.
        """
        with self.store.transaction(), self._lock:
            lines = self._catch_up()
            old = self.get(id)
            state = "armed" if old.state in ("done", "failed") else old.state
            memory = {"number": old.memory.get("number", 0)}
            row = WatchRow(id, rule_json(rule), old.version + 1, state, old.made_s, memory)
            return [*lines, self._change(row, "edited", self._armed_t(t))]

    def set_state(self, id: str, state: str, t: float | None = None) -> list[Line]:
        """Arm or pause a watch. Armed again, it starts anew from `t`."""
        if state not in STATES:
            raise ConfigError(f"a watch cannot be {state!r}: choose from {', '.join(STATES)}")
        with self.store.transaction(), self._lock:
            lines = self._catch_up()
            old = self.get(id)
            memory = {"number": old.memory.get("number", 0)}
            row = WatchRow(id, old.rule, old.version, state, old.made_s, memory)
            return [*lines, self._change(row, state, self._armed_t(t))]

    def remove(self, id: str) -> list[Line]:
        """Delete a watch; its alerts stay in the log."""
        with self.store.transaction(), self._lock:
            lines = self._catch_up()
            self.get(id)
            self.table.remove(id)
            self._engine.remove(id)
            line = self._note(self._armed_t(None), "watch", {"watch": id, "state": "removed"})
            self._edited()
            return [*lines, line]

    def handed_over(self) -> tuple[str, ...]:
        """Return what the armed watches tell the live model to look out for, oldest first."""
        with self.store.transaction(), self._lock:
            self._refresh()
            armed = [w.rule for w in self._engine.watches.values() if w.state == "armed"]
        parts = [part for rule in armed for part, _ in parts_of(rule.what)]
        told = [part.instruction for part in parts if isinstance(part, Caption)]
        return tuple(dict.fromkeys(filter(None, told)))

    def alerts(self, after: int = 0, limit: int = 500, watch: str = "") -> list[Line]:
        """Return the alerts after a line of the log, oldest first."""
        return self.table.alerts(after, limit, watch)

    def status(self, id: str) -> dict[str, Any]:
        """Return what the gate of a watch knows now, for people."""
        with self.store.transaction(), self._lock:
            self._refresh()
            row = self.get(id)
            watch = self._engine.watches.get(id) or Watch(id, Rule(what=_NEVER), state="failed")
            watch.error = watch.error or str(row.memory.get("error", ""))
            return {
                "state": watch.state, "armed_s": watch.armed_t, "alerts": watch.number,
                "last_s": watch.last_t if watch.number else None, "duplicate": watch.duplicate,
                "error": watch.error, "gate": watch.gate.value() if watch.gate else None,
            }  # fmt: skip

    # how it is kept

    def _armed_t(self, t: float | None) -> float:
        if t is not None:
            return t
        now = [clock() for clock in self.now.values()]
        return max([self.store.end_s(), *(t for t in now if t > -1e8)])

    def _change(self, row: WatchRow, state: str, t: float) -> Line:
        """Store a watch that was added, edited, paused or armed, and put it into the engine."""
        rule = rule_from_json(row.rule)
        watch = _watch(row, rule, armed_t=t)
        self._engine.put(watch)
        memory = watch.dump()
        row = WatchRow(row.id, row.rule, row.version, row.state, row.made_s, memory)
        self.table.put(row)
        self._memories[row.id] = json.dumps(memory)
        body = {
            "watch": row.id, "state": state, "is": row.state, "version": row.version,
            "rule": describe(rule), "stored": row.rule,
        }  # fmt: skip
        line = self._note(t, "watch", body)
        self._edited()
        return line

    def _edited(self) -> None:
        """Let every other book of this store know that the watches changed."""
        edits = str(int(self.store.meta().get(EDITS, "0")) + 1)
        self.store.set_meta(EDITS, edits)
        self._save(is_changed=True)

    def _refresh(self) -> None:
        """Read everything from the store unless the engine stands where the store does."""
        mark = self._stored_mark()
        if self._mark == mark:
            return
        running = self._engine.times
        rows = self.table.all()
        world = World.from_json(self.table.world())
        cursor = self.table.cursor()
        if cursor is None:
            self._wake(world)
        world.stale -= set(running)
        wall0_s = float(self.store.meta().get("created_wall_s", wall_time()))
        self._engine = Engine(world, self.likeness, wall0_s=wall0_s)
        self._engine.times = running
        self._memories = {}
        for row in rows:
            try:
                watch = _watch(row, rule_from_json(row.rule), **_progress(row.memory))
            except ConfigError as error:  # written by another version, or by hand
                memory = json.dumps({**row.memory, "error": str(error)})
                self.table.remember(row.id, "failed", memory)
                continue
            self._engine.put(watch, row.memory)
        self._mark, self._cursor = mark, self.store.last_seq() if cursor is None else cursor

    def _wake(self, world: World) -> None:
        """Learn what is there: no watch has looked at this store so far."""
        world.urls = {source.id: source.url for source in self.store.sources()}
        for fact in self.table.open_facts():
            source = self.table.source_of(fact.id)
            world.here[fact.id] = Thing(
                uid=fact.id, fact=fact.id, source=source, kind=fact.kind, text=fact.text,
                confidence=fact.confidence, start_s=fact.start_s, end_s=fact.end_s,
                hidden=bool(fact.data.get("hidden")), data=dict(fact.data),
            )  # fmt: skip
        broken = {row.id for row in self.store.sources() if row.state in BROKEN_OFF}
        world.stale = broken & {thing.source for thing in world.here.values()}

    def _stored_mark(self) -> tuple[str, str]:
        meta = self.table.marks()
        return meta.get(CURSOR, ""), meta.get(EDITS, "")

    def _save(self, *, is_changed: bool) -> None:
        """Store how far each watch has come, what they know, and up to which line."""
        for watch in self._engine.watches.values():
            if not watch.touched:
                continue
            watch.touched = False
            memory = json.dumps(watch.dump())
            if self._memories.get(watch.id) != memory:
                self._memories[watch.id] = memory
                self.table.remember(watch.id, watch.state, memory)
        if not is_changed:
            return
        self.table.set_world(self._engine.world.as_json())
        self._cursor = self.store.last_seq()
        self.table.set_cursor(self._cursor)
        self._mark = self._stored_mark()


def _watch(row: WatchRow, rule: Rule, *, armed_t: float, **progress: Any) -> Watch:
    watch = Watch(row.id, rule, row.version, row.state, armed_t)  # type: ignore[arg-type]
    watch.number = int(row.memory.get("number", 0))
    for name, value in progress.items():
        setattr(watch, name, value)
    return watch


def _progress(memory: Mapping[str, Any]) -> dict[str, Any]:
    names = ("armed_t", "last_t", "number", "duplicate", "error")
    return {"armed_t": 0.0, **{name: memory[name] for name in names if name in memory}}


def _with_check(latency: Mapping[str, Any], check_s: float) -> dict[str, Any]:
    total_s = latency["total_s"]
    total_s = None if total_s is None else round(total_s + check_s, 3)
    return {**latency, "check_s": round(check_s, 3), "total_s": total_s}
