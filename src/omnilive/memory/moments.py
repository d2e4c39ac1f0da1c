"""Cuts the past into moments of 3 to 16 s and says in one line what each held. Pure logic."""

from dataclasses import dataclass, field

from pydantic import Field

from omnilive.core.config import Config
from omnilive.memory.base import Fact


class MomentConfig(Config):
    """How long a moment is."""

    min_s: float = Field(default=3.0, gt=0)
    """A scene change does not end a moment shorter than this."""

    max_s: float = Field(default=16.0, gt=0)
    """A moment is cut at this length in any case."""


@dataclass(slots=True)
class MomentCutter:
    """Feed scene cuts, events and the time up to which all is known; yields what is over.

    A scene change ends a moment at once. Without one, a moment that has become too long ends at
    the strongest event in its second half: what comes, comes at the beginning of a moment.
    """

    config: MomentConfig
    start_s: float
    cuts: list[float] = field(default_factory=list)
    marks: list[tuple[float, float]] = field(default_factory=list)  # strength, time

    def cut(self, t: float) -> None:
        """Note a scene change at `t`."""
        self.cuts.append(t)

    def mark(self, t: float, strength: float) -> None:
        """Note that something began or ended at `t`."""
        if t > self.start_s:
            self.marks.append((strength, t))

    def until(self, t: float, *, last: bool = False) -> list[tuple[float, float]]:
        """Return the (start_s, end_s) of moments that are over by `t`; with `last`, all."""
        spans: list[tuple[float, float]] = []
        while (end_s := self._next_end(t)) is not None:
            spans.append((self.start_s, end_s))
            self._go_on(end_s)
        if last and t - self.start_s > 0.2:
            spans.append((self.start_s, t))
            self._go_on(t)
        return spans

    def skip(self, t: float) -> None:
        """Go on at `t`: nothing was received before it."""
        self._go_on(max(t, self.start_s))

    def _go_on(self, t: float) -> None:
        self.start_s = t
        self.cuts = [cut for cut in self.cuts if cut > t]
        self.marks = [mark for mark in self.marks if mark[1] > t]

    def _next_end(self, t: float) -> float | None:
        """Return where the moment ends, None while that is not known at `t`."""
        first = self.start_s + self.config.min_s
        latest = self.start_s + self.config.max_s
        cut = min((cut for cut in self.cuts if first <= cut <= latest), default=latest)
        if cut > t:
            return None
        half = self.start_s + max(self.config.min_s, self.config.max_s / 2)
        marks = [mark for mark in self.marks if half <= mark[1] < latest]
        return max(marks)[1] if cut == latest and marks else cut


def strength_of(kind: str) -> float:
    """Return how much the coming or going of something of a kind tells that a new moment begins."""
    return {"object": 3.0, "speech": 2.0, "sound": 2.0, "text": 1.0}.get(kind, 0.5)


def belongs(fact: Fact, start_s: float, end_s: float) -> bool:
    """Tell whether a fact belongs to a moment: speech where it begins, the rest where it lasts."""
    if fact.kind == "speech" or fact.start_s == fact.end_s:
        return start_s <= fact.start_s < end_s
    return min(fact.end_s, end_s) - max(fact.start_s, start_s) > 0.1


_ORDER = {"speech": 0, "text": 1, "object": 2, "sound": 3, "caption": 4, "scene": 5}


def describe(facts: list[Fact]) -> str:
    """Return one line on what was noticed, most telling first, nothing twice."""
    parts: dict[str, None] = {}
    for fact in sorted(facts, key=lambda f: (_ORDER.get(f.kind, 9), f.start_s)):
        parts[_phrase(fact)] = None
    told = "; ".join(part for part in parts if part)
    return told or ("sound: speech" if parts else "")  # heard, but not understood


def _phrase(fact: Fact) -> str:
    if not fact.text:
        return ""
    if fact.kind in ("speech", "text"):  # parts can be told apart again: see merging.py
        prefix = "said" if fact.kind == "speech" else "text"
        return f"{prefix}: {fact.text.replace('; ', ', ')}"
    if fact.kind == "sound":
        return "" if fact.text == "speech" else f"sound: {fact.text}"
    return fact.text
