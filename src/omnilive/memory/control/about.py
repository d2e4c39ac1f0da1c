"""Forgets what is about something: things by their label, or whatever holds a phrase.

Facts that match go, and with them all that was made of them: parts of moments and episodes, lines
of the log, answers, alerts, search indexes, vectors, what watches remember, the pictures in which
the thing was to be seen, and those stretches of recordings. Everything else of that time stays.
"""

import bisect
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from omnilive.core.errors import ConfigError
from omnilive.memory.base import Fact
from omnilive.memory.coarse import is_exact, kinds_of
from omnilive.memory.control.forget import Forgotten, forget_files, forget_in_watches, log_lines
from omnilive.memory.control.recordings import cut, is_under_way, note_unplayable
from omnilive.memory.moments import belongs, describe
from omnilive.memory.query import COLUMNS
from omnilive.memory.search.words import words
from omnilive.memory.spans import Span, is_whole, merged, overlaps
from omnilive.memory.store import Store, fact_of, keyframe_path

PAGE = 2000  # rows that are looked at together
KEYS = "forgotten_keys"  # in `meta`: facts still open, and until when they are forgotten
MOST_KEYS = 1000
LABELLED = ("object", "sound", "scene")
VISIBLE = ("object", "text", "scene", "caption")
_STRUCTURE = ("source", "health", "gap", "watch", "forgotten", "pin", "recording")
_NO_WORDS = frozenset(("kind", "type", "state", "keyframe", "model", "session", "event", "id"))
_PLURALS = {"people": "person", "persons": "person", "children": "child", "men": "man",
            "women": "woman", "knives": "knife", "mice": "mouse", "buses": "bus"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is to be forgotten: a `label`, or a `phrase`; in [start_s, end_s] of the session.

    A label is the name of a thing or sound, in the singular or plural: "person". A phrase is words
    in a row, however they were written; with `around_s`, what was said and written up to so many
    seconds before and after goes too, because a secret rarely comes alone.
    """

    label: str = ""
    phrase: str = ""
    around_s: float = 0.0
    start_s: float = 0.0
    end_s: float = 1e12

    def __post_init__(self) -> None:
        if bool(self.label.strip()) == bool(self.phrase.strip()):
            raise ConfigError("say what to forget: either a label or a phrase")
        if not words(self.label + self.phrase):
            raise ConfigError(f"{self.label + self.phrase!r} holds no word to look for")
        if not (self.around_s >= 0 and self.start_s < self.end_s):
            raise ConfigError("around_s may not be negative, and end_s must be after start_s")

    @property
    def span(self) -> Span:
        """Where to look."""
        return Span(self.start_s, self.end_s)


def found_about(store: Store, about: About) -> list[Fact]:
    """Return the facts that match, by id."""
    return list(_Match(about).facts(store))


def forget_about(
    store: Store, about: About, *, now_s: float = 0.0, delete_uploads: bool = False
) -> Forgotten:
    """Forget what matches, up to now; what is still in view is forgotten up to `now_s`.

    Uploaded files that hold some of it are named in `kept`, or deleted with `delete_uploads`.
    ConfigError when it is unclear what is meant.
    """
    now_s = max(now_s, store.end_s())
    match = _Match(about)
    facts = list(match.facts(store))
    ends = [now_s if fact.open else fact.end_s for fact in facts]
    spans = merged(
        Span(f.start_s, max(end_s, f.start_s + 0.05)) for f, end_s in zip(facts, ends, strict=True)
    )
    start_s, end_s = (
        (spans[0].start_s, spans[-1].end_s) if spans else (about.start_s, about.start_s)
    )
    done = Forgotten(start_s, end_s)
    with store.transaction():
        note_unplayable(store, spans)
    done.recordings = cut(store, spans)
    with store.transaction():
        _Erasing(store, match, facts, now_s, done).run()
        forget_files(store, spans, done, delete_uploads=delete_uploads)
        what = "label" if about.label else "phrase"
        body = {"start_s": round(start_s, 3), "end_s": round(end_s, 3), "what": what}
        seq = store.append(now_s, "forgotten", body)
        done.line = {"seq": seq, "t": round(now_s, 3), "type": "forgotten", **body}
        store.note_wipe_due()
    done.is_wiped = store.wipe() and not is_under_way(store, spans)
    return done


def forgotten_keys(store: Store) -> dict[str, float]:
    """Return the keys of facts that were forgotten while open, and until when they are."""
    text = store.value("SELECT value FROM meta WHERE key = ?", KEYS)
    return dict(json.loads(text)) if text else {}


class _Match:
    """Tells what is about something."""

    def __init__(self, about: About) -> None:
        self._about = about
        self.labels = _forms(about.label) if about.label else frozenset[str]()
        wanted = self.labels or {about.phrase}
        self._pattern = re.compile("|".join(_pattern(form) for form in sorted(wanted)))

    def text(self, text: str) -> bool:
        """Tell whether a text holds the words."""
        return bool(self._pattern.search(unicodedata.normalize("NFKC", text).lower()))

    def fact(self, fact: Fact) -> bool:
        """Tell whether a fact is about it: by its label and other names, or its text."""
        if not self.labels:
            return self.text(fact.text)
        if fact.kind not in LABELLED:
            return False
        names = (fact.data.get("label"), fact.data.get("tag"), *fact.data.get("names", ()))
        known = {str(name).lower() for name in names if name} | {fact.text.lower()}
        return bool(known & self.labels)

    def part(self, part: str) -> bool:
        """Tell whether a part of a moment's text is about it: by a label, words never are."""
        is_other = self.labels and not set(kinds_of(part)) & set(LABELLED)
        return not is_other and self.text(part)

    def value(self, value: Any) -> bool:
        """Tell whether a JSON value holds the words anywhere, its keys and kinds aside."""
        return any(self.text(text) for text in _texts(value))

    def facts(self, store: Store) -> Iterator[Fact]:
        """Yield the facts that match, and those around them, by id."""
        hits = {fact.id: fact for fact in _all_facts(store, self._about.span) if self.fact(fact)}
        around_s = self._about.around_s
        if around_s and not self.labels:
            for hit in list(hits.values()):
                near = Span(hit.start_s - around_s, hit.end_s + around_s)
                for fact in store.facts(
                    kinds=("speech", "text", "caption"), start_s=near.start_s, end_s=near.end_s
                ):
                    if overlaps(Span(fact.start_s, fact.end_s), near):
                        hits[fact.id] = fact
        yield from (hits[id] for id in sorted(hits))


@dataclass(slots=True)
class _Erasing:
    """One forgetting, inside its transaction."""

    store: Store
    match: _Match
    facts: Sequence[Fact]
    now_s: float
    done: Forgotten
    _ids: set[int] = field(default_factory=set[int])
    _parts: set[str] = field(default_factory=set[str])  # what moments say of facts that are gone
    _moments: dict[int, str] = field(default_factory=dict[int, str])  # told anew; "" is gone

    def run(self) -> None:
        """Go through everything that may hold something of it."""
        self._ids = {fact.id for fact in self.facts}
        for fact in self.facts:
            self._parts.update(parts_of(describe([fact])))
        self._forget_facts()
        self._forget_moments()
        self._forget_pictures()
        self._forget_lines()
        forget_in_watches(self.store, self._tells, self._still_here)
        for id, note in self.store.rows("SELECT id, note FROM pin"):
            if self.match.text(note):
                self.store.execute("UPDATE pin SET note = '' WHERE id = ?", id)

    def _forget_facts(self) -> None:
        keys = forgotten_keys(self.store)
        for fact in self.facts:
            if fact.open:
                keys.pop(
                    key := str(self.store.value("SELECT key FROM fact WHERE id = ?", fact.id)), None
                )
                keys[key] = 1e12 if is_whole(fact.kind) else round(self.now_s, 3)
            self.store.drop("fact", fact.id)
            self.done.coarse += "merged" in fact.data
        self.done.facts = len(self.facts)
        if keys:
            self.store.set_meta(KEYS, json.dumps(dict(list(keys.items())[-MOST_KEYS:])))

    def _spans(self, *, visible: bool) -> list[Span]:
        return merged(
            Span(fact.start_s, self.now_s if fact.open else fact.end_s)
            for fact in self.facts
            if fact.kind in VISIBLE or not visible
        )

    def _forget_moments(self) -> None:
        spans = self._spans(visible=False)
        columns = "id, start_s, end_s, text, level, data"
        query = f"SELECT {columns} FROM moment WHERE id > ? ORDER BY id LIMIT ?"
        id = -1
        while rows := self.store.rows(query, id, PAGE):
            for id, start_s, end_s, text, level, data in rows:
                if not (touched(Span(start_s, end_s), spans) or self.match.text(text)):
                    continue
                kept = json.loads(data)
                told = self._told(Span(start_s, end_s), text, level, kept)
                if told != text:
                    self._retell(id, told)
                elif level:  # its vector is a mean, in which what is gone may have a share
                    self.store.execute("DELETE FROM vector WHERE tab = 'moment' AND id = ?", id)
                if self.match.value(kept):
                    self.store.execute("UPDATE moment SET data = '{}' WHERE id = ?", id)

    def _told(self, span: Span, text: str, level: int, data: dict[str, Any]) -> str:
        """Return what a moment says without what is gone."""
        facts = self.store.facts(start_s=span.start_s, end_s=span.end_s)
        facts = [fact for fact in facts if belongs(fact, *span)]
        if is_exact(level, data, facts):
            told = describe(facts)
        else:
            told = self._rest(text)
        # Beside each other, two parts may be the phrase.
        return "" if not self.match.labels and self.match.text(told) else told

    def _rest(self, text: str) -> str:
        """Return the parts of a moment that are not about it."""
        return "; ".join(
            p for p in parts_of(text) if p not in self._parts and not self.match.part(p)
        )

    def _retell(self, id: int, text: str) -> None:
        self._moments[id] = text
        self.done.moments += 1
        retell(self.store, id, text)

    def _forget_pictures(self) -> None:
        for span in self._spans(visible=True):
            for (id,) in self.store.rows(
                "SELECT id FROM keyframe WHERE t >= ? AND t <= ?",
                span.start_s - 0.05,
                span.end_s + 0.05,
            ):
                # First the picture, then its row: a crash in between must not leave the picture.
                (self.store.folder / keyframe_path(id)).unlink(missing_ok=True)
                self.store.execute("DELETE FROM keyframe WHERE id = ?", id)
                self.done.keyframes += 1

    def _forget_lines(self) -> None:
        gone: set[int] = set()
        for seq, _, type, text in log_lines(self.store):
            if type in _STRUCTURE:
                continue
            body = json.loads(text)
            if type == "moment":
                self._moment_line(seq, body)
            elif self._is_gone(type, body) or body.get("answer") in gone:
                gone.add(seq)
                self._drop_line(seq)

    def _is_gone(self, type: str, body: dict[str, Any]) -> bool:
        if type == "percept" and body.get("id") in self._ids:
            return True
        if type in ("percept", "edit") and self.match.labels and body.get("kind") not in LABELLED:
            return False  # what is said or written stays, as in the facts
        shown = body.get("evidence") or ()
        if any(e.get("id") in self._ids and e.get("kind") != "moment" for e in shown):
            return True
        return self.match.value(body)

    def _moment_line(self, seq: int, body: dict[str, Any]) -> None:
        old = str(body.get("text", ""))
        new = self._moments.get(int(body.get("id", -1)), old)
        if self.match.text(new) or new == old:  # perhaps it was merged since
            new = self._rest(new)
        if not new:
            self._drop_line(seq)
        elif new != old:
            text = json.dumps(body | {"text": new}, ensure_ascii=False)
            self.store.execute("UPDATE log SET body = ? WHERE seq = ?", text, seq)

    def _drop_line(self, seq: int) -> None:
        self.store.execute("DELETE FROM log WHERE seq = ?", seq)
        self.done.lines += 1

    def _tells(self, value: Any) -> bool:
        return self.match.value(value)

    def _still_here(self, thing: dict[str, Any]) -> dict[str, Any] | None:
        """Return what watches may know of a thing: one that is in view stays, seen from now on."""
        if thing.get("kind") == "object" and thing.get("open"):
            return thing | {"start_s": self.now_s, "end_s": self.now_s}
        return None


def retell(store: Store, id: int, text: str) -> None:
    """Give a moment another text inside a transaction; without a text it goes.

    Its vectors go: they are made anew by a reindex.
    """
    if not text:
        store.drop("moment", id)
        return
    store.execute("UPDATE moment SET text = ? WHERE id = ?", text, id)
    store.words.put("moment", id, text)
    store.execute("DELETE FROM vector WHERE tab = 'moment' AND id = ?", id)


def parts_of(text: str) -> list[str]:
    """Return the parts of what a moment or an episode says."""
    return [part for part in text.split("; ") if part]


def touched(span: Span, spans: Sequence[Span]) -> bool:
    """Tell whether a span overlaps one of those, which are in order and apart."""
    at = bisect.bisect_right(spans, span.end_s, key=lambda one: one.start_s)
    return any(overlaps(one, span) or overlaps(span, one) for one in spans[max(0, at - 2) : at + 1])


def _all_facts(store: Store, span: Span) -> Iterator[Fact]:
    query = (
        f"SELECT {COLUMNS} FROM fact WHERE id > ? AND start_s < ? AND end_s >= ? "
        "ORDER BY id LIMIT ?"
    )
    id = -1
    while rows := store.rows(query, id, span.end_s, span.start_s, PAGE):
        yield from map(fact_of, rows)
        id = rows[-1][0]


def _forms(label: str) -> frozenset[str]:
    """Return a label in the singular and in the plural."""
    low = " ".join(words(label))
    head, _, last = low.rpartition(" ")
    one = _PLURALS.get(last) or (last[:-1] if last.endswith("s") and len(last) > 3 else last)
    many = [plural for plural, single in _PLURALS.items() if single == one]
    return frozenset(f"{head} {form}".strip() for form in (last, one, f"{one}s", *many))


def _pattern(text: str) -> str:
    """Return a pattern for the words of a text in a row, whole, whatever stands between them."""
    found = words(text)
    inner = r"[\W_]*".join(re.escape(word).replace("'", "['’]") for word in found)
    first = r"(?<![^\W_])" if found[0][0].isascii() else ""
    last = r"(?![^\W_])" if found[-1][-1].isascii() else ""
    return f"{first}{inner}{last}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name not in _NO_WORDS:
                yield from _texts(one)
