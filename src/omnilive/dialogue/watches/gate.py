"""The cheap gate: a small state machine for each simple condition of a rule.

`see` takes what changed in the world, `tick` how far the stream is perceived; both return
edges: a level that rose or fell, or a pulse. Every time is stream time, so that replaying the
same log gives the same edges. The state of a gate is JSON and is stored after each step.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.matching import Likeness, Match, match
from omnilive.dialogue.watches.state import AUDIO, Change, Thing, World

NEVER = math.inf
ABSENT = 1e11  # a medium that is not there, or is over, is perceived up to beyond this
LINGER_S = {"object": 2.0, "text": 1.0, "sound": 1.0, "scene": 1.0}
LEFT_S = 0.5  # what has left may come back this soon, and has not left then
KEPT = 100  # identities a gate remembers


class Times(NamedTuple):
    """Up to when each medium is perceived, on the session clock; infinite for an absent one."""

    video: float
    audio: float

    def of(self, medium: str) -> float:
        """Return the time of "video" or "audio", or for "both" that of the slower one.

        A medium that is not there is never perceived: nothing can be absent from it.
        """
        if medium == "both":
            return min((t for t in self if t < ABSENT), default=-ABSENT)
        t = self.video if medium == "video" else self.audio
        return t if t < ABSENT else -ABSENT


@dataclass(frozen=True, slots=True)
class Edge:
    """A condition became true (`up`), or stopped; a pulse is true at one moment only.

    `t` is when, `first_s` when the first evidence of it was to be seen or heard.
    """

    t: float
    up: bool
    pulse: bool
    uids: tuple[int, ...] = ()
    first_s: float = 0.0
    confidence: float = 1.0
    count: int = 0


@dataclass(slots=True)
class Setting:
    """What all gates of a watch share."""

    world: World
    likeness: Likeness
    min_confidence: float = 0.0


class Gate:
    """One condition. Subclasses keep their state in the attributes that `STATE` names."""

    STATE: ClassVar[tuple[str, ...]] = ()
    inner: tuple["Gate", ...] = ()
    medium = "both"

    def __init__(self, condition: Any, setting: Setting) -> None:
        self.condition, self.setting = condition, setting
        self.armed_t = 0.0

    def keys(self) -> set[tuple[str, str]]:
        """Return the (kind, label) of what the gate wants to see; label "" for any."""
        return {key for gate in self.inner for key in gate.keys()}

    def begin(self, t: float) -> None:
        """Arm at stream time `t`: what is there already is known, and is no news."""
        self.armed_t = t
        for gate in self.inner:
            gate.begin(t)

    def see(self, change: Change, now: Times) -> list[Edge]:
        """Take in one change."""
        raise NotImplementedError

    def tick(self, now: Times) -> list[Edge]:
        """Let time pass."""
        raise NotImplementedError

    def due(self) -> float:
        """Return the stream time at which `tick` has something to do."""
        return min((gate.due() for gate in self.inner), default=NEVER)

    def holds(self) -> Edge | None:
        """Return the edge with which the level rose that is true now."""
        return None

    def doubtful_s(self) -> float:
        """Return since when a level may be over, which is decided soon; NEVER: it is not."""
        return NEVER

    def value(self) -> dict[str, Any]:
        """Return what the gate knows, for people."""
        return {"kind": self.condition.kind, "true": self.holds() is not None}

    def dump(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        own = {name: getattr(self, name) for name in ("armed_t", *self.STATE)}
        return {**own, "inner": [gate.dump() for gate in self.inner]} if self.inner else own

    def load(self, state: Mapping[str, Any]) -> None:
        """Take back what `dump` gave."""
        for name in ("armed_t", *self.STATE):
            setattr(self, name, state[name])
        for gate, inner in zip(self.inner, state.get("inner", ()), strict=True):
            gate.load(inner)


class Leaf(Gate):
    """A condition on single things: object, text, sound, scene or speech."""

    def __init__(self, condition: Any, setting: Setting) -> None:
        super().__init__(condition, setting)
        self.medium = "audio" if condition.kind in AUDIO else "video"
        self.near: dict[str, Any] = {}  # the latest thing that did not match, and why

    def keys(self) -> set[tuple[str, str]]:
        """Objects by label and sounds by name; of the other kinds, all."""
        kind = self.condition.kind
        names = {"object": "labels", "sound": "names"}.get(kind)
        return {(kind, n) for n in getattr(self.condition, names)} if names else {(kind, "")}

    def matches(self, thing: Thing, *, final: bool = True) -> Match | None:
        """Return the match, or None; notes a near miss."""
        if thing.kind != self.condition.kind or self.setting.world.is_double(thing):
            return None
        found = match(self.condition, thing, self.setting.likeness, final=final)
        if found.score <= 0:
            self.near = {"text": thing.text, "start_s": thing.start_s, "why": "does not match"}
            return None
        if thing.confidence < self.setting.min_confidence:
            why = f"only {thing.confidence:.2f} sure"
            self.near = {"text": thing.text, "start_s": thing.start_s, "why": why}
            return None
        return found

    def remembered(self, known: list[int], uid: int) -> list[int]:
        """Return the identities with one more: all that are here, and KEPT of those gone."""
        here = self.setting.world.here
        gone = set([old for old in known if old not in here][:-KEPT])
        return [*(old for old in known if old not in gone), uid]

    def edge(self, thing: Thing, found: Match, t: float, *, pulse: bool) -> Edge:
        """Return the edge with which this thing makes the condition true."""
        sure = thing.confidence * min(1.0, found.score)
        return Edge(t, True, pulse, (thing.uid,), found.start_s, sure)


class Level(Leaf):
    """True while something matches is there. Brief losses (LINGER_S) do not end it."""

    STATE = ("here", "gone", "up_t")

    def __init__(self, condition: Any, setting: Setting) -> None:
        super().__init__(condition, setting)
        self.here: dict[str, float] = {}  # uid -> since
        self.gone: dict[str, float] = {}  # uid of `here` -> out of sight since
        self.up_t: float | None = None
        self._linger_s = LINGER_S.get(condition.kind, 1.0)

    def begin(self, t: float) -> None:
        """What is there counts from when it came."""
        self.armed_t, self.here, self.gone, self.up_t = t, {}, {}, None
        for thing in self.setting.world.here.values():
            if self.matches(thing):
                self.here[str(thing.uid)] = thing.start_s
                if thing.hidden:
                    self.gone[str(thing.uid)] = thing.end_s
        if self.here:
            self.up_t = min(self.here.values())

    def see(self, change: Change, now: Times) -> list[Edge]:
        """Note who is here and who went; return the rise, or the fall that is certain by now."""
        thing, uid = change.thing, str(change.thing.uid)
        if thing.kind != self.condition.kind:
            return []
        if change.what in ("hid", "ended"):
            if uid in self.here:
                self.gone.setdefault(uid, change.t)
            return self.tick(now)
        found = self.matches(thing)
        if found is None:
            if uid in self.here:
                self.gone.setdefault(uid, change.t)
            return []
        if change.what != "changed" or not thing.hidden:
            self.gone.pop(uid, None)
        self._replace(thing)
        since_s = self.here.setdefault(uid, max(thing.start_s, self.armed_t))
        if self.up_t is not None:
            return []
        self.up_t = since_s
        return [self.edge(thing, found, since_s, pulse=False)]

    def _replace(self, thing: Thing) -> None:
        """Let a thing take the place of the one that it carries on."""
        before = str(thing.follows)
        if before in self.here:
            self.gone.pop(before, None)
            self.here[str(thing.uid)] = self.here.pop(before)

    def tick(self, now: Times) -> list[Edge]:
        """Forget those that have been gone for long enough."""
        if not self.gone:
            return []
        over = [u for u, t in self.gone.items() if now.of(self.medium) >= t + self._linger_s]
        last_t = max((self.gone[uid] for uid in over), default=0.0)
        for uid in over:
            del self.gone[uid], self.here[uid]
        if self.here or self.up_t is None or not over:
            return []
        self.up_t = None
        return [Edge(last_t, False, False)]

    def due(self) -> float:
        """Return when the first of those out of sight is given up."""
        return min(self.gone.values(), default=NEVER) + self._linger_s

    def holds(self) -> Edge | None:
        """Return the rise, with all that are here as evidence."""
        if self.up_t is None:
            return None
        world = self.setting.world
        things = [t for uid in self.here if (t := world.thing(int(uid)))]
        sure = max((thing.confidence for thing in things), default=1.0)
        uids = tuple(int(uid) for uid in self.here)
        return Edge(self.up_t, True, False, uids, self.up_t, sure, len(self.here))

    def doubtful_s(self) -> float:
        """Return since when nothing of it is in sight."""
        return max(self.gone.values()) if len(self.gone) == len(self.here) > 0 else NEVER

    def value(self) -> dict[str, Any]:
        """Return how many are here, and the latest near miss."""
        return {**super().value(), "count": len(self.here), "near": self.near}


class Appears(Leaf):
    """A pulse for each new thing that matches, at latest when it is known to match."""

    STATE = ("known",)

    def __init__(self, condition: Any, setting: Setting) -> None:
        super().__init__(condition, setting)
        self.known: list[int] = []

    def begin(self, t: float) -> None:
        """What is there already has not appeared."""
        self.armed_t = t
        self.known = [thing.uid for thing in self.setting.world.here.values()]

    def see(self, change: Change, now: Times) -> list[Edge]:
        """A new thing, or one that turned out to match after all (its colour, say)."""
        thing = change.thing
        if change.what not in ("began", "changed", "back") or thing.uid in self.known:
            return []
        found = self.matches(thing)
        if found is None:
            return []
        carries_on = thing.follows in self.known
        self.known = self.remembered(self.known, thing.uid)
        if carries_on or thing.start_s < self.armed_t - 0.05:
            return []
        return [self.edge(thing, found, max(thing.start_s, self.armed_t), pulse=True)]

    def tick(self, now: Times) -> list[Edge]:
        """Nothing happens by waiting."""
        return []

    def value(self) -> dict[str, Any]:
        """Return the latest near miss."""
        return {**super().value(), "near": self.near}


class Leaves(Leaf):
    """A pulse when a thing has left, and nothing came in its place within LEFT_S."""

    STATE = ("known", "gone")

    def __init__(self, condition: Any, setting: Setting) -> None:
        super().__init__(condition, setting)
        self.known: list[int] = []  # those that match and are here
        self.gone: dict[str, float] = {}

    def begin(self, t: float) -> None:
        """What is here may leave."""
        self.armed_t, self.gone = t, {}
        here = self.setting.world.here.values()
        self.known = [thing.uid for thing in here if self.matches(thing)]

    def see(self, change: Change, now: Times) -> list[Edge]:
        """Note who is here and who went."""
        thing, uid = change.thing, str(change.thing.uid)
        if thing.kind != self.condition.kind:
            return []
        if change.what == "ended":
            if thing.uid in self.known and not thing.lost:
                self.gone[uid] = change.t
            return self.tick(now)
        if change.what in ("began", "changed", "back") and self.matches(thing):
            self.gone.pop(uid, None)
            self.gone.pop(str(thing.follows), None)
            if thing.uid not in self.known:
                self.known = self.remembered(self.known, thing.uid)
        return []

    def tick(self, now: Times) -> list[Edge]:
        """Tell those that stayed away."""
        over = {u: t for u, t in self.gone.items() if now.of(self.medium) >= t + LEFT_S}
        edges = []
        for uid, t in over.items():
            del self.gone[uid]
            self.known.remove(int(uid))
            thing = self.setting.world.thing(int(uid))
            sure = thing.confidence if thing else 1.0
            edges.append(Edge(t, True, True, (int(uid),), t, sure))
        return edges

    def due(self) -> float:
        """Return when the first that left has been away for long enough."""
        return min(self.gone.values(), default=NEVER) + LEFT_S


class Says(Leaf):
    """A pulse once for each utterance that matches, from a partial transcript on."""

    STATE = ("known",)

    def __init__(self, condition: Any, setting: Setting) -> None:
        super().__init__(condition, setting)
        self.known: list[int] = []

    def see(self, change: Change, now: Times) -> list[Edge]:
        """Match what was said so far; an utterance to the assistant is not overheard."""
        thing = change.thing
        if thing.kind != "speech" or thing.uid in self.known or thing.data.get("to"):
            return []
        found = self.matches(thing, final=change.final)
        if found is None or thing.end_s < self.armed_t:
            return []
        self.known = [*self.known[-KEPT:], thing.uid]
        return [self.edge(thing, found, max(found.start_s, thing.start_s), pulse=True)]

    def tick(self, now: Times) -> list[Edge]:
        """Nothing happens by waiting."""
        return []

    def value(self) -> dict[str, Any]:
        """Return the latest thing said that did not match."""
        return {**super().value(), "near": self.near}


def leaf(condition: Any, setting: Setting, *, level: bool = False) -> Leaf:
    """Return the gate of a simple condition; `level` wants a level whatever its event."""
    if isinstance(condition, r.Speech):
        return Says(condition, setting)
    if isinstance(condition, r.Caption) or (isinstance(condition, r.Scene) and condition.change):
        return Appears(condition, setting)
    if level or condition.event == "present":
        return Level(condition, setting)
    return (Appears if condition.event == "appears" else Leaves)(condition, setting)


def merged(edges: Iterable[Edge]) -> Edge:
    """Return one edge for several at about the same time."""
    several = sorted(edges, key=lambda edge: edge.t)
    uids = tuple(dict.fromkeys(uid for edge in several for uid in edge.uids))
    return Edge(
        several[0].t, True, several[0].pulse, uids, min(e.first_s for e in several),
        max(e.confidence for e in several), max(len(several), *(e.count for e in several)),
    )  # fmt: skip
