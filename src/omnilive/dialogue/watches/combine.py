"""Gates made of gates: durations, absence, counts, order, and, or, not; and the clock.

What a slower medium tells late is put where it belongs: each gate compares stream times, not
the order in which it heard of things.
"""

from typing import Any

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.gate import ABSENT, NEVER, Edge, Gate, Setting, Times, leaf
from omnilive.dialogue.watches.state import Change

SETTLE_S = 1.0  # an exact or a small number must last this long: a missed look is no change
KEPT = 40


def build(condition: Any, setting: Setting, *, level: bool = False) -> Gate:
    """Return the gate of a condition and of all inside it."""
    match condition:
        case r.Absent():
            return AbsentGate(condition, setting)
        case r.Lasts():
            return LastsGate(condition, setting)
        case r.Count() if condition.scope == "view":
            return ViewGate(condition, setting)
        case r.Count():
            return TotalGate(condition, setting)
        case r.Sequence():
            return SequenceGate(condition, setting)
        case r.All():
            return AllGate(condition, setting)
        case r.Any_():
            return AnyGate(condition, setting, level=level)
        case r.Not():
            return NotGate(condition, setting)
        case r.Every():
            return EveryGate(condition, setting)
        case _:
            return leaf(condition, setting, level=level)


class Combined(Gate):
    """Passes on what happens to the gates inside, and says what their edges mean."""

    def __init__(self, condition: Any, setting: Setting, *parts: Any, level: bool = False) -> None:
        super().__init__(condition, setting)
        self.inner = tuple(build(part, setting, level=level) for part in parts)
        media = {gate.medium for gate in self.inner}
        self.medium = media.pop() if len(media) == 1 else "both"

    def see(self, change: Change, now: Times) -> list[Edge]:
        """Hand the change to each gate inside."""
        found = [(i, e) for i, gate in enumerate(self.inner) for e in gate.see(change, now)]
        return self._take(found, now)

    def tick(self, now: Times) -> list[Edge]:
        """Let time pass inside, then here."""
        found = [(i, e) for i, gate in enumerate(self.inner) for e in gate.tick(now)]
        return self._take(found, now)

    def _take(self, found: list[tuple[int, Edge]], now: Times) -> list[Edge]:
        raise NotImplementedError

    def value(self) -> dict[str, Any]:
        """Return what is known here and inside."""
        return {**super().value(), "of": [gate.value() for gate in self.inner]}


class AbsentGate(Combined):
    """Rises when its condition has not been true for so long; time nobody watched is left out."""

    STATE = ("since", "up_t")

    def __init__(self, condition: r.Absent, setting: Setting) -> None:
        super().__init__(condition, setting, condition.of, level=_has_level(condition.of))
        self.since: float | None = 0.0  # None while it is true
        self.up_t: float | None = None

    def keys(self) -> set[tuple[str, str]]:
        """Gaps of the stream count too."""
        return {*super().keys(), ("gap", "")}

    def begin(self, t: float) -> None:
        """Absence is counted from now on."""
        super().begin(t)
        self.since, self.up_t = None if self.inner[0].holds() else t, None

    def see(self, change: Change, now: Times) -> list[Edge]:
        """A gap is not absence."""
        if change.what == "gap" and self.since is not None:
            self.since = max(self.since, change.t)
        return super().see(change, now)

    def _take(self, found: list[tuple[int, Edge]], now: Times) -> list[Edge]:
        out: list[Edge] = []
        for _, edge in found:
            if not edge.up:
                self.since = edge.t if self.since is None else max(self.since, edge.t)
                continue
            out += self._rise(edge.t)  # it came back only after the time was up
            if self.up_t is not None:
                out.append(Edge(edge.t, False, False))
            self.up_t, self.since = None, edge.t if edge.pulse else None
        return out + self._rise(now.of(self.medium))

    def _rise(self, until_t: float) -> list[Edge]:
        if self.since is None or self.up_t is not None or until_t < self.due():
            return []
        t = self.up_t = self.since + self.condition.for_s
        return [Edge(t, True, False, (), t)]

    def due(self) -> float:
        """Return when the time is up."""
        own = NEVER
        if self.since is not None and self.up_t is None:
            own = self.since + self.condition.for_s
        return min(own, super().due())

    def holds(self) -> Edge | None:
        """Return the rise."""
        return None if self.up_t is None else Edge(self.up_t, True, False, (), self.up_t)

    def value(self) -> dict[str, Any]:
        """Return since when it has been absent."""
        return {**super().value(), "since_s": self.since, "for_s": self.condition.for_s}


class LastsGate(Combined):
    """Rises when its condition, a level, has been true for so long."""

    STATE = ("since", "up_t")

    def __init__(self, condition: r.Lasts, setting: Setting) -> None:
        super().__init__(condition, setting, condition.of, level=True)
        self.since: float | None = None
        self.up_t: float | None = None

    def begin(self, t: float) -> None:
        """What has been true for a while counts from when it began."""
        super().begin(t)
        held = self.inner[0].holds()
        self.since, self.up_t = held.t if held else None, None

    def _take(self, found: list[tuple[int, Edge]], now: Times) -> list[Edge]:
        out: list[Edge] = []
        for _, edge in found:
            if edge.up:
                if self.since is None:
                    self.since = edge.t
                continue
            out += self._rise(edge.t)
            if self.up_t is not None:
                out.append(Edge(edge.t, False, False))
            self.since = self.up_t = None
        # What is out of sight may have ended there: that is known a moment later.
        return out + self._rise(min(now.of(self.medium), self.inner[0].doubtful_s()))

    def _rise(self, until_t: float) -> list[Edge]:
        if self.since is None or self.up_t is not None:
            return []
        due_t = self.since + self.condition.for_s
        if until_t < due_t:
            return []
        self.up_t = max(due_t, self.armed_t)
        return [self._edge()]

    def _edge(self) -> Edge:
        held = self.inner[0].holds()
        uids, sure = (held.uids, held.confidence) if held else ((), 1.0)
        return Edge(self.up_t or 0.0, True, False, uids, self.up_t or 0.0, sure)

    def due(self) -> float:
        """Return when the time is up."""
        own = NEVER
        if self.since is not None and self.up_t is None:
            own = self.since + self.condition.for_s
        return min(own, super().due())

    def holds(self) -> Edge | None:
        """Return the rise."""
        return None if self.up_t is None else self._edge()

    def doubtful_s(self) -> float:
        """Return since when what it is about may be over."""
        return self.inner[0].doubtful_s()

    def value(self) -> dict[str, Any]:
        """Return since when it has been true."""
        return {**super().value(), "since_s": self.since, "for_s": self.condition.for_s}


class ViewGate(Combined):
    """True while as many things as wanted are there at the same time."""

    STATE = ("up_t", "maybe_t")

    def __init__(self, condition: r.Count, setting: Setting) -> None:
        super().__init__(condition, setting, condition.of, level=True)
        self.up_t: float | None = None
        self.maybe_t: float | None = None  # right since then; must settle first
        self._settle_s = 0.0 if condition.op == ">=" else SETTLE_S

    def begin(self, t: float) -> None:
        """What is there counts."""
        super().begin(t)
        self.up_t = self.maybe_t = None
        if self._is_right():
            self.maybe_t = t

    def see(self, change: Change, now: Times) -> list[Edge]:
        """Count anew after each change."""
        self.inner[0].see(change, now)
        return self._count(change.t, now)

    def tick(self, now: Times) -> list[Edge]:
        """Count anew when someone has been gone for long enough."""
        gone = list(getattr(self.inner[0], "gone", {}).values())
        self.inner[0].tick(now)
        return self._count(min(gone, default=now.of(self.medium)), now)

    def _number(self) -> int:
        held = self.inner[0].holds()
        return max(1, held.count) if held else 0

    def _is_right(self) -> bool:
        n, wanted = self._number(), self.condition.n
        return {">=": n >= wanted, "<=": n <= wanted}.get(self.condition.op, n == wanted)

    def _count(self, t: float, now: Times) -> list[Edge]:
        if not self._is_right():
            was_up, self.up_t, self.maybe_t = self.up_t is not None, None, None
            return [Edge(t, False, False)] if was_up else []
        if self.up_t is not None:
            return []
        if self.maybe_t is None:
            self.maybe_t = max(t, self.armed_t)
        if now.of(self.medium) < self.maybe_t + self._settle_s and self._settle_s:
            return []
        self.up_t = self.maybe_t
        return [self._edge()]

    def _edge(self) -> Edge:
        held = self.inner[0].holds()
        uids, sure = (held.uids, held.confidence) if held else ((), 1.0)
        t = self.up_t or 0.0
        return Edge(t, True, False, uids, t, sure, self._number())

    def due(self) -> float:
        """Return when the number has settled."""
        waits = self.maybe_t is not None and self.up_t is None
        own = (self.maybe_t or 0.0) + self._settle_s if waits else NEVER
        return min(own, super().due())

    def holds(self) -> Edge | None:
        """Return the rise."""
        return None if self.up_t is None else self._edge()

    def doubtful_s(self) -> float:
        """Return since when some of them are out of sight."""
        gone: dict[str, float] = getattr(self.inner[0], "gone", {})
        return max(gone.values(), default=NEVER) if self.condition.op != "<=" else NEVER

    def value(self) -> dict[str, Any]:
        """Return the number now."""
        return {**super().value(), "count": self._number(), "n": self.condition.n}


class TotalGate(Combined):
    """Counts how often its condition became true; a window forgets what is older."""

    STATE = ("times", "total", "up")

    def __init__(self, condition: r.Count, setting: Setting) -> None:
        super().__init__(condition, setting, condition.of)
        self.times: list[float] = []
        self.total = 0
        self.up = False

    def begin(self, t: float) -> None:
        """Counting starts at zero."""
        super().begin(t)
        self.times, self.total, self.up = [], 0, False

    def _take(self, found: list[tuple[int, Edge]], now: Times) -> list[Edge]:
        out: list[Edge] = []
        for _, edge in found:
            if not edge.up:
                continue
            self.total += 1
            self.times = sorted([*self.times, edge.t])[-max(self.condition.n, KEPT) :]
            self._forget(edge.t)
            out += self._judge(edge)
        if not found and self.condition.window_s:
            t = now.of(self.medium)
            self._forget(t)
            out += self._judge(Edge(min(t, self.due()), True, True, first_s=t), waited=True)
        return out

    def _forget(self, t: float) -> None:
        if self.condition.window_s:
            self.times = [at for at in self.times if at > t - self.condition.window_s]
            self.total = len(self.times)

    def _judge(self, edge: Edge, *, waited: bool = False) -> list[Edge]:
        c, n = self.condition, self.total
        if c.each and c.op == ">=":
            hit = not waited and n > 0 and n % max(1, c.n) == 0
            return [_counted(edge, n)] if hit else []
        right = {">=": n >= c.n, "<=": n <= c.n}.get(c.op, n == c.n)
        if c.op == "<=" and c.window_s and edge.t < self.armed_t + c.window_s:
            right = False  # the window is not over for the first time
        was_up, self.up = self.up, right
        return [_counted(edge, n)] if right and not was_up else []

    def due(self) -> float:
        """Return when the window moves past the oldest time."""
        own = NEVER
        if self.condition.window_s:
            first_t = self.times[0] if self.times else self.armed_t
            own = first_t + self.condition.window_s if self.times or not self.up else NEVER
            if not self.times and self.condition.op == ">=":
                own = NEVER
        return min(own, super().due())

    def value(self) -> dict[str, Any]:
        """Return the count."""
        return {**super().value(), "true": self.up, "count": self.total, "n": self.condition.n}


class SequenceGate(Combined):
    """A pulse when `then` follows `first`."""

    STATE = ("firsts", "thens")

    def __init__(self, condition: r.Sequence, setting: Setting) -> None:
        super().__init__(condition, setting, condition.first, condition.then)
        self.firsts: list[list[Any]] = []  # [t, uids, confidence]
        self.thens: list[list[Any]] = []

    def begin(self, t: float) -> None:
        """Both must happen from now on."""
        super().begin(t)
        self.firsts, self.thens = [], []

    def _take(self, found: list[tuple[int, Edge]], now: Times) -> list[Edge]:
        out: list[Edge] = []
        for i, edge in sorted(found, key=lambda pair: -pair[0]):  # `then` first: not its own cause
            if not edge.up:
                continue
            kept = self.thens if i else self.firsts
            kept.append([edge.t, list(edge.uids), edge.confidence])
            del kept[:-KEPT]
            out += self._pair()
        return out

    def _pair(self) -> list[Edge]:
        """Return a pulse for the first pair in order, and forget it."""
        within_s = self.condition.within_s or NEVER
        for then in self.thens:
            fitting = [f for f in self.firsts if 0.05 < then[0] - f[0] <= within_s]
            if not fitting:
                continue
            first = fitting[-1]
            self.thens.remove(then)
            self.firsts = [f for f in self.firsts if f[0] > then[0]]
            uids = (*first[1], *then[1])
            return [Edge(then[0], True, True, uids, then[0], min(first[2], then[2]))]
        return []

    def value(self) -> dict[str, Any]:
        """Return when the first part happened, as far as it still counts."""
        return {**super().value(), "first_s": [f[0] for f in self.firsts]}


class AllGate(Combined):
    """True where all are true at the same time; a pulse counts on for `within_s`."""

    STATE = ("spans", "up_t", "waiting")

    def __init__(self, condition: r.All, setting: Setting) -> None:
        super().__init__(condition, setting, *condition.of)
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

    def __init__(self, condition: r.Any_, setting: Setting, *, level: bool = False) -> None:
        super().__init__(condition, setting, *condition.of, level=level)
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

    def __init__(self, condition: r.Not, setting: Setting) -> None:
        super().__init__(condition, setting, condition.of, level=True)
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


class EveryGate(Gate):
    """A pulse every so often, by the clock of the stream."""

    STATE = ("next_t",)

    def __init__(self, condition: r.Every, setting: Setting) -> None:
        super().__init__(condition, setting)
        self.next_t = condition.every_s

    def begin(self, t: float) -> None:
        """The first time is one period from now."""
        self.armed_t, self.next_t = t, t + self.condition.every_s

    def keys(self) -> set[tuple[str, str]]:
        """A gap moves the next time on."""
        return {("gap", "")}

    def see(self, change: Change, now: Times) -> list[Edge]:
        """Nothing that is perceived matters; periods that nobody watched are left out."""
        while change.what == "gap" and self.next_t <= change.t:
            self.next_t += self.condition.every_s
        return []

    def tick(self, now: Times) -> list[Edge]:
        """Return one pulse, however many periods have passed at once."""
        t = max((x for x in now if x < ABSENT), default=-ABSENT)
        if t < self.next_t:
            return []
        missed = int((t - self.next_t) // self.condition.every_s)
        at_t = self.next_t + missed * self.condition.every_s
        self.next_t = at_t + self.condition.every_s
        return [Edge(at_t, True, True, (), at_t)]

    def due(self) -> float:
        """Return the next time."""
        return self.next_t


def _has_level(condition: Any) -> bool:
    """Tell whether a condition can be asked for as a level: absence of speech cannot."""
    return not isinstance(condition, r.Speech | r.Sequence | r.Every)


def _overlap(a: list[Any], b: list[Any]) -> bool:
    return a[0] <= (b[1] or NEVER) and b[0] <= (a[1] or NEVER)


def _at(spans: list[list[Any]], t: float) -> list[Any] | None:
    """Return the newest span that holds the time."""
    return next((s for s in reversed(spans) if s[0] <= t <= (s[1] or NEVER)), None)


def _counted(edge: Edge, n: int) -> Edge:
    return Edge(edge.t, True, True, edge.uids, edge.first_s or edge.t, edge.confidence, n)
