"""What the watches know of the world: the things that are there now, and those just gone.

Fed with the log's `percept` lines, one at a time. Each thing keeps one identity: a track that
breaks off and begins anew at the same place, a text that flickers, and what is perceived a
second time after an interrupted file goes on are the same thing still.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias

from omnilive.perception.spans import alike

Line: TypeAlias = Mapping[str, Any]
What: TypeAlias = Literal["began", "changed", "hid", "back", "ended", "said", "gap"]

FOLLOWS_S = {"object": 3.0, "text": 3.0, "sound": 2.5, "scene": 5.0}
INSIDE = 0.85  # share of a box inside another of its label from which it is found twice
NEAR = 0.25  # distance of box centres, as a share of the picture, up to which a place is the same
SAME_TIME_S = 0.6  # a thing perceived again after a break begins this near to when it began
PAST = 200  # things gone that are remembered
STORED = 30  # of them, those that survive a restart
GAP_S = 1.0  # a shorter hole in the stream changes nothing
AUDIO = ("speech", "sound")
EVERY_SOURCE = 0  # of a gap that names no source
BROKEN_OFF = ("interrupted", "failed")  # states of a source that may go on later, or never


@dataclass(slots=True)
class Thing:
    """One thing perceived. `uid` is its identity, `fact` the memory's row that tells of it last."""

    uid: int
    fact: int
    source: int
    kind: str
    text: str
    confidence: float
    start_s: float
    end_s: float
    open: bool = True
    hidden: bool = False
    cut: bool = False  # a scene that began with a cut
    lost: bool = False  # it did not end: the stream broke off
    follows: int | None = None  # the thing that this one carries on
    double: int | None = None  # the thing in view that was found a second time as this one
    data: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def label(self) -> str:
        """The detector's label, the tag or the name of a sound."""
        return str(self.data.get("label") or self.data.get("tag") or "")

    @property
    def colour(self) -> str:
        """The colour named most often so far; "" for none."""
        return str(self.data.get("colour") or "")


_NAMES = tuple(one.name for one in fields(Thing))


@dataclass(frozen=True, slots=True)
class Change:
    """What one line changed. `t` is when it happened, on the session clock."""

    what: What
    thing: Thing
    t: float
    final: bool = True


@dataclass(slots=True)
class World:
    """Everything that is there now, by identity."""

    here: dict[int, Thing] = field(default_factory=dict[int, Thing])
    past: list[Thing] = field(default_factory=list[Thing])
    alias: dict[int, int] = field(default_factory=dict[int, int])  # fact -> uid, where they differ
    urls: dict[int, str] = field(default_factory=dict[int, str])
    resumed: dict[int, float] = field(default_factory=dict[int, float])  # source -> broke off at
    gaps: dict[int, float] = field(default_factory=dict[int, float])  # source -> latest gap began
    stale: set[int] = field(default_factory=set[int])  # sources that a crash may have left open

    def see(self, line: Line) -> list[Change]:
        """Take in one line of the log (or a partial transcript, whose seq is None)."""
        if line["type"] == "percept":
            return self._percept(line)
        if line["type"] == "source":
            return self._source(line)
        if line["type"] == "gap":
            return self._gap(line)
        return []

    def thing(self, uid: int) -> Thing | None:
        """Return a thing that is here or is remembered."""
        found = self.here.get(uid)
        return found or next((t for t in reversed(self.past) if t.uid == uid), None)

    def as_json(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        return {
            "here": [_slim(t) for t in self.here.values()],
            "past": [_slim(t) for t in self.past[-STORED:]],
            "alias": list(self.alias.items())[-2 * PAST :],
            "urls": list(self.urls.items()),
            "resumed": list(self.resumed.items()),
            "gaps": list(self.gaps.items()),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "World":
        """Return what `as_json` gave; no source is taken to be running."""
        return cls(
            stale={t["source"] for t in data.get("here", ())},
            gaps=dict(data.get("gaps", ())),
            here={t["uid"]: Thing(**t) for t in data.get("here", ())},
            past=[Thing(**t) for t in data.get("past", ())],
            alias=dict(data.get("alias", ())),
            urls=dict(data.get("urls", ())),
            resumed=dict(data.get("resumed", ())),
        )

    def _percept(self, line: Line) -> list[Change]:
        if (line.get("data") or {}).get("by") == "assistant":
            return []  # its own voice, heard through the microphone
        if line["kind"] == "caption" and not line["final"]:
            return []  # what the live model is about to say
        fact = int(line["id"])
        uid = self.alias.get(fact, fact)
        thing = self.here.get(uid)
        if thing is None:
            if line["kind"] != "speech" and line["final"] and self._was_known(uid):
                return []
            thing, is_new = self._begin(fact, line)
            if not is_new and thing.kind == "speech":
                return self._update(thing, line)
            if not is_new:
                return [Change("back", thing, thing.end_s)]
            return self._came(thing, line)
        return self._update(thing, line)

    def _was_known(self, uid: int) -> bool:
        return any(thing.uid == uid for thing in self.past[-50:])

    def _begin(self, fact: int, line: Line) -> tuple[Thing, bool]:
        """Return the thing that a new fact tells of, and whether it is a new one."""
        made = Thing(
            uid=fact, fact=fact, source=int(line.get("source", 1)), kind=line["kind"],
            text=line["text"], confidence=line["confidence"], start_s=line["start_s"],
            end_s=line["end_s"], data=_kept(line.get("data") or {}),
        )  # fmt: skip
        made.cut = bool(made.data.get("cut"))
        known = self._seen_before_break(made)
        if known is not None:
            self.alias[fact] = known.uid
            known.fact, known.open, known.hidden = fact, True, False
            self.here[known.uid] = known
            self.past = [thing for thing in self.past if thing.uid != known.uid]
            return known, False
        if made.kind == "speech":  # a partial that came to nothing has no last line
            for old in [t for t in self.here.values() if t.kind == "speech"]:
                if old.source == made.source:
                    del self.here[old.uid]
        made.follows = made.double = self._found_twice(made)
        made.follows = made.follows or self._carried_on(made)
        self.here[made.uid] = made
        return made, True

    def _came(self, thing: Thing, line: Line) -> list[Change]:
        if thing.kind == "speech":
            if line["final"]:
                self._leave(thing)
            return [Change("said", thing, thing.end_s, line["final"])]
        changes = [Change("began", thing, thing.start_s)]
        if line["final"]:  # it came and went within one step
            changes += self._update(thing, line)
        return changes

    def _update(self, thing: Thing, line: Line) -> list[Change]:
        data = _kept(line.get("data") or {})
        looks = (thing.text, thing.label, thing.colour, thing.data.get("position"))
        thing.text, thing.confidence = line["text"], max(thing.confidence, line["confidence"])
        thing.end_s, thing.data, thing.fact = max(thing.end_s, line["end_s"]), data, int(line["id"])
        if thing.kind == "speech":
            thing.confidence = line["confidence"]
            if line["final"]:
                self._leave(thing)
            return [Change("said", thing, thing.end_s, line["final"])]
        changes: list[Change] = []
        if looks != (thing.text, thing.label, thing.colour, thing.data.get("position")):
            changes.append(Change("changed", thing, line["end_s"]))
        if line["final"]:
            self._leave(thing)
            return [*changes, Change("ended", thing, line["end_s"])]
        hidden = bool(data.get("hidden"))
        if hidden != thing.hidden:
            thing.hidden = hidden
            changes.append(Change("hid" if hidden else "back", thing, line["end_s"]))
        return changes

    def _leave(self, thing: Thing) -> None:
        gap_t = max(self.gaps.get(thing.source, -1e9), self.gaps.get(EVERY_SOURCE, -1e9))
        thing.lost = thing.lost or abs(thing.end_s - gap_t) < GAP_S
        thing.open = False
        self.here.pop(thing.uid, None)
        self.past.append(thing)
        if len(self.past) > 2 * PAST:
            gone = {t.uid for t in self.past[:-PAST]}
            self.past = self.past[-PAST:]
            self.alias = {fact: uid for fact, uid in self.alias.items() if uid not in gone}

    def _source(self, line: Line) -> list[Change]:
        source = int(line["source"])
        if line.get("url"):
            self.urls[source] = str(line["url"])
        if line.get("state") == "resumed":
            return self._resume(source)
        if line.get("state") == "began":
            return [change for stale in sorted(self.stale) for change in self.close(stale)]
        if line.get("state") in BROKEN_OFF:
            self.stale.add(source)
        return self.close(source) if line.get("state") == "ended" else []

    def _resume(self, source: int) -> list[Change]:
        """Go on where an interrupted file stopped: objects are followed on, the rest begins anew.

        What was open is out of sight until it is perceived again.
        """
        mine = [t for t in self.here.values() if t.source == source]
        known = [t.end_s for t in [*mine, *self.past] if t.source == source]
        self.resumed[source] = max(known, default=0.0)
        self.stale.discard(source)
        unseen = [t for t in mine if t.kind not in ("object", "speech") and not t.hidden]
        for thing in unseen:
            thing.hidden = True
        return [Change("hid", thing, thing.end_s) for thing in unseen]

    def _gap(self, line: Line) -> list[Change]:
        start_s, end_s = float(line["start_s"]), float(line["end_s"])
        if end_s - start_s < GAP_S:
            return []
        source = int(line.get("source", EVERY_SOURCE))
        self.gaps[source] = start_s
        hole = Thing(0, 0, source, "gap", "", 1.0, start_s, end_s)
        return [Change("gap", hole, end_s)]

    def close(self, source: int) -> list[Change]:
        """End all that a source left open: it is over."""
        self.stale.discard(source)
        left = [thing for thing in self.here.values() if thing.source == source]
        for thing in left:
            thing.lost = True
            self._leave(thing)
        return [Change("ended", t, t.end_s) for t in left if t.kind != "speech"]

    def _seen_before_break(self, made: Thing) -> Thing | None:
        """Return the thing that an interrupted file showed already before it went on."""
        until_s = self.resumed.get(made.source)
        if until_s is None or made.start_s > until_s + SAME_TIME_S:
            return None
        for thing in [*self.here.values(), *reversed(self.past)]:
            is_open = thing.open and thing.start_s <= made.start_s
            same_time = abs(thing.start_s - made.start_s) <= SAME_TIME_S
            if thing.source != made.source or thing.kind != made.kind:
                continue
            if made.kind == "speech":  # half of it may have been heard before the break
                is_same = same_time
            else:
                is_same = (is_open or same_time) and _same_sort(thing, made)
            if is_same:
                return thing
        return None

    def _found_twice(self, made: Thing) -> int | None:
        """Return the object in view of which this is a part: detectors see some things twice."""
        box = made.data.get("box")
        if made.kind != "object" or not box:
            return None
        for thing in self.here.values():
            whole = thing.data.get("box")
            if thing.source != made.source or thing.label != made.label or not whole:
                continue
            if _inside(box, whole) >= INSIDE or _inside(whole, box) >= INSIDE:
                return thing.uid
        return None

    def is_double(self, thing: Thing) -> bool:
        """Tell whether a thing is part of one that is still in view."""
        return thing.double is not None and thing.double in self.here

    def _carried_on(self, made: Thing) -> int | None:
        """Return the thing just gone that this one carries on: same sort, place and time."""
        patience_s = FOLLOWS_S.get(made.kind, 0.0)
        candidates = [*self.past[-50:], *(t for t in self.here.values() if t.hidden)]
        for thing in reversed(candidates):
            gap_s = made.start_s - thing.end_s
            if thing.uid == made.uid or thing.source != made.source or gap_s > patience_s:
                continue
            if gap_s < -0.5 or not _same_sort(thing, made):
                continue
            if made.kind == "object" and not self._is_near(thing, made):
                continue
            return thing.uid
        return None

    def _is_near(self, gone: Thing, made: Thing) -> bool:
        """Tell whether an object came where another was; at a scene cut, it is another one."""
        cuts = [t.start_s for t in [*self.here.values(), *self.past[-50:]] if t.cut]
        if any(gone.end_s - 0.05 <= cut_t <= made.start_s + 0.05 for cut_t in cuts):
            return False
        a, b = gone.data.get("box"), made.data.get("box")
        if not a or not b:
            return True
        dx, dy = (a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2
        return (dx * dx + dy * dy) ** 0.5 <= NEAR


def _inside(a: list[float], b: list[float]) -> float:
    """Return the share of box `a` that lies in box `b`."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    area = (a[2] - a[0]) * (a[3] - a[1])
    return width * height / area if width > 0 and height > 0 and area > 0 else 0.0


def _same_sort(a: Thing, b: Thing) -> bool:
    if a.kind != b.kind:
        return False
    if a.kind == "object":
        return a.label == b.label
    if a.kind == "scene":
        return a.label == b.label and (bool(a.label) or a.text == b.text)
    return a.text == b.text or alike(a.text, b.text) >= 0.8


def _slim(thing: Thing) -> dict[str, Any]:
    """Return a thing as it is stored: word times are needed only once."""
    data = {name: value for name, value in thing.data.items() if name != "words"}
    return {name: getattr(thing, name) for name in _NAMES} | {"data": data}


def _kept(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a percept's data that watches look at."""
    names = (
        "label", "colour", "position", "box", "hidden", "tag", "names", "palette", "cut", "words",
        "to", "language", "instruction",
    )  # fmt: skip
    return {name: data[name] for name in names if name in data}
