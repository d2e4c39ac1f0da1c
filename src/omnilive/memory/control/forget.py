"""Forgets a span of a session: rows, log lines, search indexes, vectors, pictures, their bytes.

What lasted longer than the span (an object in view, a sign) is cut at its ends and stays; speech
and whatever was said or answered about the span goes whole. So does a tally of an episode whose
single times are not all known. Lines of the log are taken out, so that its numbers may have holes
from then on. See memory/control/about.py for forgetting by label or phrase.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive.memory.base import Fact, SourceRow
from omnilive.memory.control.pins import forget_pins
from omnilive.memory.control.recordings import cut, is_under_way, unplayable
from omnilive.memory.moments import belongs, describe
from omnilive.memory.spans import SHORTEST_S, Span, is_whole, left_of, merged, overlaps, rest
from omnilive.memory.store import Store, keyframe_path
from omnilive.memory.watches import EDITS, NARRATOR, WORLD

# lines without anything perceived
_STRUCTURE = ("source", "health", "gap", "watch", "forgotten", "recording")
_ACTIVE = ("connecting", "watching", "live", "stalled", "reconnecting")
_GONE = "forgotten"
PAGE = 2000  # lines of the log that are looked at together


@dataclass(slots=True)
class Forgotten:
    """What was forgotten. Paths of uploads: `deleted`, and `kept`, which still hold the span.

    `recordings` are segments that were cut or dropped, `coarse` tallies that could only go whole.
    `is_wiped` is False while a reader in another process holds old pages, which go when the
    session is opened next, or while a recording is under way, which lets go within seconds.
    `line` is the line of the log that tells of it.
    """

    start_s: float
    end_s: float
    facts: int = 0
    moments: int = 0
    lines: int = 0
    keyframes: int = 0
    recordings: int = 0
    coarse: int = 0
    deleted: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    is_wiped: bool = True
    line: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The public JSON form."""
        counts = ("facts", "moments", "lines", "keyframes", "recordings", "coarse")
        return {
            "start_s": round(self.start_s, 3), "end_s": round(self.end_s, 3),
            **{name: getattr(self, name) for name in counts},
            "deleted": self.deleted, "kept": self.kept, "wiped": self.is_wiped,
        }  # fmt: skip


def forget(
    store: Store,
    start_s: float,
    end_s: float,
    *,
    now_s: float = 0.0,
    delete_uploads: bool = False,
) -> Forgotten:
    """Forget [start_s, end_s] of the session clock, also what is yet to be perceived of it.

    The span ends at the latest at `now_s`, up to which the sources have been heard, or where the
    memory ends. An uploaded file goes when the span covers all of it, or with `delete_uploads`
    when it covers any of it. ConfigError for a span that is none.
    """
    now_s = max(now_s, store.end_s())
    end_s = min(end_s, now_s + SHORTEST_S)
    if not 0 <= start_s < end_s:
        raise ConfigError(
            f"nothing to forget from {start_s:g} s to {end_s:g} s: the memory ends at {now_s:.1f} s"
        )
    span = Span(start_s, end_s)
    done = Forgotten(start_s, end_s, recordings=cut(store, [span]))
    with store.transaction():
        _Forgetting(store, span, done).run()
        forget_files(store, [span], done, delete_uploads=delete_uploads)
        forget_pins(store, span)
        _remember(store, span)
        body = {"start_s": round(start_s, 3), "end_s": round(end_s, 3)}
        seq = store.append(now_s, "forgotten", body)
        done.line = {"seq": seq, "t": round(now_s, 3), "type": "forgotten", **body}
        store.note_wipe_due()
    done.is_wiped = store.wipe() and not is_under_way(store, [span])
    return done


def _remember(store: Store, span: Span) -> None:
    spans = merged([*store.forgotten(), span])
    store.set_meta(_GONE, json.dumps([list(one) for one in spans]))


class _Forgetting:
    """One forget, inside its transaction."""

    def __init__(self, store: Store, span: Span, done: Forgotten) -> None:
        self._store, self._span, self._done = store, span, done
        self._texts: set[str] = set()  # of speech and captions that are gone

    def run(self) -> None:
        """Go through everything that may hold something of the span."""
        self._facts()
        self._moments()
        self._keyframes()
        self._lines()
        forget_in_watches(self._store, self._tells, self._still_here)

    def _facts(self) -> None:
        start_s, end_s = self._span
        for fact in self._store.facts(start_s=start_s, end_s=end_s):
            last_s = max(fact.end_s, end_s) if fact.open else fact.end_s
            if not overlaps(Span(fact.start_s, last_s), self._span):
                continue
            self._done.facts += 1
            if "merged" in fact.data:
                self._cut_tally(fact)
                continue
            parts = rest(Span(fact.start_s, last_s), self._span)
            goes_on = fact.open and (fact.kind == "object" or fact.start_s < start_s)
            if is_whole(fact.kind):
                parts, goes_on = [], False
                if len(fact.text) > 2:
                    self._texts.add(json.dumps(fact.text, ensure_ascii=False)[1:-1])
            elif fact.open:
                parts = [part for part in parts if part.end_s <= start_s]
            if goes_on:
                last = Span(end_s, max(fact.end_s, end_s))
                self._move("fact", fact.id, last)
            elif parts:
                self._move("fact", fact.id, parts.pop())
            else:
                self._store.drop("fact", fact.id)
            for part in parts:
                self._copy_fact(fact.id, part)

    def _cut_tally(self, fact: Fact) -> None:
        """Take out what a tally counts of the span; without all of its times it goes whole."""
        spans = [Span(*one) for one in fact.data.get("spans", ())]
        left = [one for one in spans if not overlaps(one, self._span)]
        if not left or len(spans) != fact.data["merged"]:
            self._store.drop("fact", fact.id)
            self._done.coarse += 1
            return
        total_s = round(sum(b - a for a, b in left), 3)
        data = {**fact.data, "merged": len(left), "total_s": total_s, "spans": left}
        text = json.dumps(data, ensure_ascii=False)
        self._store.execute("UPDATE fact SET data = ? WHERE id = ?", text, fact.id)
        self._move("fact", fact.id, Span(left[0].start_s, left[-1].end_s))

    def _move(self, table: str, id: int, span: Span) -> None:
        self._store.execute(f"UPDATE {table} SET start_s = ?, end_s = ? WHERE id = ?", *span, id)
        query = "UPDATE vector SET start_s = ? WHERE tab = ? AND id = ?"
        self._store.execute(query, span.start_s, table, id)
        self._store.index_again(table, id)

    def _copy_fact(self, id: int, span: Span) -> None:
        """Keep an earlier part of a fact whose own row goes on later."""
        row = (
            "INSERT INTO fact (key, kind, start_s, end_s, text, confidence, open, data) "
            "SELECT key || ?, kind, ?, ?, text, confidence, FALSE, data FROM fact WHERE id = ? "
            "RETURNING id"
        )
        copy = self._store.value(row, f"~{span.start_s:.3f}", *span, id)
        self._store.index_again("fact", copy)
        self._store.vectors.copy("fact", id, copy, span.start_s)

    def _moments(self) -> None:
        """Forget moments; what one holds outside of the span is a moment again, described anew."""
        columns = "id, start_s, end_s, level, size"
        query = f"SELECT {columns} FROM moment WHERE start_s <= ? AND end_s >= ?"
        near = self._store.rows(query, self._span.end_s, self._span.start_s)
        for id, start_s, end_s, level, size in near:
            if not overlaps(Span(start_s, end_s), self._span):
                continue
            self._done.moments += 1
            self._store.drop("moment", id)
            for part in rest(Span(start_s, end_s), self._span):
                facts = self._store.facts(start_s=part.start_s, end_s=part.end_s)
                if text := describe([fact for fact in facts if belongs(fact, *part)]):
                    new = self._store.put_moment(*part, text)
                    share = (part.end_s - part.start_s) / (end_s - start_s)
                    row = "UPDATE moment SET level = ?, size = ? WHERE id = ?"
                    self._store.execute(row, level, max(1, round(size * share)), new)

    def _keyframes(self) -> None:
        query = "SELECT id FROM keyframe WHERE t >= ? AND t <= ?"
        for (id,) in self._store.rows(query, *self._span):
            # First the picture, then its row: a crash in between must not leave the picture.
            (self._store.folder / keyframe_path(id)).unlink(missing_ok=True)
            self._store.execute("DELETE FROM keyframe WHERE id = ?", id)
            self._done.keyframes += 1

    def _lines(self) -> None:
        gone: set[int] = set()
        for seq, t, type, text in log_lines(self._store):
            if type in _STRUCTURE:
                continue
            body = json.loads(text)
            if type == "percept" and not is_whole(str(body.get("kind", ""))):
                self._cut_line(seq, t, body)
            elif self._span.holds(t) or touches(body, self._span) or body.get("answer") in gone:
                gone.add(seq)
                self._drop_line(seq)

    def _cut_line(self, seq: int, t: float, body: dict[str, Any]) -> None:
        """Shorten a line about what lasted to the part that it was written in."""
        span = Span(float(body["start_s"]), float(body["end_s"]))
        if self._span.holds(t):
            self._drop_line(seq)
        elif overlaps(span, self._span):
            part = next((p for p in rest(span, self._span) if p.end_s >= t - 1e-3), None)
            if part is None:
                self._drop_line(seq)
                return
            cut = body | {"start_s": round(part.start_s, 3), "end_s": round(part.end_s, 3)}
            text = json.dumps(cut, ensure_ascii=False)
            self._store.execute("UPDATE log SET body = ? WHERE seq = ?", text, seq)

    def _drop_line(self, seq: int) -> None:
        self._store.execute("DELETE FROM log WHERE seq = ?", seq)
        self._done.lines += 1

    def _still_here(self, thing: dict[str, Any]) -> dict[str, Any] | None:
        """Return what the watches may know of a thing from now on: an object in view stays."""
        if thing.get("kind") != "object" or not thing.get("open"):
            return None
        return thing | {"start_s": self._span.end_s, "end_s": self._span.end_s}

    def _tells(self, value: Any) -> bool:
        """Tell whether a JSON value is about the span, or holds words that are gone with it."""
        text = json.dumps(value, ensure_ascii=False)
        return touches(value, self._span) or any(gone in text for gone in self._texts)


def log_lines(store: Store) -> Iterator[tuple[int, float, str, str]]:
    """Yield seq, t, type and body of every line of the log, a page at a time: it may be long."""
    query = "SELECT seq, t, type, body FROM log WHERE seq > ? ORDER BY seq LIMIT ?"
    seq = 0
    while rows := store.rows(query, seq, PAGE):
        yield from rows
        seq = rows[-1][0]


def forget_files(
    store: Store, spans: Sequence[Span], done: Forgotten, *, delete_uploads: bool
) -> None:
    """Delete uploaded files that are forgotten, inside the transaction; say which remain."""
    gone = merged([*unplayable(store), *spans])
    for row in store.sources():
        span = span_of(row)
        if any(overlaps(span, one) for one in spans):
            _forget_file(
                store, row, is_whole=not left_of(span, gone), done=done, force=delete_uploads
            )


def _forget_file(
    store: Store, row: SourceRow, *, is_whole: bool, done: Forgotten, force: bool
) -> None:
    path = Path(row.url)
    is_upload = row.kind == "file" and path.is_relative_to(store.folder / "uploads")
    is_upload = is_upload and path.exists()
    goes = row.state not in _ACTIVE and (force or is_whole)
    if is_upload and not goes:
        done.kept.append(path.name)
    elif is_upload:
        path.unlink()
        done.deleted.append(path.name)
    if goes and (is_upload or is_whole):
        values = {"url": _GONE} if row.kind == "file" else {}
        store.update_source(row.id, detail=_GONE, **values)
        number = store.dialect.number(store.dialect.field("body", "source"))
        query = f"DELETE FROM log WHERE type = 'source' AND {number} = ?"  # they name its file
        done.lines += store.execute(query, row.id)


def forget_in_watches(
    store: Store,
    tells: Callable[[Any], bool],
    still_here: Callable[[dict[str, Any]], dict[str, Any] | None],
) -> None:
    """Forget firings that wait for a model, and let watches that remember it begin anew.

    `tells` says whether a JSON value is about what is forgotten, `still_here` what stays of a
    thing that is. What is on its way to a target is a number of a line, which is gone.
    """
    for id, text in store.rows("SELECT id, body FROM candidate"):
        if tells(json.loads(text)):
            store.execute("DELETE FROM candidate WHERE id = ?", id)
    for id, text in store.rows("SELECT id, memory FROM watch"):
        memory = json.loads(text)
        if tells(memory):
            text = json.dumps(memory | {"gate": None, "error": ""})
            store.execute("UPDATE watch SET memory = ? WHERE id = ?", text, id)
    meta = store.meta()
    if WORLD in meta:
        world = json.loads(meta[WORLD])
        for name in ("here", "past"):
            things = [(thing, tells(thing)) for thing in world.get(name, ())]
            told = [still_here(thing) if gone else thing for thing, gone in things]
            world[name] = [thing for thing in told if thing is not None]
        store.set_meta(WORLD, json.dumps(world))
    store.execute("DELETE FROM meta WHERE key = ?", NARRATOR)
    # Whoever runs the watches reads them anew when this number has changed.
    store.set_meta(EDITS, str(int(meta.get(EDITS, "0")) + 1))


def span_of(row: SourceRow) -> Span:
    """Return the span of a source on the session clock, as far as it has been watched."""
    known_s = max(row.video_s, row.audio_s)
    if row.state == "ended" and row.duration_s is not None:
        known_s = max(known_s, row.duration_s)
    return Span(row.offset_s, row.offset_s + known_s)


def touches(value: Any, span: Span) -> bool:
    """Tell whether a JSON value tells of the span anywhere inside: by start_s and end_s."""
    if isinstance(value, list):
        return any(touches(one, span) for one in value)
    if not isinstance(value, dict):
        return False
    times = list(_times(value))
    if times and overlaps(Span(min(times), max(times)), span):
        return True
    return any(touches(one, span) for one in value.values())


def _times(value: dict[str, Any]) -> Iterator[float]:
    for name in ("start_s", "end_s"):
        if isinstance(value.get(name), int | float):
            yield float(value[name])
