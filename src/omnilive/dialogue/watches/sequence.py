"""The gate of an order: this, then that."""

from typing import Any

from omnilive.dialogue.watches import rule as r
from omnilive.dialogue.watches.combined import KEPT, Combined
from omnilive.dialogue.watches.gate import NEVER, Edge, Gate, Setting, Times


class SequenceGate(Combined):
    """A pulse when `then` follows `first`."""

    STATE = ("firsts", "thens")

    def __init__(self, condition: r.Sequence, setting: Setting, first: Gate, then: Gate) -> None:
        super().__init__(condition, setting, first, then)
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
