"""Speaks of its own accord: a running commentary, or the steps of a procedure, one by one.

From percepts alone, with no model of its own. It keeps to a pace that a person can bear, says
nothing twice, speaks of what is still to be seen, and is silent when nothing new happens.
A pure function of log lines and stream time, like the engine of the watches.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.combine import build
from omnilive.dialogue.watches.gate import ABSENT, Gate, Setting, Times
from omnilive.dialogue.watches.matching import Likeness
from omnilive.dialogue.watches.state import Change, Line, Thing, World
from omnilive.reasoning.lexicon import plural, spell

GAP_S = 4.5  # silence between two remarks
SETTLE_S = 0.6  # what comes within it is told together; what goes within it is not told
BARE_S = 2.5  # a new picture in which nothing is found for so long is just a new picture
STALE_S = 7.0  # what could not be told by then is not told any more
AGAIN_S = 900.0  # a sentence is not said again for this long
SAID = 200  # sentences that are remembered
DONE = r.Speech(any_of=("done", "finished", "next step", "completed"))
ORDINALS = ("", "", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
Mode = Literal["commentary", "steps"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a procedure; `done` is the condition that shows it is done."""

    text: str
    done: Any = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Something said at session time `t`, about these things."""

    t: float
    text: str
    things: tuple[Thing, ...] = ()


_Sort = Literal["came", "left", "text", "sound", "cut"]
_SORTS: dict[str, _Sort] = {"object": "came", "text": "text", "sound": "sound"}


@dataclass(slots=True)
class _Note:
    t: float
    sort: _Sort
    uid: int


@dataclass(slots=True)
class Commentary:
    """Tells what comes, goes, is written and begins to sound."""

    world: World = field(default_factory=World)
    gap_s: float = GAP_S
    last_t: float = -1e9
    notes: list[_Note] = field(default_factory=list[_Note])
    said: dict[str, float] = field(default_factory=dict[str, float])
    seen: dict[str, int] = field(default_factory=dict[str, int])  # label -> how often told
    told: list[int] = field(default_factory=list[int])
    cut_t: float = -1e9
    by_model: bool = False  # a live model narrates: its words are told, and no others

    def step(self, lines: Iterable[Line], now: Times) -> list[Remark]:
        """Take in lines; return a remark, if there is something to say and it is time."""
        model_said: list[Remark] = []
        for line in lines:
            for change in self.world.see(line):
                if _is_narrated(change):
                    self.by_model = True
                    model_said.append(Remark(change.t, change.thing.text, (change.thing,)))
                else:
                    self._notice(change)
        if self.by_model:
            self.notes = []
            return model_said
        t = max((x for x in now if x < ABSENT), default=-ABSENT)
        self.notes = [note for note in self.notes if t - note.t <= STALE_S]
        if t - self.last_t < self.gap_s:
            return []
        ready = [note for note in self.notes if t - note.t >= SETTLE_S and self._is_true(note)]
        for sort in ("cut", "text", "came", "sound", "left", "bare"):
            mine = [note for note in ready if note.sort == ("cut" if sort == "bare" else sort)]
            if sort == "bare":  # a cut to nothing that can be named
                mine = [note for note in mine if t - note.t >= BARE_S]
            if mine and (remark := self._say(sort, mine, ready, t)):
                return [remark]
        return []

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON values."""
        return {
            "world": self.world.as_json(), "gap_s": self.gap_s, "last_t": self.last_t,
            "said": self.said, "seen": self.seen, "told": self.told[-SAID:], "cut_t": self.cut_t,
            "by_model": self.by_model,
            "notes": [[note.t, note.sort, note.uid] for note in self.notes],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Commentary":
        """Return what `as_json` gave."""
        names = ("gap_s", "last_t", "said", "seen", "told", "cut_t", "by_model")
        notes = [_Note(*note) for note in data.get("notes", ())]
        known = {name: data[name] for name in names if name in data}
        return cls(World.from_json(data.get("world", {})), notes=notes, **known)

    def _notice(self, change: Change) -> None:
        thing = change.thing
        if thing.kind == "speech" or self.world.is_double(thing):
            return
        if change.what == "began":
            if thing.kind == "scene":
                if thing.cut:
                    self.cut_t = thing.start_s
                    self.notes.append(_Note(thing.start_s, "cut", thing.uid))
                return
            if thing.follows is not None:
                self.told += [thing.uid] if thing.follows in self.told else []
                return
            if thing.kind == "sound" and thing.text == "speech":
                return  # whoever is told of it hears it
            if (sort := _SORTS.get(thing.kind)) is not None:
                self.notes.append(_Note(change.t, sort, thing.uid))
        elif change.what == "ended" and thing.kind == "object" and thing.uid in self.told:
            if not thing.lost:
                self.notes.append(_Note(change.t, "left", thing.uid))

    def _is_true(self, note: _Note) -> bool:
        """Tell whether it may still be said: what came is here, what left has not come back."""
        here = self.world.here.get(note.uid)
        if note.sort == "left":
            gone = self.world.thing(note.uid)
            labels = {t.label for t in self.world.here.values() if t.kind == "object"}
            is_cut = gone is not None and abs(gone.end_s - self.cut_t) <= 0.2
            return gone is not None and not is_cut and gone.label not in labels
        if note.sort == "cut":
            return note.t >= self.cut_t - 0.01
        return here is not None and not here.hidden

    def _say(self, sort: str, mine: list[_Note], ready: list[_Note], t: float) -> Remark | None:
        if sort == "cut":
            came = [note for note in ready if note.sort == "came"]
            if not came:
                return None
            used = [*mine, *came]
        else:
            used = mine[:1] if sort == "text" else mine
        things = [thing for note in used if (thing := self.world.thing(note.uid))]
        objects = [thing for thing in things if thing.kind == "object"]
        if sort != "cut" and sort != "bare":  # what is told of a new picture tells that it is new
            start_s = min((thing.start_s for thing in things), default=-1.0)
            used += [n for n in self.notes if n.sort == "cut" and n.t <= start_s + SETTLE_S]
        for text in self._wordings(sort, objects if sort in ("cut", "came") else things):
            if t - self.said.get(text, -1e9) >= AGAIN_S:
                break
        else:
            self.notes = [note for note in self.notes if note not in used]
            return None
        self.notes = [note for note in self.notes if note not in used]
        self.last_t, self.said[text] = t, t
        self.said = dict(list(self.said.items())[-SAID:])
        self.told = [*self.told[-SAID:], *(thing.uid for thing in things)]
        for label in {thing.label for thing in objects if sort != "left"}:
            self.seen[label] = self.seen.get(label, 0) + 1
        return Remark(t, text, tuple(things))

    def _wordings(self, sort: str, things: Sequence[Thing]) -> list[str]:
        """Return ways to say it, best first."""
        if sort == "text":
            return [f"It says: “{things[0].text}”.", f"Again it says: “{things[0].text}”."]
        if sort == "sound":
            names = _listed(sorted({thing.text for thing in things}))
            return [f"I hear {names}.", f"There is {names} again."]
        if sort == "left":
            names = _listed([f"the {label}" for label in dict.fromkeys(t.label for t in things)])
            verb = "has" if len({t.label for t in things}) == 1 else "have"
            return [f"{_first(names)} {verb} left.", f"{_first(names)} {verb} gone again."]
        if sort == "bare":
            return ["The picture changes.", "A new scene.", "Another picture."]
        what = _listed(_grouped(things))
        if sort == "cut":
            return [f"Now I see {what}.", f"The scene changes to {what}."]
        one = len(things) == 1
        side = {"left": " on the left", "right": " on the right"}.get(
            str(things[0].data.get("position")) if one else "", ""
        )
        verb = "comes" if one else "come"
        wordings = [f"{_first(what)} {verb} into view{side}.", f"There {'is' if one else 'are'} "
                    f"{what} again{side}."]  # fmt: skip
        often = self.seen.get(things[0].label, 0) + 1
        if one and 2 <= often < len(ORDINALS):
            again = _first(_many(1, things[0].label))
            wordings.insert(1, f"{again}, for the {ORDINALS[often]} time.")
        return wordings


@dataclass(slots=True)
class Procedure:
    """Tells the next step when one is done."""

    steps: tuple[Step, ...]
    likeness: Likeness = field(default_factory=Likeness)
    world: World = field(default_factory=World)
    at: int = -1
    last_t: float = -1e9
    _gate: Gate | None = None

    def step(self, lines: Iterable[Line], now: Times) -> list[Remark]:
        """Take in lines; return what to say: the first step at once, then each next one."""
        t = max((x for x in now if x < ABSENT), default=-ABSENT)
        if self.at < 0 and t > -ABSENT:
            self._begin(0, t)
            return [Remark(t, f"First: {_plain(self.steps[0].text)}.")]
        edges = []
        for line in lines:
            for change in self.world.see(line):
                if self._gate is not None:
                    edges += self._gate.see(change, now)
        if self._gate is not None:
            edges += self._gate.tick(now)
        done = next((edge for edge in edges if edge.up), None)
        if done is None or self.at >= len(self.steps):
            return []
        things = tuple(thing for uid in done.uids if (thing := self.world.thing(uid)))
        self._begin(self.at + 1, max(done.t, self.last_t))
        if self.at >= len(self.steps):
            return [Remark(t, "That was the last step: all done.", things)]
        return [
            Remark(t, f"Step {self.at} is done. Next: {_plain(self.steps[self.at].text)}.", things)
        ]

    def _begin(self, at: int, t: float) -> None:
        self.at, self.last_t, self._gate = at, t, None
        if at < len(self.steps):
            done = self.steps[at].done
            what = r.Any_(of=(done, DONE)) if done is not None else DONE
            self._gate = build(what, Setting(self.world, self.likeness))
            self._gate.begin(t)

    def as_json(self) -> dict[str, Any]:
        """Return the state as JSON values; the steps are stored with the settings."""
        gate = self._gate.dump() if self._gate else None
        return {
            "world": self.world.as_json(), "at": self.at, "last_t": self.last_t, "gate": gate,
        }  # fmt: skip

    @classmethod
    def from_json(
        cls, steps: tuple[Step, ...], likeness: Likeness, data: Mapping[str, Any]
    ) -> "Procedure":
        """Return what `as_json` gave."""
        made = cls(steps, likeness, World.from_json(data.get("world", {})))
        if data.get("at", -1) >= 0:
            made._begin(data["at"], data["last_t"])
            if made._gate is not None and data.get("gate"):
                made._gate.load(data["gate"])
        return made


def digest(things: Sequence[Mapping[str, Any]]) -> str:
    """Return one line about facts of a while: what was seen, written and said.

    `things` are rows with `kind`, `text` and, for objects, `label`, oldest first.
    """
    labels: dict[str, int] = {}
    texts: list[str] = []
    spoken = 0
    for thing in things:
        if thing["kind"] == "object":
            labels[thing["label"]] = labels.get(thing["label"], 0) + 1
        elif thing["kind"] == "text":
            texts.append(thing["text"])
        elif thing["kind"] == "speech":
            spoken += 1
    parts = []
    if labels:
        often = sorted(labels.items(), key=lambda item: -item[1])[:5]
        parts.append("seen: " + ", ".join(f"{_many(n, label)}" for label, n in often))
    if texts:
        parts.append("read: " + "; ".join(f"“{text}”" for text in dict.fromkeys(texts[:3])))
    if spoken:
        last = [thing["text"] for thing in things if thing["kind"] == "speech"][-1]
        parts.append(f"{_many(spoken, 'utterance')}, last “{last[:80]}”")
    return _first(". ".join(parts)) + "." if parts else "Nothing new."


def _is_narrated(change: Change) -> bool:
    """Tell whether a live model has said something of its own accord."""
    thing = change.thing
    is_caption = change.what == "began" and thing.kind == "caption"
    return is_caption and not thing.data.get("instruction")


def _grouped(things: Sequence[Thing]) -> list[str]:
    """Return "two people", "a red car": things by label, with the colour where there is one."""
    names = []
    for label in dict.fromkeys(thing.label for thing in things):
        mine = [thing for thing in things if thing.label == label]
        name = mine[0].text if len(mine) == 1 else label
        names.append(_many(len(mine), name))
    return names


def _many(count: int, name: str) -> str:
    if count == 1:
        return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
    return f"{spell(count)} {plural(name, count)}"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _plain(text: str) -> str:
    return text.strip().rstrip(".")
