"""Runs all watches of a session over the lines of its log and the time of its streams.

A pure function of what it is fed: no clock, no store, no model but the embedder. The same
lines and times give the same firings, which is what explaining, trying out and restarting
rest on.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import Any, Literal, TypeAlias

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.combine import build
from omnilive.dialogue.watches.gate import ABSENT, NEVER, Edge, Gate, Setting, Times, merged
from omnilive.dialogue.watches.matching import Likeness
from omnilive.dialogue.watches.schedule import is_awake
from omnilive.dialogue.watches.state import BROKEN_OFF, EVERY_SOURCE, Change, Line, Thing, World

PATIENCE_S = 60.0  # a source this far behind the others of a watch holds it up no longer
MERGE_S = 0.5  # what becomes true again this soon is the same happening
State: TypeAlias = Literal["armed", "paused", "done", "failed"]
Trace: TypeAlias = Callable[[str, float, str, dict[str, Any]], None]
URGENCY = ("high", "normal", "low")


@dataclass(frozen=True, slots=True)
class Firing:
    """A watch's condition became true. Times are seconds on the session clock.

    `number` counts the firings of this watch; `duplicate` those swallowed since the last one.
    """

    watch: str
    version: int
    number: int
    rule: r.Rule
    t: float
    first_s: float
    end_s: float
    known_s: float
    confidence: float
    count: int
    duplicate: int
    things: tuple[Thing, ...]


@dataclass(slots=True)
class Watch:
    """One rule and how far it has come."""

    id: str
    rule: r.Rule
    version: int = 1
    state: State = "armed"
    armed_t: float = 0.0
    last_t: float = -1e9
    number: int = 0
    duplicate: int = 0
    error: str = ""
    gate: Gate | None = None
    due: float = NEVER
    touched: bool = False
    edges: list[Edge] = field(default_factory=list[Edge])

    def dump(self) -> dict[str, Any]:
        """Return what must survive a restart, as JSON values."""
        return {
            "armed_t": self.armed_t, "last_t": self.last_t, "number": self.number,
            "duplicate": self.duplicate, "error": self.error,
            "gate": self.gate.dump() if self.gate else None,
            "edges": [astuple(edge) for edge in self.edges],  # not judged yet
        }  # fmt: skip


class Engine:
    """All watches of one session. `step` is its one verb."""

    def __init__(
        self,
        world: World | None = None,
        likeness: Likeness | None = None,
        *,
        wall0_s: float = 0.0,
        trace: Trace | None = None,
    ) -> None:
        """`wall0_s` is the Unix time of session time 0; `trace` is told of all that matters."""
        self.world, self.likeness = world or World(), likeness or Likeness()
        self.watches: dict[str, Watch] = {}
        self.times: dict[int, Times] = {}
        self._wall0_s, self._trace = wall0_s, trace
        self._index: dict[tuple[str, str], dict[str, Watch]] = {}

    def put(self, watch: Watch, memory: Mapping[str, Any] | None = None) -> None:
        """Add a watch, or replace the one of the same id; `memory` is what `dump` gave."""
        self.remove(watch.id)
        self.watches[watch.id] = watch
        if watch.state != "armed":
            return
        setting = Setting(self.world, self.likeness, watch.rule.min_confidence)
        watch.gate = build(watch.rule.what, setting)
        if memory and memory.get("gate"):
            watch.gate.load(memory["gate"])
            edges = memory.get("edges", ())
            watch.edges = [Edge(t, up, pulse, tuple(u), *e) for t, up, pulse, u, *e in edges]
        else:
            self._begin(watch, watch.gate)
        watch.due = watch.gate.due()
        for key in watch.gate.keys():
            self._index.setdefault(key, {})[watch.id] = watch

    def remove(self, id: str) -> None:
        """Forget a watch."""
        self.watches.pop(id, None)
        for routed in self._index.values():
            routed.pop(id, None)

    def step(self, lines: Iterable[Line], times: Mapping[int, Times]) -> list[Firing]:
        """Take in new lines of the log, then let time pass to `times` (by source).

        A medium that a source lacks is at infinity. Returns the firings, most urgent first.
        """
        before = self._nows(self.times)
        for line in lines:
            if line["type"] == "source" and line.get("state") in BROKEN_OFF:
                self.times.pop(int(line["source"]), None)  # its time stands: nobody waits for it
                before = self._nows(self.times)
            for change in self.world.see(line):
                self._tell(change, before)
        for source, new in times.items():
            old = self.times.get(source, new)  # a medium that is over stays where it ended
            self.times[source] = Times(
                *(b if b < ABSENT else a for a, b in zip(old, new, strict=True))
            )
        return self._let_pass()

    def close(self, source: int, end_t: float) -> list[Firing]:
        """A source is over: let its time pass up to the end, then leave it out."""
        at_end = Times(end_t, end_t)
        known = self.times.get(source, at_end)
        self.times[source] = Times(*(end_t if t < ABSENT else t for t in known))
        fired = self._let_pass()
        before = self._nows(self.times)
        self.times.pop(source, None)
        for change in self.world.close(source):
            self._tell(change, before)
        return fired

    def _tell(self, change: Change, now: Callable[[Watch], Times]) -> None:
        """Hand a change to every watch that wants to see such a thing."""
        thing = change.thing
        label = thing.label if thing.kind == "object" else thing.text
        for key in dict.fromkeys([(thing.kind, label), (thing.kind, "")]):
            for watch in list(self._index.get(key, {}).values()):
                if thing.source == EVERY_SOURCE or self._is_where(watch, thing.source):
                    self._run(watch, "see", change, now(watch))

    def _let_pass(self) -> list[Firing]:
        now = self._nows(self.times)
        fired: list[Firing] = []
        for watch in list(self.watches.values()):
            if watch.gate is None or watch.state != "armed":
                continue
            if max((t for t in now(watch) if t < ABSENT), default=-1e9) >= watch.due:
                self._run(watch, "tick", now(watch))
            if watch.edges:
                edges, watch.edges, watch.touched = watch.edges, [], True
                try:
                    fired += self._conclude(watch, edges)
                except Exception as error:  # a time zone that is gone, say
                    self._fail(watch, error)
        return sorted(fired, key=lambda f: (URGENCY.index(f.rule.urgency), f.t))

    def _run(self, watch: Watch, verb: str, *what: Any) -> None:
        """Let a gate act; one that breaks takes its own watch out, and nothing else."""
        assert watch.gate is not None
        if watch.state != "armed":
            return  # done or failed: nobody would ever look at its edges
        try:
            edges: list[Edge] = getattr(watch.gate, verb)(*what)
            watch.due = watch.gate.due()
        except Exception as error:  # whatever it is, the others go on
            self._fail(watch, error)
            edges = []
        watch.touched = True
        watch.edges += [edge for edge in edges if edge.up]
        if self._trace is not None:
            for edge in edges:
                self._trace(watch.id, edge.t, "true" if edge.up else "false", {"edge": edge})

    def _fail(self, watch: Watch, error: Exception) -> None:
        watch.state, watch.error = "failed", f"{type(error).__name__}: {error}"
        watch.touched = True

    def _begin(self, watch: Watch, gate: Gate) -> None:
        """Arm; what is true already is told at once, unless it is that something is not there."""
        gate.begin(watch.armed_t)
        held = gate.holds()
        denies = any(isinstance(part, r.Not | r.Absent) for part, _ in r.parts_of(watch.rule.what))
        if held is not None and not denies and not isinstance(watch.rule.what, r.Lasts):
            watch.edges.append(replace(held, t=watch.armed_t))

    def _conclude(self, watch: Watch, edges: list[Edge]) -> list[Firing]:
        """Decide which edges become firings: schedule, merging, cool-down, once."""
        fired: list[Firing] = []
        for edge in _grouped(sorted(edges, key=lambda edge: edge.t)):
            why = self._why_silent(watch, edge)
            if self._trace is not None:
                self._trace(watch.id, edge.t, why or "fired", {"last_t": watch.last_t})
            if why in ("merged", "cooldown"):
                watch.duplicate += 1
            if why:
                continue
            fired.append(self._fire(watch, edge))
            if watch.rule.repeat == "once":
                watch.state = "done"
        return fired

    def _why_silent(self, watch: Watch, edge: Edge) -> str:
        if watch.state == "done":
            return "done"
        if not is_awake(watch.rule.when, self._wall0_s + edge.t):
            return "schedule"
        since_s = edge.t - watch.last_t
        if watch.number and abs(since_s) < watch.rule.cooldown_s:
            return "cooldown"
        return "merged" if watch.number and abs(since_s) < MERGE_S else ""

    def _fire(self, watch: Watch, edge: Edge) -> Firing:
        duplicate, watch.duplicate = watch.duplicate + max(0, len(edge.uids) - 1) * edge.pulse, 0
        watch.last_t = max(watch.last_t, edge.t)
        watch.number += 1
        things = tuple(replace(t) for uid in edge.uids[-8:] if (t := self.world.thing(uid)))
        known_s = [t for pair in self.times.values() for t in pair if t < ABSENT]
        return Firing(
            watch.id, watch.version, watch.number, watch.rule, edge.t, min(edge.first_s, edge.t),
            max([edge.t, *(t.end_s for t in things)]), max(known_s, default=edge.t),
            edge.confidence, edge.count, duplicate, things,
        )  # fmt: skip

    def _is_where(self, watch: Watch, source: int) -> bool:
        if not watch.rule.where:
            return True
        url = self.world.urls.get(source, "")
        names = {url, url.rsplit("/", 1)[-1], url.removeprefix("push:"), str(source)}
        return any(place in names for place in watch.rule.where)

    def _nows(self, times: Mapping[int, Times]) -> Callable[[Watch], Times]:
        """Return a function that says how far what a watch looks at is perceived."""
        known: dict[tuple[str, ...], Times] = {}

        def now(watch: Watch) -> Times:
            where = watch.rule.where
            if where not in known:
                mine = [t for source, t in times.items() if self._is_where(watch, source)]
                known[where] = Times(*(_slowest([t[i] for t in mine]) for i in (0, 1)))
            return known[where]

        return now


def _slowest(times: list[float]) -> float:
    """Return the time up to which all that there are have come; nothing is perceived without.

    One that is PATIENCE_S behind is not waited for: a camera that is offline may stay so.
    """
    there = [t for t in times if -ABSENT / 1e3 < t < ABSENT]
    if not there:
        return 1e12 if times else -1e9
    return min(t for t in there if t >= max(there) - PATIENCE_S)


def _grouped(edges: list[Edge]) -> list[Edge]:
    """Return the edges with those at the same time made one."""
    groups: list[list[Edge]] = []
    for edge in edges:
        if groups and edge.t - groups[-1][0].t < MERGE_S:
            groups[-1].append(edge)
        else:
            groups.append([edge])
    return [group[0] if len(group) == 1 else merged(group) for group in groups]
