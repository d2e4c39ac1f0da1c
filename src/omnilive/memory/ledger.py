"""The only writer of a session's memory: percepts in, log lines, facts and moments out.

Plain sync code, called from one worker thread. Every call of `write` is one transaction, so
that a crash loses at most what had not been handed over.
"""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from omnilive.core.events import Event, Gap, Keyframe, Label, Percept, SourceHealth, Trouble
from omnilive.memory.base import Moment
from omnilive.memory.consolidation.compaction import Compactor, Fresh
from omnilive.memory.control.about import forgotten_keys
from omnilive.memory.moments import MomentConfig, MomentCutter, belongs, describe, strength_of
from omnilive.memory.search.embed import Embedder
from omnilive.memory.search.words import sentences
from omnilive.memory.spans import Span, is_whole, left_of, overlaps
from omnilive.memory.store import Store

LABELS = 100  # utterances whose labels are remembered for what is heard of them later
EMBEDDED = 2000  # texts whose vectors are remembered: most of what is seen was seen before


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What one write put down: new lines, and up to when each medium is perceived (session time).

    A medium that the source lacks, or that is over, is at 1e12. `is_over`: the source has ended.
    """

    source: int
    lines: list[dict[str, Any]]
    video_t: float
    audio_t: float
    is_over: bool = False


Observer: TypeAlias = Callable[[Noted], list[dict[str, Any]]]


@dataclass(slots=True)
class Ledger:
    """Writes what one source brings into the store. Keys of facts carry the source's id.

    `observers` are called at the end of each write, inside its transaction, and return the
    lines that they wrote: what follows from a line is stored with it or not at all. The
    `compactor`, which all ledgers of a store share, keeps the store inside its budget.
    """

    store: Store
    source_id: int
    offset_s: float
    cutter: MomentCutter
    embedder: Embedder | None = None
    compactor: Compactor | None = None
    observers: list[Observer] = field(default_factory=list)
    _gap: tuple[float, float] = (0.0, 0.0)  # the latest long time without data
    _fresh: list[Fresh] = field(default_factory=list[Fresh])
    _vectors: dict[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])  # of EMBEDDED
    _labels: dict[str, dict[str, Any]] = field(default_factory=dict)  # the latest LABELS ids
    _gone: list[Span] = field(default_factory=list)  # forgotten, also what comes of it only now
    _cut: dict[str, float] = field(default_factory=dict[str, float])  # keys, forgotten until then

    @classmethod
    def begin(
        cls,
        store: Store,
        source_id: int,
        offset_s: float,
        start_s: float,
        config: MomentConfig,
        embedder: Embedder | None,
        compactor: Compactor | None = None,
    ) -> "Ledger":
        """Open the books of one source whose first moment begins at session time `start_s`."""
        cutter = MomentCutter(config, start_s)
        return cls(store, source_id, offset_s, cutter, embedder, compactor)

    def write(self, events: list[Event], video_t: float, audio_t: float) -> list[dict[str, Any]]:
        """Store the events and the moments that are over; return the log lines written.

        `video_t` and `audio_t` say up to which session time each medium is fully perceived.
        """
        lines: list[dict[str, Any]] = []
        with self._whole():
            for event in events:
                lines += self._event(event)
            t = min(video_t, audio_t)
            self.store.extend_open_facts(self.source_id, _known(video_t), _known(audio_t))
            if t < 1e11:
                lines += self._moments(self.cutter.until(t))
            self._mark_progress(video_t, audio_t)
            self._embed()
            if events or lines:
                self._compact(t)
            lines += self._observed(lines, video_t, audio_t)
        return lines

    def finish(self, end_t: float) -> list[dict[str, Any]]:
        """Store the last moment; the source has ended at session time `end_t`."""
        with self._whole():
            lines = self._moments(self.cutter.until(end_t, last=True))
            self._embed()
            self._compact(end_t)
            lines += self._observed(lines, end_t, end_t, is_over=True)
        return lines

    @contextlib.contextmanager
    def _whole(self) -> Iterator[None]:
        """Make one write of all that is inside, or none."""
        try:
            with self.store.transaction():
                self._gone = self.store.forgotten()
                self._cut = forgotten_keys(self.store)
                yield
        except BaseException:
            self._fresh = []
            if self.compactor is not None:
                self.compactor.reset()
            raise
        if self.compactor is not None:
            self.compactor.settle()

    def _compact(self, t: float) -> None:
        if self.compactor is not None:
            self._fresh = self.compactor.work(t if t < 1e11 else self.cutter.start_s)
            self._embed()

    def _observed(
        self, lines: list[dict[str, Any]], video_t: float, audio_t: float, *, is_over: bool = False
    ) -> list[dict[str, Any]]:
        noted = Noted(
            source=self.source_id, lines=lines, video_t=video_t, audio_t=audio_t, is_over=is_over
        )
        return [line for observer in self.observers for line in observer(noted)]

    def note(self, t: float, type: str, body: dict[str, Any]) -> dict[str, Any]:
        """Write one line into the log."""
        seq = self.store.append(t, type, body)
        return {"seq": seq, "t": round(t, 3), "type": type, **body}

    def _event(self, event: Event) -> list[dict[str, Any]]:
        if isinstance(event, Percept):
            return self._percept(event)
        if isinstance(event, Label):
            self._label(event)
            return []
        if isinstance(event, Keyframe):
            if not any(span.holds(event.t) for span in self._gone):
                self.store.put_keyframe(event.t, event.jpeg)
            if event.is_cut:
                self.cutter.cut(event.t)
            return []
        if isinstance(event, Gap):
            if event.end_t - event.t > self.cutter.config.max_s:
                self._gap = (event.t, event.end_t)
            body = {
                "start_s": event.t,
                "end_s": event.end_t,
                "reason": event.reason,
                "source": self.source_id,
            }
            return [self.note(event.t, "gap", body)]
        if isinstance(event, SourceHealth):
            body = {"source": self.source_id, "state": event.state, "detail": event.detail}
            self.store.update_source(self.source_id, state=event.state, detail=event.detail)
            return [self.note(event.t, "health", body)]
        if isinstance(event, Trouble):
            detail = f"{event.part}: {event.detail}"
            body = {"source": self.source_id, "state": "degraded", "detail": detail}
            return [self.note(event.t, "health", body)]
        return []

    def _percept(self, percept: Percept) -> list[dict[str, Any]]:
        key = f"{self.source_id}:{percept.data.get('id', '')}:{percept.start_s:.2f}"
        if "id" in percept.data:
            key = f"{self.source_id}:{self.offset_s:.2f}:{percept.data['id']}"
        if not percept.text:  # a partial that came to nothing
            self.store.drop_fact(key)
            return []
        left = self._remaining(percept, key)
        if left is None:
            if is_whole(percept.kind):
                self.store.drop_fact(key)
            return []
        percept = left
        if labels := self._labels.get(str(percept.data.get("id", ""))):
            percept = replace(percept, data={**percept.data, **labels})
        id = self.store.put_fact(key, percept)
        strength = strength_of(percept.kind)
        self.cutter.mark(percept.start_s, strength)
        if percept.final and percept.kind == "object":
            self.cutter.mark(percept.end_s, strength)
        body = {k: v for k, v in percept.as_json().items() if k != "type"}
        body["source"] = self.source_id
        if percept.kind in ("speech", "caption") and not percept.final:
            # Partials are stored so that a crash loses nothing, but are no lines of the log.
            if "words" in percept.data:  # heard with care, because someone asks now
                self._fresh.append(Fresh("fact", id, percept.start_s, percept.text))
            return [{"seq": None, "t": round(percept.t, 3), "type": "percept", "id": id, **body}]
        if percept.data.get("event") not in ("left", "back", "out of sight", "ended"):
            self._fresh.append(Fresh("fact", id, percept.start_s, percept.text))
        return [self.note(percept.t, "percept", {"id": id, **body})]

    def _remaining(self, percept: Percept, key: str) -> Percept | None:
        """Return a percept without what was forgotten before it came: its last part, or None."""
        span = Span(percept.start_s, percept.end_s)
        until_s = self._cut.get(key)
        before = [] if until_s is None else [Span(-1e12, until_s)]
        every = [*self._gone, *before]
        if not any(overlaps(span, gone) for gone in every):
            return percept
        parts = left_of(span, every)
        if is_whole(percept.kind) or not parts or parts[-1].end_s < percept.end_s:
            return None
        return replace(percept, start_s=parts[-1].start_s)

    def _label(self, label: Label) -> None:
        self._labels[label.id] = {**self._labels.pop(label.id, {}), **label.data}
        while len(self._labels) > LABELS:
            del self._labels[next(iter(self._labels))]
        key = f"{self.source_id}:{self.offset_s:.2f}:{label.id}"
        self.store.label_fact(key, dict(label.data))

    def _moments(self, spans: list[tuple[float, float]]) -> list[dict[str, Any]]:
        lines = []
        kept = [part for span in spans for part in left_of(Span(*span), self._gone)]
        for start_s, end_s in kept:
            if self._gap[0] < start_s and end_s < self._gap[1]:
                continue  # nobody was watching: there is nothing to look up
            facts = [
                f
                for f in self.store.facts(start_s=start_s, end_s=end_s)
                if belongs(f, start_s, end_s)
            ]
            text = describe(facts)
            if not text:
                continue
            id = self.store.put_moment(start_s, end_s, text)
            self._fresh.append(Fresh("moment", id, start_s, text))
            moment = Moment(
                id=id, start_s=start_s, end_s=end_s, text=text,
                keyframe=self.store.keyframe_near(start_s, end_s),
            )  # fmt: skip
            lines.append(self.note(end_s, "moment", moment_body(moment)))
        return lines

    def _mark_progress(self, video_t: float, audio_t: float) -> None:
        known = {"video_s": video_t - self.offset_s, "audio_s": audio_t - self.offset_s}
        values = {name: round(s, 3) for name, s in known.items() if 0 < s < 1e11}
        if values:
            self.store.update_source(self.source_id, **values)

    def _embed(self) -> None:
        fresh, self._fresh = self._fresh, []
        if self.embedder is None or not fresh:
            return
        wanted = {(row.table, row.id): (row, sentences(row.text)) for row in fresh}
        vectors = self._vectors_of([part for _, parts in wanted.values() for part in parts])
        for row, parts in wanted.values():
            found = np.stack([vectors[part] for part in parts])
            self.store.put_vectors(
                row.table, row.id, row.start_s, found, parts, self.embedder.name
            )  # fmt: skip

    def _vectors_of(self, texts: list[str]) -> dict[str, np.ndarray]:
        """Return the vectors of texts; those that were embedded lately are remembered."""
        assert self.embedder is not None
        known = {text: self._vectors.pop(text) for text in set(texts) if text in self._vectors}
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known |= dict(zip(new, self.embedder.embed(new), strict=True))
        self._vectors |= known
        while len(self._vectors) > EMBEDDED:
            del self._vectors[next(iter(self._vectors))]
        return known


def _known(t: float) -> float:
    """Return up to when a medium is known; a medium that is absent moves nothing."""
    return t if t < 1e11 else -1e9


def moment_body(moment: Moment) -> dict[str, Any]:
    """Return the JSON form of a moment; what was merged says of how many, and what is lost."""
    merged = {"level": moment.level, "size": moment.size, "data": dict(moment.data)}
    return {
        "id": moment.id,
        "start_s": round(moment.start_s, 3),
        "end_s": round(moment.end_s, 3),
        "text": moment.text,
        "keyframe": moment.keyframe,
        **(merged if moment.level else {}),
    }
