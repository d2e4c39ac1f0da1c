"""Gates that count: how many are there at the same time, and how often something happened."""

from typing import Any

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.combined import KEPT, Combined
from omnilive.dialogue.watches.gate import NEVER, Edge, Gate, Setting, Times
from omnilive.dialogue.watches.state import Change

SETTLE_S = 1.0  # an exact or a small number must last this long: a missed look is no change


class ViewGate(Combined):
    """True while as many things as wanted are there at the same time."""

    STATE = ("up_t", "maybe_t")

    def __init__(self, condition: r.Count, setting: Setting, inner: Gate) -> None:
        super().__init__(condition, setting, inner)
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

    def __init__(self, condition: r.Count, setting: Setting, inner: Gate) -> None:
        super().__init__(condition, setting, inner)
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
            if self.condition.window_s:
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


def _counted(edge: Edge, n: int) -> Edge:
    return Edge(edge.t, True, True, edge.uids, edge.first_s or edge.t, edge.confidence, n)
