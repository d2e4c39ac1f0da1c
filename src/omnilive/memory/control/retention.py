"""Forgets by age, a bounded amount with each step: rows, log lines, pictures, recordings, bytes.

Ages are those of the clock on the wall (memory/wall.py), so that what nobody watches grows old
too. A step touches at most ROWS rows of each kind; STEP_S apart while something is left to do,
REST_S apart otherwise. Deleted rows are overwritten with zeros by SQLite at once (secure_delete);
a full-text index lets go of words as its segments are merged, a few pages with each step; the
write-ahead log is emptied after each step. PostgreSQL rewrites its tables once a day.
"""

import json
import logging
from dataclasses import dataclass, field
from typing import Any

from omnilive.core.clock import stopwatch
from omnilive.memory.coarse import is_exact, kinds_of
from omnilive.memory.control.about import parts_of, retell
from omnilive.memory.control.forget import forget_in_watches
from omnilive.memory.control.keeping import RetentionConfig
from omnilive.memory.control.pins import is_pinned, pinned
from omnilive.memory.control.recordings import drop_segment, segments
from omnilive.memory.moments import belongs, describe
from omnilive.memory.query import COLUMNS
from omnilive.memory.spans import Span, is_whole, left_of
from omnilive.memory.store import Store, fact_of, keyframe_path
from omnilive.memory.wall import WallClock

ROWS = 200  # facts, moments, pictures of one kind in a step
LINES = 1000  # lines of the log that are looked at in a step
SEGMENTS = 10
STEP_S, REST_S = 0.5, 60.0
JUMP_S, HOLD_S = 86400.0, 3600.0  # a clock that jumps ahead so far is believed after so long
DAY_S = 86400.0
STATE = "retention"  # in `meta`: cursors, and when bytes were last gone through
KINDS = {
    "speech": ("speech",), "sounds": ("sound",), "objects": ("object",), "texts": ("text",),
    "scenes": ("scene", "caption"),
}  # fmt: skip
_DIALOGUE = ("answer", "turn", "alert", "check", "remark", "narration", "voice")
_STRUCTURE = ("source", "health", "gap", "watch", "forgotten", "recording", "pin")
logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Aged:
    """What has gone so far, by kind of row."""

    facts: int = 0
    moments: int = 0
    lines: int = 0
    keyframes: int = 0
    recordings: int = 0

    @property
    def total(self) -> int:
        """All of them together."""
        return self.facts + self.moments + self.lines + self.keyframes + self.recordings


@dataclass(slots=True)
class Retention:
    """Applies the rules to one store. Used from one thread; other writers may go on."""

    store: Store
    config: RetentionConfig
    gone: Aged = field(default_factory=Aged)
    _last: tuple[float, float] | None = None  # wall, stopwatch
    _hold_until: float = 0.0

    def step(self, wall_s: float) -> float:
        """Forget some of what is too old at the Unix time; return the seconds until the next."""
        if not self.config.has_rules or self._has_jumped(wall_s):
            return REST_S
        before = self.gone.total
        clock = WallClock.of(self.store)
        kept = pinned(self.store)
        cutoffs = {
            name: cutoff(clock, wall_s - days * DAY_S)
            for name in (*KINDS, "dialogue", "pictures", "recordings")
            if (days := self.config.days_of(name)) is not None
        }
        state = _State(self.store)
        state.see_pins(kept)
        with self.store.transaction():
            _Step(self.store, self.gone, kept, cutoffs, state).run()
            state.save()
        more = self.gone.total > before or state.is_behind
        if self.gone.total > before:
            state.note_dirty()
        more = self._let_go_of_bytes(state, wall_s) or more
        return STEP_S if more else REST_S

    def run(self, wall_s: float, longest_s: float = 1.0) -> Aged:
        """Take steps until nothing is left to do, or for so long; return what has gone."""
        began = stopwatch()
        while self.step(wall_s) == STEP_S and stopwatch() - began < longest_s:
            pass
        return self.gone

    def _has_jumped(self, wall_s: float) -> bool:
        """Tell whether the clock on the wall went ahead too far to be believed at once."""
        now = stopwatch()
        if self._last is not None:
            ahead_s = (wall_s - self._last[0]) - (now - self._last[1])
            if ahead_s > JUMP_S:
                logger.warning("the clock went %.0f s ahead: retention waits an hour", ahead_s)
                self._hold_until = now + HOLD_S
        self._last = (wall_s, now)
        return now < self._hold_until

    def _let_go_of_bytes(self, state: "_State", wall_s: float) -> bool:
        """Let a little more of what was deleted leave the files; True when there is more."""
        if not state.is_dirty:
            return False
        wait_s = self.store.tidy(state.needs_start, wall_s)
        with self.store.transaction():
            state.tidied(more=wait_s is not None)
        return wait_s is not None and wait_s < STEP_S


def cutoff(clock: WallClock, wall_s: float) -> float:
    """Return the session time before which everything is older than a Unix time."""
    ends = [t for t, _ in clock.marks[1:]] + [float("inf")]
    for i, ((start_s, mark_s), end_s) in enumerate(zip(clock.marks, ends, strict=True)):
        t = wall_s - mark_s + start_s
        if t < end_s:
            return max(t, start_s) if i else t
    return ends[-1]


class _State:
    """How far the rules have come, in `meta`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        text = store.value("SELECT value FROM meta WHERE key = ?", STATE)
        self._values: dict[str, Any] = json.loads(text) if text else {}
        self._old = dict(self._values)
        self.is_behind = False  # a cursor has not come to its end yet

    def see_pins(self, kept: list[Span]) -> None:
        """Begin anew when something is no longer pinned, for it was passed over."""
        old = [Span(*pair) for pair in self._values.get("pins", ())]
        if any(left_of(span, kept) for span in old):
            self._values = {k: v for k, v in self._values.items() if ":" not in k}
        self._values["pins"] = [list(span) for span in kept]

    def cursor(self, name: str) -> float:
        return float(self._values.get(name, -1.0))

    def move(self, name: str, to: float) -> None:
        self._values[name] = to

    @property
    def is_dirty(self) -> bool:
        return bool(self._values.get("dirty"))

    @property
    def needs_start(self) -> bool:
        return self._values.get("dirty") == "new"

    def note_dirty(self) -> None:
        """Note that deleted words may still be in the files."""
        if self._values.get("dirty") != "new":
            self._values["dirty"] = "new"
            self.save()

    def tidied(self, *, more: bool) -> None:
        self._values["dirty"] = "begun" if more else ""
        self.save()

    def save(self) -> None:
        if self._values != self._old:
            self._store.set_meta(STATE, json.dumps(self._values))
            self._old = dict(self._values)


@dataclass(slots=True)
class _Step:
    """One step, inside its transaction."""

    store: Store
    gone: Aged
    kept: list[Span]
    cutoffs: dict[str, float]
    state: _State
    _texts: set[str] = field(default_factory=set[str])

    def run(self) -> None:
        for name, kinds in KINDS.items():
            if name in self.cutoffs:
                self._facts(kinds, self.cutoffs[name])
                self._moments(name, kinds, self.cutoffs[name])
        for name in (*KINDS, "dialogue"):
            if name in self.cutoffs:
                self._lines(name, self.cutoffs[name])
        if "pictures" in self.cutoffs:
            self._pictures(self.cutoffs["pictures"])
        if "recordings" in self.cutoffs:
            self._recordings(self.cutoffs["recordings"])
        if self._texts and self._watches_remember():
            forget_in_watches(self.store, self._tells, lambda _: None)

    def _facts(self, kinds: tuple[str, ...], cutoff_s: float) -> None:
        marks = ", ".join("?" * len(kinds))
        query = (
            f"SELECT {COLUMNS} FROM fact WHERE kind IN ({marks}) AND start_s < ? AND end_s < ? "
            "AND NOT open AND NOT EXISTS (SELECT 1 FROM pin WHERE pin.start_s <= fact.end_s "
            f"AND pin.end_s >= fact.start_s) ORDER BY start_s LIMIT {ROWS}"
        )
        for fact in map(fact_of, self.store.rows(query, *kinds, cutoff_s, cutoff_s)):
            self.store.drop("fact", fact.id)
            self.gone.facts += 1
            if fact.data.get("edited"):
                number = self.store.dialect.number(self.store.dialect.field("body", "fact"))
                query = f"DELETE FROM log WHERE type = 'edit' AND {number} = ?"
                self.gone.lines += self.store.execute(query, fact.id)
            if is_whole(fact.kind) and len(fact.text) > 2:
                self._texts.add(json.dumps(fact.text, ensure_ascii=False)[1:-1])

    def _moments(self, name: str, kinds: tuple[str, ...], cutoff_s: float) -> None:
        """Tell moments that are old enough anew, without what has gone.

        The last one is looked at again: what came after it may have been merged into it since.
        """
        key = f"moment:{name}"
        at_s = self.state.cursor(key)
        last_s = self.store.value("SELECT max(start_s) FROM moment WHERE start_s <= ?", at_s)
        query = (
            "SELECT id, start_s, end_s, text, level, data FROM moment WHERE start_s >= ? "
            f"AND start_s < ? ORDER BY start_s, id LIMIT {ROWS}"
        )
        rows = self.store.rows(query, at_s if last_s is None else last_s, cutoff_s)
        for id, start_s, end_s, text, level, data in rows:
            if end_s >= cutoff_s:
                return
            self.state.move(key, start_s)
            if is_pinned(Span(start_s, end_s), self.kept):
                continue
            told = self._told(Span(start_s, end_s), text, kinds, level, json.loads(data))
            if told != text:
                retell(self.store, id, told)
                self.gone.moments += 1
        self.state.is_behind |= len(rows) == ROWS

    def _told(
        self, span: Span, text: str, kinds: tuple[str, ...], level: int, data: dict[str, Any]
    ) -> str:
        """Return what is told of a span without some kinds; `level` and `data` as of its row."""
        facts = self.store.facts(start_s=span.start_s, end_s=span.end_s)
        facts = [fact for fact in facts if belongs(fact, *span)]
        told = describe([f for f in facts if f.kind not in kinds])
        if is_exact(level, data, facts):
            return told
        known = parts_of(told)  # of what was merged the text tells more than the facts that stay
        return "; ".join(p for p in parts_of(text) if p in known or not {*kinds} & {*kinds_of(p)})

    def _lines(self, name: str, cutoff_s: float) -> None:
        key = f"log:{name}"
        query = "SELECT seq, t, type, body FROM log WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self.store.rows(query, int(self.state.cursor(key)), LINES)
        for seq, t, type, text in rows:
            if t >= cutoff_s:
                return
            self.state.move(key, seq)
            if type not in _STRUCTURE:
                self._line(name, cutoff_s, seq, t, type, json.loads(text))
        self.state.is_behind |= len(rows) == LINES

    def _line(
        self, name: str, cutoff_s: float, seq: int, t: float, type: str, body: dict[str, Any]
    ) -> None:
        span = Span(float(body.get("start_s", t)), max(float(body.get("end_s", t)), t))
        if is_pinned(span, self.kept):
            return
        if type == "moment":
            self._moment_line(name, seq, body)
        elif self._is_old(name, cutoff_s, type, body):
            self.store.execute("DELETE FROM log WHERE seq = ?", seq)
            self.gone.lines += 1

    def _is_old(self, name: str, cutoff_s: float, type: str, body: dict[str, Any]) -> bool:
        if name == "dialogue":
            return type in _DIALOGUE
        kinds = KINDS[name]
        if type in ("percept", "edit"):
            return body.get("kind") in kinds
        if name == "speech" and type == "turn":  # was heard, or says what was heard
            return True
        shown = body.get("evidence") or ()
        return any(e.get("kind") in (*kinds, "moment") and e["start_s"] < cutoff_s for e in shown)

    def _moment_line(self, name: str, seq: int, body: dict[str, Any]) -> None:
        """Tell a line about a moment anew: the moment itself may be part of a longer one now."""
        kinds = KINDS.get(name)
        if kinds is None:
            return
        old, span = str(body.get("text", "")), Span(float(body["start_s"]), float(body["end_s"]))
        told = self._told(span, old, kinds, 1, {})
        if not told:
            self.store.execute("DELETE FROM log WHERE seq = ?", seq)
            self.gone.lines += 1
        elif told != old:
            text = json.dumps(body | {"text": told}, ensure_ascii=False)
            self.store.execute("UPDATE log SET body = ? WHERE seq = ?", text, seq)

    def _pictures(self, cutoff_s: float) -> None:
        query = (
            "SELECT id FROM keyframe WHERE t < ? AND NOT EXISTS (SELECT 1 FROM pin "
            "WHERE pin.start_s <= keyframe.t AND pin.end_s >= keyframe.t) "
            f"ORDER BY t LIMIT {ROWS}"
        )
        for (id,) in self.store.rows(query, cutoff_s):
            # First the picture, then its row: a crash in between must not leave the picture.
            (self.store.folder / keyframe_path(id)).unlink(missing_ok=True)
            self.store.execute("DELETE FROM keyframe WHERE id = ?", id)
            self.gone.keyframes += 1

    def _recordings(self, cutoff_s: float) -> None:
        old = [s for s in segments(self.store, Span(-1e12, cutoff_s)) if s.end_s < cutoff_s]
        for segment in [s for s in old if not is_pinned(s.span, self.kept)][:SEGMENTS]:
            drop_segment(self.store, segment)
            self.gone.recordings += 1

    def _watches_remember(self) -> bool:
        bodies = self.store.rows("SELECT memory FROM watch UNION ALL SELECT body FROM candidate")
        return any(gone in text for (text,) in bodies for gone in self._texts)

    def _tells(self, value: Any) -> bool:
        text = json.dumps(value, ensure_ascii=False)
        return any(gone in text for gone in self._texts)
