"""Gates that wait for time to pass: absence, duration, and every so often."""

from typing import Any

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.combined import Combined
from omnilive.dialogue.watches.gate import ABSENT, NEVER, Edge, Gate, Setting, Times
from omnilive.dialogue.watches.state import Change


class AbsentGate(Combined):
    """Rises when its condition has not been true for so long; time nobody watched is left out."""

    STATE = ("since", "up_t")

    def __init__(self, condition: r.Absent, setting: Setting, inner: Gate) -> None:
        super().__init__(condition, setting, inner)
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

    def __init__(self, condition: r.Lasts, setting: Setting, inner: Gate) -> None:
        super().__init__(condition, setting, inner)
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
        if change.what == "gap" and self.next_t <= change.t:
            periods = (change.t - self.next_t) // self.condition.every_s + 1
            self.next_t += periods * self.condition.every_s
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
