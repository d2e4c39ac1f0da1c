"""Gates of logic: and, or, not."""

from typing import Any

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.combined import KEPT, Combined
from omnilive.dialogue.watches.gate import NEVER, Edge, Gate, Setting, Times


class AllGate(Combined):
    """True where all are true at the same time; a pulse counts on for `within_s`."""

    STATE = ("spans", "up_t", "waiting")

    def __init__(self, condition: r.All, setting: Setting, *inner: Gate) -> None:
        super().__init__(condition, setting, *inner)
        self.spans: list[list[list[Any]]] = [[] for _ in self.inner]  # [from, to or None, uids, c]
        self.up_t: float | None = None
        self.waiting: list[float] = []  # true then, if nothing that comes late denies it
        self._is_level = all(r.is_level(part) for part in condition.of)
        self._denies = any(isinstance(part, r.Not) for part in condition.of)

    def begin(self, t: float) -> None:
        """Levels that are true already count."""
        super().begin(t)
        self.spans, self.up_t, self.waiting = [[] for _ in self.inner], None, []
        for i, gate in enumerate(self.inner):
            if (held := gate.holds()) is not None:
                self.spans[i].append([max(t, held.t), None, list(held.uids), held.confidence])
        if all(self.spans):
            self.up_t = t

    def _take(self, found: list[tuple[int, Edge]], now: Times) -> list[Edge]:
        out: list[Edge] = []
        starts: list[float] = []
        for i, edge in sorted(found, key=lambda pair: pair[1].t):
            spans = self.spans[i]
            if edge.up:
                end = edge.t + self.condition.within_s if edge.pulse else None
                spans.append([edge.t, end, list(edge.uids), edge.confidence])
                del spans[:-KEPT]
                starts += self._meetings(i, spans[-1])
            else:
                for span in spans:
                    if span[1] is None:
                        span[1] = edge.t
                if self.up_t is not None and self._is_level:
                    self.up_t = None
                    out.append(Edge(edge.t, False, False))
        self.waiting = sorted({*self.waiting, *starts})
        ready = [t for t in self.waiting if not self._denies or now.of("both") >= t]
        self.waiting = [t for t in self.waiting if t not in ready]
        for t in ready:
            out += self._rise(t)
        return out

    def _meetings(self, i: int, new: list[Any]) -> list[float]:
        """Return the times from which the new span and one of each other gate are all true."""
        starts = [new[0]]
        for j, spans in enumerate(self.spans):
            if j != i:
                starts = [
                    max(t, span[0])
                    for t in starts
                    for span in spans[-5:]
                    if _overlap(span, new) and max(t, span[0]) <= (span[1] or NEVER)
                ]
        return [t for t in starts if t <= (new[1] or NEVER)][:5]

    def _rise(self, t: float) -> list[Edge]:
        true = [_at(spans, t) for spans in self.spans]
        if any(span is None for span in true) or (self.up_t is not None and self._is_level):
            return []
        if not self._is_level and self.up_t is not None and t - self.up_t < 0.05:
            return []
        self.up_t = t
        uids = tuple(dict.fromkeys(uid for span in true if span for uid in span[2]))
        sure = min(span[3] for span in true if span)
        return [Edge(t, True, not self._is_level, uids, t, sure)]

    def due(self) -> float:
        """Return when a late denial can no longer come."""
        return min(*self.waiting, super().due()) if self.waiting else super().due()

    def holds(self) -> Edge | None:
        """Return the rise, of levels only."""
        if self.up_t is None or not self._is_level:
            return None
        true = [span for spans in self.spans if (span := _at(spans, self.up_t))]
        uids = tuple(dict.fromkeys(uid for span in true for uid in span[2]))
        return Edge(self.up_t, True, False, uids, self.up_t, min([1.0, *(s[3] for s in true)]))

    def doubtful_s(self) -> float:
        """Return since when one of them may be over."""
        return min(gate.doubtful_s() for gate in self.inner)


class AnyGate(Combined):
    """True while one of them is; pulses pass."""

    STATE = ("up",)

    def __init__(self, condition: r.Any_, setting: Setting, *inner: Gate) -> None:
        super().__init__(condition, setting, *inner)
        self.up: list[int] = []

    def begin(self, t: float) -> None:
        """Levels that are true already count."""
        super().begin(t)
        self.up = [i for i, gate in enumerate(self.inner) if gate.holds() is not None]

    def _take(self, found: list[tuple[int, Edge]], now: Times) -> list[Edge]:
        out: list[Edge] = []
        for i, edge in found:
            if edge.pulse:
                out.append(edge)
                continue
            before = bool(self.up)
            self.up = [j for j in self.up if j != i] + ([i] if edge.up else [])
            if before != bool(self.up):
                out.append(edge)
        return out

    def holds(self) -> Edge | None:
        """Return the edge of the first that is true, with the number of all of them."""
        held = [edge for gate in self.inner if (edge := gate.holds())]
        if not held:
            return None
        first = min(held, key=lambda edge: edge.t)
        uids = tuple(uid for edge in held for uid in edge.uids)
        count = sum(max(1, edge.count) for edge in held)
        return Edge(first.t, True, False, uids, first.first_s, first.confidence, count)

    def doubtful_s(self) -> float:
        """Return since when none of those that were true is in sight."""
        held = [gate.doubtful_s() for gate in self.inner if gate.holds()]
        return max(held, default=NEVER)


class NotGate(Combined):
    """True while its condition is not."""

    STATE = ("up_t",)

    def __init__(self, condition: r.Not, setting: Setting, inner: Gate) -> None:
        super().__init__(condition, setting, inner)
        self.up_t: float | None = None

    def begin(self, t: float) -> None:
        """It may be true from the first moment on."""
        super().begin(t)
        self.up_t = None if self.inner[0].holds() else t

    def _take(self, found: list[tuple[int, Edge]], now: Times) -> list[Edge]:
        out: list[Edge] = []
        for _, edge in found:
            if edge.pulse:
                continue
            self.up_t = None if edge.up else edge.t
            out.append(Edge(edge.t, not edge.up, False, (), edge.t))
        return out

    def holds(self) -> Edge | None:
        """Return since when it has been so."""
        return None if self.up_t is None else Edge(self.up_t, True, False, (), self.up_t)


def _overlap(a: list[Any], b: list[Any]) -> bool:
    return a[0] <= (b[1] or NEVER) and b[0] <= (a[1] or NEVER)


def _at(spans: list[list[Any]], t: float) -> list[Any] | None:
    """Return the newest span that holds the time."""
    return next((s for s in reversed(spans) if s[0] <= t <= (s[1] or NEVER)), None)
