"""Why a watch spoke or kept silent at any second of the past, and what a rule would have done.

Both replay the stored log through the same engine that ran live.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from omnilive.dialogue.watches.alerts import alert_body, clock
from omnilive.dialogue.watches.book import Book, Line
from omnilive.dialogue.watches.describe import describe
from omnilive.dialogue.watches.engine import Engine, Firing, Watch
from omnilive.dialogue.watches.gate import Gate, Times
from omnilive.dialogue.watches.rule import Rule, rule_from_json
from omnilive.dialogue.watches.state import AUDIO, BROKEN_OFF
from omnilive.memory.consolidation.trim import reaches_back_to
from omnilive.memory.store import Store

PAGE = 2000
BOOKS_S = 0.5  # the books are kept at least this often
NEAR_S = 1.0  # what happened this near to a second belongs to it
LATE_S = 20.0  # what happened at a second may be known this much later
OVER = 1e12


@dataclass(slots=True)
class Player:
    """Feeds the stored log to an engine, as if it came in now."""

    book: Book
    engine: Engine
    _at: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    _has: dict[int, tuple[bool, bool]] = field(default_factory=dict[int, tuple[bool, bool]])

    def play(self, until_s: float, before: Callable[[Line], None]) -> Iterator[Firing]:
        """Yield what fires up to session time `until_s`; `before` is told of each line first."""
        self._has = {s.id: (s.has_video, s.has_audio) for s in self.book.store.sources()}
        for line in self._lines():
            if float(line["t"]) > until_s:
                if line["type"] == "percept" and line["start_s"] <= until_s:
                    continue  # known only later
                if float(line["t"]) > until_s + LATE_S:
                    break
                continue
            yield from self._advance(line, until_s)
            before(line)
            yield from self.engine.step([line], {})
        yield from self._finish(until_s)

    def _lines(self) -> Iterator[Line]:
        seq = 0
        while entries := self.book.store.log_after(seq, PAGE):
            for entry in entries:
                yield self.book.line_of(entry.seq, entry.t, entry.type, entry.body)
            seq = entries[-1].seq

    def _advance(self, line: Line, until_s: float) -> list[Firing]:
        """Let time pass to what earlier lines show to be perceived, then note this line's time.

        A step behind: lines of the same picture come one after the other. But when a thing is
        noted, what was shortly before it had begun is perceived for sure.
        """
        t = sure_t = float(line["t"])
        if line["type"] == "source":
            return self._turn(line, t)
        if line["type"] == "moment":  # it is written once all before it is perceived
            media, sources = (0, 1), list(self._at)
        elif line["type"] == "percept":
            media, sources = (int(line["kind"] in AUDIO),), [int(line["source"])]
            sure_t = float(line["start_s"]) - BOOKS_S
        else:
            return []
        fired: list[Firing] = []
        for source in sources:
            at = self._at.setdefault(source, self._start(source, t))
            for medium in media:
                if at[medium] < t:
                    at[medium] = min(t, max(at[medium], sure_t))
                    fired += self.engine.step([], {source: Times(*at)})
                    at[medium] = t
        return fired

    def _start(self, source: int, t: float) -> list[float]:
        return [t if there else OVER for there in self._has.get(source, (True, True))]

    def _turn(self, line: Line, t: float) -> list[Firing]:
        source, state = int(line["source"]), line.get("state")
        if state == "ended":
            self._at.pop(source, None)
            return self.engine.close(source, t)
        if state in BROKEN_OFF:
            fired = self._finish(t, source)
            self._at.pop(source, None)
            return fired
        if state in ("began", "resumed"):
            self._at[source] = self._start(source, t)
        return []

    def _finish(self, until_s: float, source: int | None = None) -> list[Firing]:
        """Let time pass up to then, or as far as the sources, or this one, are perceived."""
        fired: list[Firing] = []
        for row in self.book.store.sources():
            if row.id not in self._at or source not in (None, row.id):
                continue
            known = (row.offset_s + row.video_s, row.offset_s + row.audio_s)
            at = self._at[row.id]
            ends = [
                min(until_s, max(a, k)) if a < OVER else a for a, k in zip(at, known, strict=True)
            ]
            fired += self.engine.step([], {row.id: Times(*ends)})
        return fired


def dry_run(
    book: Book, rule: Rule, start_s: float = 0.0, end_s: float | None = None
) -> list[dict[str, Any]]:
    """Return the alerts that a rule would have raised over the stored log, oldest first.

    Candidates are not checked by a model: a rule that asks for it lists what would be checked.
    """
    player = Player(book, _engine(book))
    player.engine.put(Watch("dry-run", rule, armed_t=start_s))
    until_s = book.store.end_s() if end_s is None else end_s
    fired = sorted(player.play(until_s, lambda _: None), key=lambda firing: firing.t)
    kept = [firing for firing in fired if firing.t >= start_s]
    return [{"type": "alert", **alert_body(book.store, firing)} for firing in kept]


def explain(book: Book, id: str, t: float) -> dict[str, Any]:
    """Return why a watch fired or stayed silent at session time `t`, in words and in figures."""
    happened: list[tuple[float, str]] = []
    values: dict[str, Any] = {}

    def trace(watch: str, at_s: float, what: str, _: dict[str, Any]) -> None:
        happened.append((at_s, what))

    player = Player(book, _engine(book, trace))
    history = _History(id, player.engine)

    def before(line: Line) -> None:
        if float(line["t"]) > t and not values:
            values.update(_values(player.engine, id))
        history.take(line, t)

    list(player.play(t + LATE_S, before))
    if not values:
        values.update(_values(player.engine, id))
    alerts = book.table.lines_near("alert", id, t, NEAR_S)
    checks = [one for one in book.table.lines_near("check", id, t, NEAR_S) if "reason" in one]
    near = [(at_s, what) for at_s, what in happened if abs(at_s - t) <= NEAR_S]
    why, text = _reason(history, values, alerts, checks, near, happened, t)
    text += "".join(f" ({note})" for note in note_on_log(book) if t < reaches_back_to(book.store))
    return {
        "watch": id, "t": round(t, 3), "why": why, "text": text, "state": history.state,
        "rule": history.readable, "gate": values.get("gate"), "alerts": alerts, "checks": checks,
        "events": [{"t": round(at_s, 3), "what": what} for at_s, what in sorted(near)],
        "cooldown_until_s": values.get("cooldown_until_s"),
    }  # fmt: skip


def note_on_log(book: Book) -> tuple[str, ...]:
    """Return what has to be said of a log whose oldest lines have made room for newer ones."""
    from_s = reaches_back_to(book.store)
    if not from_s:
        return ()
    return (f"the log reaches back to {clock(from_s)}: what was before is not looked at",)


class _History:
    """How a watch was added, edited, paused and armed again, up to a second."""

    def __init__(self, id: str, engine: Engine) -> None:
        self.id, self.state, self.readable = id, "not added yet", ""
        self._engine = engine

    def take(self, line: Line, t: float) -> None:
        """Follow one line of the log; what came after `t` does not change what was then."""
        if line["type"] != "watch" or line["watch"] != self.id or float(line["t"]) > t:
            return
        if line["state"] in ("removed", "failed"):
            self._engine.remove(self.id)
            self.state = line["state"]
            return
        rule = rule_from_json(line["stored"])
        self.state, self.readable = line["is"], describe(rule)
        armed_t = float(line["t"])
        self._engine.put(Watch(self.id, rule, line["version"], line["is"], armed_t))


def _engine(book: Book, trace: Any = None) -> Engine:
    wall0_s = float(book.store.meta().get("created_wall_s", 0))
    return Engine(likeness=book.likeness, wall0_s=wall0_s, trace=trace)


def _values(engine: Engine, id: str) -> dict[str, Any]:
    watch = engine.watches.get(id)
    if watch is None:
        return {"gate": None}
    gate: Gate | None = watch.gate
    cooldown_s = watch.rule.cooldown_s
    until_s = round(watch.last_t + cooldown_s, 3) if watch.number and cooldown_s else None
    return {
        "gate": gate.value() if gate else None, "cooldown_until_s": until_s,
        "last_s": watch.last_t if watch.number else None, "state": watch.state,
    }  # fmt: skip


def _reason(
    history: _History, values: dict[str, Any], alerts: list[Line], checks: list[dict[str, Any]],
    near: list[tuple[float, str]], happened: list[tuple[float, str]], t: float,
) -> tuple[str, str]:  # fmt: skip
    """Return the reason as one word, and as a sentence."""
    if alerts:
        last = alerts[-1]
        return "fired", f"It fired at {clock(last['at_s'])}: {last['text']}"
    if history.state not in ("armed", "done"):
        return "not armed", f"It was not armed: {history.state}."
    silent = [check for check in checks if check.get("state") in ("silent", "dropped")]
    if silent:
        return "check", f"The check kept it silent: {silent[-1]['reason']}."
    whats = [what for _, what in near]
    if "done" in whats or values.get("state") == "done":
        return "done", "It speaks once, and had spoken before."
    if "cooldown" in whats:
        return "cooldown", f"It was true, in the cool-down until {values['cooldown_until_s']} s."
    if "merged" in whats:
        return "duplicate", "It was true again at once: the same happening, told already."
    if "schedule" in whats:
        return "schedule", "It was true outside the hours in which this watch is awake."
    gate = values.get("gate") or {}
    if gate.get("true"):
        told = [at_s for at_s, what in happened if what == "fired" and at_s <= t]
        since = f" since {clock(told[-1])}, and was told then" if told else ""
        return "still true", f"It was true{since}; it is told when it becomes true."
    return "gate", f"What it waits for was not so{_nearest(gate, t)}."


def _nearest(gate: dict[str, Any], t: float) -> str:
    """Return the latest near miss in words, "" for none."""
    near = gate.get("near") or {}
    if near:
        return f"; nearest was “{near['text']}” at {clock(near['start_s'])}, which {_why(near)}"
    for inner in gate.get("of", ()):
        if found := _nearest(inner, t):
            return found
    if "count" in gate:
        return f"; there were {gate['count']}"
    return "; nothing like it was perceived"


def _why(near: dict[str, Any]) -> str:
    return near["why"] if near["why"].startswith("does") else f"was {near['why']}"


def sources_of(store: Store) -> tuple[str, ...]:
    """Return the addresses by which a rule may name the sources of a session."""
    urls = [source.url for source in store.sources()]
    names = [url.rsplit("/", 1)[-1] for url in urls] + [url.removeprefix("push:") for url in urls]
    return tuple(dict.fromkeys([*urls, *names]))
